# a cosine and a score are votes of their own; what they doubt is put aside,
# what is rejected goes to --rejects with the reason
. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
head -n 360 samples/gold.tsv >all.tsv
records import --in all.tsv --columns a,b,label --out all.lmdb -q 2>/dev/null
cross-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out ce -q 2>/dev/null
generate() { llm-generate --texts all.lmdb --limit 40 --provider samples/llm/canned.json -q "$@"; }
try generate --embedder bi --out a.lmdb --aside aside.lmdb --rejects bad.jsonl | grep -E 'cosine|cross'
records show --in a.lmdb --json --limit 1 -q 2>/dev/null | grep -c '"cosine":0'
records show --in aside.lmdb --json --limit 1 -q 2>/dev/null | grep -c '"doubt":"cosine".*"cosine":"reject"'
grep -o '"reason":"check: [a-z]* ' bad.jsonl | sort | uniq -c
try generate --cross-encoder ce --out b.lmdb --answers a.lmdb.answers --cache-only --checks cross-same=0.999 | grep '  cross'
try generate --embedder ce --out c.lmdb
try generate --cross-encoder bi --out c.lmdb
