# a model folder with a receipt and the results on dev
. "$ROOT/tests/cli/tiny.sh"
pairs gold 12
pairs dev 8
try cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --base bi --epochs 1 --out ce --quiet
find ce -type f | sort
try model inspect --model ce --quiet | grep -E 'kind|architecture|parameters'
try cross-encoder-train --pairs gold.lmdb --base ce --epochs 1 --max-length 16 --out again --quiet
try cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --base bi --epochs 1 --out ce
try cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --base bi --epochs 2 --out ce
