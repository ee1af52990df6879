# in the dear hours nothing is sent, when that is asked for
printf '[{"input":1,"output":2,"peak":{"factor":2,"hours":["00:00-24:00"]}}]' >dear.json
printf '[{"input":1,"output":2,"peak":{"factor":2,"hours":["00:00-00:01"],"off_days":["%s","%s"]}}]' "$(date -u +%F)" "$(date -u -d tomorrow +%F)" >cheap.json
records import --in "$ROOT/samples/gold.tsv" --out gold.lmdb -q 2>/dev/null
lg() {
    llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --limit 3 --only-offpeak --answers answers --out llm.lmdb "$@" 2>&1 | sed -e "s/waiting [0-9]* s/waiting S s/" | grep -v 'tokens\|^answers\|dropped\|^  \|^diversity\|^openings\|^checks'
    grep -A1 '"run"' answers.report.json
}
lg --prices dear.json --max-time 0.4
lg --prices cheap.json
