printf '{"anchor":"a","answers":[{"refusal":"no"}]}\n{"anchor":"b","answers":[{"refusal":"no"}]}\n' >answers.jsonl
printf 'a\nb\n' >texts.txt
printf '{"name":"c","model":"m","replay":"answers.jsonl"}' >p.json
records import --in texts.txt --out t.lmdb -q 2>/dev/null
llm-generate --texts t.lmdb --provider p.json --out llm.lmdb
status=$?
ls
exit $status
