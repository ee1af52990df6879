. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
records import --in gold.tsv --columns a,b,- --out bare.lmdb --quiet 2>/dev/null
cross-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out ce --quiet 2>/dev/null
try cross-encoder-score --model ce --pairs bare.lmdb --out scored.lmdb --quiet
try cross-encoder-score --model ce --pairs bare.lmdb --both-orders --out both.lmdb --quiet
records show --in both.lmdb --json --quiet 2>/dev/null | grep -c '"reverse"'
try cross-encoder-score --model ce --pairs bare.lmdb --out scored.lmdb
try cross-encoder-score --model ce --pairs bare.lmdb --both-orders --out scored.lmdb
try cross-encoder-score --model ce --pairs bare.lmdb --both-orders --out scored.lmdb --quiet --force
