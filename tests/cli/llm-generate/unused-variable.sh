printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf 'variables: anchor positives negatives notes\n===\nGive {positives} and {negatives}\n---\n{anchor}\n' >template
llm-generate --texts t.lmdb --provider "$ROOT/samples/llm/canned.json" --template template --out llm.lmdb
