printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{"name":"mine","base_url":"https://llm.invalid/v1","model":"m"}' >p.json
unset LLM_API_KEY
llm-generate --texts t.lmdb --provider p.json --out llm.lmdb
