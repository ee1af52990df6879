# what failed is not asked again, until that is asked for
printf 'Where is my parcel?\nWhere is my refund?\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
cat >a.jsonl <<'X'
{"anchor":"Where is my parcel?","answers":[{"content":"{\"positives\":[\"Where has my parcel gone?\"],\"negatives\":[]}"}]}
{"anchor":"Where is my refund?","fail_first":4,"fail":{"status":500,"headers":{},"body":""},"answers":[{"content":"{\"positives\":[\"Where has my money gone?\"],\"negatives\":[]}"}]}
X
printf '{"name":"n","model":"m","replay":"a.jsonl"}' >p.json
lg() {
    llm-generate --texts t.lmdb --provider p.json --answers answers --max-failures 1 --out llm.lmdb --force "$@" 2>&1 |
        grep -v 'paid\|price\|tokens\|dropped\|^answers'
    grep -A2 '"run"' answers.report.json | tr -d '\n\t'
    echo
}
lg
sed -i -e 's/"fail_first":4,//' a.jsonl
lg
lg --retry-failed
