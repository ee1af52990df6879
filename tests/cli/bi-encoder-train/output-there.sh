. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
try bi-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out st --quiet
try bi-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out st
try bi-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out st --threads 1
try bi-encoder-train --pairs gold.lmdb --base bi --epochs 2 --out st
try bi-encoder-train --pairs gold.lmdb --base bi --epochs 2 --out st --quiet --force
mkdir mine && echo dear >mine/file
try bi-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out mine
cat mine/file
