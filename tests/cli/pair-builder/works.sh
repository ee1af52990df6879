# three samplers; known pairs and excluded texts do not come up
. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
pairs dev 4
texts pool 6
for s in random bm25 semantic; do
    try pair-builder --texts gold.lmdb --texts pool.lmdb --exclude dev.lmdb \
        --sampler $s --model bi --top-k 1 --out $s.lmdb
done
try records show --in bm25.lmdb --limit 2 --quiet
try pair-builder --texts gold.lmdb --exclude gold.lmdb --out none.lmdb
