# what an earlier store has is not kept again; the first of two near ones is
. "$ROOT/tests/cli/tiny.sh"
records import --in "$ROOT/samples/gold.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
generate() { llm-generate --texts gold.lmdb --provider samples/llm/canned.json -q "$@"; }
generate --limit 30 --out half.lmdb 2>/dev/null | grep -E '^anchors|repeated'
generate --answers half.lmdb.answers --against half.lmdb --rejects bad.jsonl --out all.lmdb 2>/dev/null | grep -E '^anchors|repeated'
grep -c '"reason":"check: repeated ' bad.jsonl
generate --answers half.lmdb.answers --against half.lmdb --checks repeated=off --out same.lmdb 2>/dev/null | grep -E '^anchors|repeated'
try generate --answers half.lmdb.answers --cache-only --against none.lmdb --out x.lmdb
# of two anchors that got the same sentence the first in the store keeps it,
# whichever is answered first
printf 'Where is my parcel?\nHas my parcel been sent?\nIs my parcel lost?\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
say() { echo "{\"anchor\":\"$1\",\"fail_first\":$2,\"fail\":{\"status\":429,\"headers\":{\"Retry-After\":\"0\"},\"body\":\"\"},\"answers\":[{\"content\":\"{\\\"positives\\\":[\\\"What has become of my parcel, please?\\\",\\\"$3\\\"],\\\"negatives\\\":[]}\"}]}"; }
for first in 0 1; do
    say 'Where is my parcel?' $first 'Which way is it going?' >p.jsonl
    say 'Has my parcel been sent?' 0 'Did you post it yet?' >>p.jsonl
    say 'Is my parcel lost?' 0 'what has become of my parcel PLEASE' >>p.jsonl
    echo '{"name":"p","model":"m","replay":"p.jsonl"}' >p.json
    llm-generate --texts t.lmdb --provider p.json --negatives 0 --concurrency $((1 + first * 7)) --fixed --out $first.lmdb -q 2>/dev/null | grep -E 'repeated|^anchors'
done
records show --in 0.lmdb -q --json 2>/dev/null | sed 's/.*"a":\("[^"]*"\),"b":\("[^"]*"\).*/\1 \2/'
records export --in 0.lmdb --out 0.tsv -q 2>/dev/null && records export --in 1.lmdb --out 1.tsv -q 2>/dev/null && cmp 0.tsv 1.tsv && echo the same
