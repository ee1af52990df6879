# another seed is another question: the store is not replaced without --force
records import --in "$ROOT/samples/gold.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
llm() {
    llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --limit 2 --out llm.lmdb -q "$@" >/dev/null
}
llm && llm --seed 2
