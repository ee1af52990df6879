. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
texts pool 3
try cross-encoder-train --pairs gold.lmdb --base bi --out x --epcohs 2
try cross-encoder-train --pairs gold.lmdb --base bi --out x --lr 2
try cross-encoder-train --pairs gold.lmdb --base bi --out x --max-length 1000
try cross-encoder-train --pairs gold.lmdb --out x
try cross-encoder-train --base bi --out x
try cross-encoder-train --pairs pool.lmdb --base bi --out x
try cross-encoder-train --pairs gold.lmdb --dev none.lmdb --base bi --out x
try cross-encoder-train --pairs gold.lmdb --base nowhere/none --out x
try cross-encoder-train --pairs gold.lmdb --base samples --out x
ls
