printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{"name":"mine","base_url":"https://llm.invalid/v1","model":"m","key_file":"key"}' >p.json
echo sk-CANARY >key && chmod 644 key
llm-generate --texts t.lmdb --provider p.json --out llm.lmdb
