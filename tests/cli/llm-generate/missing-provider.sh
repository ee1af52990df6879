printf 'a\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
llm-generate --texts t.lmdb --provider none.json --out llm.lmdb
