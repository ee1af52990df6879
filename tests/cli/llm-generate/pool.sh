# two endpoints with weights: each anchor has one of them, by name in its notes
printf '{"name":"other","model":"m2","replay":"%s","prices":[{"input":0,"output":0}]}' "$ROOT/samples/llm/answers-en.jsonl" >other.json
printf '{"endpoints":[{"profile":"%s"},{"profile":"other.json","weight":2}]}' "$ROOT/samples/llm/canned.json" >pool.json
records import --in "$ROOT/samples/gold.tsv" --out gold.lmdb -q 2>/dev/null
llm-generate --texts gold.lmdb --provider pool.json --out llm.lmdb -q | grep paid
records show --in llm.lmdb --limit 0 --json 2>/dev/null | grep -o '"model":"[^"]*"' | sort | uniq -c
printf '{"endpoints":[{"profile":"other.json","wieght":2}]}' >bad.json
llm-generate --texts gold.lmdb --provider bad.json --out b.lmdb
