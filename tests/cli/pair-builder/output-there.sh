. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
try pair-builder --texts gold.lmdb --top-k 1 --out x.lmdb --quiet
try pair-builder --texts gold.lmdb --top-k 1 --out x.lmdb
try pair-builder --texts gold.lmdb --top-k 2 --out x.lmdb
echo 'the input changed:'
printf 'another\tpair\t1\n' >more.tsv
records import --in more.tsv --out more.lmdb --quiet 2>/dev/null
records merge --in gold.lmdb --in more.lmdb --out merged.lmdb --quiet 2>/dev/null
mv merged.lmdb gold.lmdb
try pair-builder --texts gold.lmdb --top-k 1 --out x.lmdb
try pair-builder --texts gold.lmdb --top-k 1 --out x.lmdb --quiet --force
