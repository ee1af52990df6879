# a cap on money needs prices: nothing is sent without
printf '{"name":"n","base_url":"https://llm.invalid/v1","model":"m"}' >p.json
printf 'Where is my parcel?\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
LLM_API_KEY=k llm-generate --texts t.lmdb --provider p.json --out llm.lmdb --max-cost 1
