# how diverse the sentences of a store are, and what begins too many of them
. "$ROOT/tests/cli/tiny.sh"
pairs gold 40
texts pool 200
{
    echo '{"anchor":"Where is my parcel?","positive":"Can I see where it is?","negative":["Can I see what it is?","Can I open it?"]}'
    echo '{"anchor":"Where is my letter?","positive":"Can I find it?","negative":["Can I send it?"]}'
} >t.jsonl
records import --in t.jsonl --out t.lmdb -q 2>/dev/null
try report --diversity gold.lmdb --diversity pool.lmdb --diversity t.lmdb -q
try report --diversity t.lmdb --json -q
report --diversity t.lmdb --json -q >avoid.json 2>/dev/null
records import --in samples/gold.tsv --columns a,b,label --out all.lmdb -q 2>/dev/null
llm-generate --texts all.lmdb --provider samples/llm/canned.json --avoid avoid.json --dry-run --limit 40 --out x.lmdb -q 2>/dev/null | grep -o 'Do not begin sentences with any of these: [^.]*'
try report -q
try report --diversity missing.lmdb -q
