printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{"anchor":"a","answers":[{"content":"x"}]}\n\n{"anchor":"b"}\n' >answers.jsonl
printf '{"name":"c","model":"m","replay":"answers.jsonl"}' >p.json
llm-generate --texts t.lmdb --provider p.json --out llm.lmdb
