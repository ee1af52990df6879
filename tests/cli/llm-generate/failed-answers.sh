# what no turn mends is put aside with its reason, and is not asked for again
cat >answers.jsonl <<'END'
{"anchor":"good","answers":[{"content":"{\"positives\":[\"fine\"],\"negatives\":[\"bad\"]}"}]}
{"anchor":"prose","answers":[{"content":"I would say: fine"}]}
{"anchor":"mended","answers":[{"content":"Sure"},{"content":"{'positives':['well'],'negatives':['ill']}"}]}
{"anchor":"cut","answers":[{"content":"{\"positives\":[\"whole\",\"ha","finish_reason":"length"}]}
{"anchor":"blank","answers":[{"content":"  "}]}
{"anchor":"refused","answers":[{"refusal":"I can't."}]}
{"anchor":"filtered","answers":[{"content":"x","finish_reason":"content_filter"}]}
{"anchor":"too long","fail_first":99,"fail":{"status":400,"body":"{\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}"},"answers":[{"content":"x"}]}
{"anchor":"unsafe","fail_first":99,"fail":{"status":400,"body":"{\"error\":{\"message\":\"unsafe\",\"code\":\"data_inspection_failed\"}}"},"answers":[{"content":"x"}]}
END
printf 'good\nprose\nmended\ncut\nblank\nrefused\nfiltered\ntoo long\nunsafe\n' >texts.txt
printf '{"name":"c","model":"m","replay":"answers.jsonl"}' >p.json
records import --in texts.txt --out t.lmdb -q 2>/dev/null
llm() {
    llm-generate --texts t.lmdb --provider p.json --concurrency 1 --answers answers --max-failures 9 "$@"
}
llm --out a.lmdb --rejects bad.jsonl && cat bad.jsonl && grep '"requests"' a.lmdb.run.json
llm --out b.lmdb -q >/dev/null && grep '"requests"' b.lmdb.run.json
