# a pilot, a run that its cap ends, a raised cap, and the rest: nothing is
# bought twice, and the money is that of all runs
printf '[{"input":1,"cached":0.1,"output":2}]' >prices.json
records import --in "$ROOT/samples/gold.tsv" --out gold.lmdb -q 2>/dev/null
lg() {
    llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --prices prices.json --answers answers --out llm.lmdb --concurrency 1 -q "$@" 2>&1
    echo "exit $?"
}
lg --dry-run --limit 20 | tail -5
lg --pilot 10 --limit 30
lg --limit 30 --max-cost 0.02 | sed -e 's/spent [0-9.]*, [0-9]* tokens, [0-9]* requests/spent SUM/'
lg --limit 30 --max-requests 5 | grep -o 'the cap on requests is reached\|exit.*'
lg --limit 30 --max-cost 1
lg --limit 30 --max-cost 1 --force --cache-only | tail -4
