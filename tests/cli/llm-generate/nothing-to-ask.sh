# options and inputs with which there is nothing to buy, or nothing to keep
records import --in "$ROOT/samples/gold.tsv" --out gold.lmdb -q 2>/dev/null
: >none.txt
records import --in none.txt --format text --out none.lmdb -q 2>/dev/null
lg() {
    llm-generate --provider "$ROOT/samples/llm/canned.json" --out llm.lmdb "$@"
    echo "exit $?"
}
lg --texts gold.lmdb --positives 0 --negatives 0
for c in length=0 repeated=2 near=1.5 words=-1 overlap=x cosine-far=-2 cross-same= none,words=off; do
    lg --texts gold.lmdb --checks "$c"
done
lg --texts none.lmdb --pilot 3 | grep exit
lg --texts none.lmdb --dry-run
lg --texts none.lmdb | grep exit
