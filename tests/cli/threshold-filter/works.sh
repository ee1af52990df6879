# confident pairs become labels, the rest is dropped or keeps its score
. "$ROOT/tests/cli/tiny.sh"
scored
try threshold-filter --pairs scored.lmdb --high 0.7 --low 0.2 --out hard.lmdb
try records show --in hard.lmdb --quiet
try threshold-filter --pairs scored.lmdb --labels soft --out soft.lmdb
try records show --in soft.lmdb --quiet
