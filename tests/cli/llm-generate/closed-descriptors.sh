# a file must not be opened as a closed stdout or stderr and be written into
records import --in "$ROOT/samples/gold.tsv" --out gold.lmdb -q 2>/dev/null
lg() {
    llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --out llm.lmdb --force
}
check() {
    echo "exit $?"
    records verify --in llm.lmdb 2>&1 | grep -c ^ok
    grep -l 'anchors 63\|llm-generate: ' llm.lmdb*
}
lg 2>/dev/null >&-
check
lg >/dev/null 2>&-
check
lg >&- 2>&- <&-
check
lg >/dev/full 2>&-
check
LC_ALL=C lg >/dev/null 2>&1
check
