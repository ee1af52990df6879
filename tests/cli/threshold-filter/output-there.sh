# the same again is nothing to do, another value is refused, --force makes it
. "$ROOT/tests/cli/tiny.sh"
scored
try threshold-filter --pairs scored.lmdb --high 0.7 --out x.lmdb --quiet
try threshold-filter --pairs scored.lmdb --high 0.7 --out x.lmdb
try threshold-filter --pairs scored.lmdb --high 0.8 --out x.lmdb
try threshold-filter --pairs scored.lmdb --high 0.8 --out x.lmdb --force --quiet
try threshold-filter --pairs scored.lmdb --high 0.8 --out scored.lmdb
