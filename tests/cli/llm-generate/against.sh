# what an earlier store has is not kept again; the first of two near ones is
. "$ROOT/tests/cli/tiny.sh"
records import --in "$ROOT/samples/gold.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
generate() { llm-generate --texts gold.lmdb --provider samples/llm/canned.json -q "$@"; }
generate --limit 30 --out half.lmdb 2>/dev/null | grep -E '^anchors|repeated'
generate --answers half.lmdb.answers --against half.lmdb --rejects bad.jsonl --out all.lmdb 2>/dev/null | grep -E '^anchors|repeated'
grep -c '"reason":"check: repeated"' bad.jsonl
generate --answers half.lmdb.answers --against half.lmdb --checks repeated=off --out same.lmdb 2>/dev/null | grep -E '^anchors|repeated'
try generate --answers half.lmdb.answers --cache-only --against none.lmdb --out x.lmdb
