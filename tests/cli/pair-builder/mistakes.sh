. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
try pair-builder --texts gold.lmdb --out x.lmdb --smapler bm25
try pair-builder --texts gold.lmdb --out x.lmdb --sampler bm52
try pair-builder --texts gold.lmdb --out x.lmdb --top-k 0
try pair-builder --texts gold.lmdb --out x.lmdb --top-k 1.5
try pair-builder --texts gold.lmdb
try pair-builder --texts none.lmdb --out x.lmdb
try pair-builder --texts gold.tsv --out x.lmdb
try pair-builder --texts gold.lmdb --exclude none.lmdb --out x.lmdb
try pair-builder --texts gold.lmdb --sampler semantic --out x.lmdb
try pair-builder --texts gold.lmdb --sampler semantic --model nowhere/none --out x.lmdb
try pair-builder --texts gold.lmdb --out no-such-folder/x.lmdb
ls
