# thresholds that nothing passes: a warning and an empty store, no failure
. "$ROOT/tests/cli/tiny.sh"
scored
try threshold-filter --pairs scored.lmdb --high 0.95 --low 0.05 --out x.lmdb
try records stats --in x.lmdb --quiet --json
