. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
texts pool 3
printf 'a\tb\t0\nc\td\t0.1\n' >no.tsv
records import --in no.tsv --out no.lmdb --quiet 2>/dev/null
try bi-encoder-train --pairs gold.lmdb --base bi --out x --los mnrl
try bi-encoder-train --pairs gold.lmdb --base bi --out x --loss mnlr
try bi-encoder-train --pairs gold.lmdb --base bi --out x --warmup 1
try bi-encoder-train --pairs gold.lmdb --base bi --out x --max-length 1000
try bi-encoder-train --pairs gold.lmdb --out x
try bi-encoder-train --pairs no.lmdb --loss mnrl --base bi --out x
try bi-encoder-train --pairs gold.lmdb --loss triplet --base bi --out x
try bi-encoder-train --pairs pool.lmdb --base bi --out x
try bi-encoder-train --pairs none.lmdb --base bi --out x
try bi-encoder-train --pairs gold.lmdb --base none --out x
try bi-encoder-train --pairs gold.lmdb --dev pool.lmdb --base bi --out x
ls
