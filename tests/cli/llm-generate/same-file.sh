# what would be read and replaced, or written twice, is refused before anything
# is bought, also with --force and by another name
records import --in "$ROOT/samples/gold.tsv" --out gold.lmdb -q 2>/dev/null
lg() {
    llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" -q "$@"
    echo "exit $?"
}
lg --out gold.lmdb --force
lg --out ./gold.lmdb --force
lg --out llm.lmdb --aside gold.lmdb
lg --out llm.lmdb --rejects gold.lmdb
lg --out llm.lmdb --answers llm.lmdb
lg --out llm.lmdb --answers ../work/llm.lmdb
lg --out llm.lmdb --rejects llm.lmdb
lg --out llm.lmdb --against gold.lmdb --aside gold.lmdb
records import --in "$ROOT/samples/dev.tsv" --out dev.lmdb -q 2>/dev/null
lg --out llm.lmdb --aside dev.lmdb
mkdir folder
lg --out llm.lmdb --aside folder
lg --out folder
lg --out folder --force
records verify --in gold.lmdb -q 2>/dev/null
ls
# a folder of the file's own is made, as for the output
lg --out out/llm.lmdb --aside new/aside.lmdb --rejects /dev/null >/dev/null
lg --out out/llm.lmdb --aside new/aside.lmdb --rejects /dev/null --force >/dev/null
ls new out
# asked for when the output was there
llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --out out/llm.lmdb --aside late.lmdb --rejects late.jsonl
# what was paid for is replaced by no stage
records import --in "$ROOT/samples/dev.tsv" --out out/llm.lmdb.answers --force
echo "exit $?"
cp out/llm.lmdb.answers paid
cp out/llm.lmdb.answers.report.json paid.report.json
records import --in "$ROOT/samples/dev.tsv" --out paid --force
echo "exit $?"
