# a second output from the same answers: no request, the same bytes
records import --in "$ROOT/samples/gold.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
llm() {
    llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" -q --limit 9 --answers answers "$@" >/dev/null
}
spent() { grep -E '"(requests|answers|cached)"' $1.run.json; }
llm --out a.lmdb && spent a.lmdb && llm --out b.lmdb && spent b.lmdb && cmp a.lmdb b.lmdb
