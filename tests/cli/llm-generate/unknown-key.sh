printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{\n  "name": "n",\n  "base_url": "https://llm.invalid/v1",\n  "modle": "m"\n}\n' >p.json
llm-generate --texts t.lmdb --provider p.json --out llm.lmdb
