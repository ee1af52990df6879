# an option that the template has no variable for is refused before any call
printf 'Where is my parcel?\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf 'Be short.\n' >notes.txt
printf 'JSON for {anchor}' >template
llm-generate --texts t.lmdb --provider "$ROOT/samples/llm/canned.json" --template template --notes notes.txt --out llm.lmdb
