printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{\n  "name": "mine",\n  "model": "m",\n  "base_url": "http://llm.invalid/v1"\n}' >p.json
llm-generate --texts t.lmdb --provider p.json --out llm.lmdb
