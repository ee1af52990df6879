# the whole flow: answers from a file over HTTP, damaged, throttled and refused
# ones among them
records import --in "$ROOT/samples/gold.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --out llm.lmdb --rejects bad.jsonl &&
    cat bad.jsonl && records stats --in llm.lmdb -q | head -n 7 && ls
