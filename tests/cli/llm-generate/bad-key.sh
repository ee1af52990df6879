# refused before a connection is made, and not printed
printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{"name":"mine","base_url":"https://llm.invalid/v1","model":"m","key_env":"MY_KEY"}' >p.json
MY_KEY='sk-CANARY
X-Header: 1' llm-generate --texts t.lmdb --provider p.json --out llm.lmdb
