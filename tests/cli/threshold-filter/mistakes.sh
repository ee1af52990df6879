. "$ROOT/tests/cli/tiny.sh"
scored
pairs gold 5
texts pool 3
try threshold-filter --pairs scored.lmdb --high 0.3 --low 0.7 --out x.lmdb
try threshold-filter --pairs scored.lmdb --hihg 0.3 --out x.lmdb
try threshold-filter --pairs scored.lmdb --high 1.5 --out x.lmdb
try threshold-filter --pairs scored.lmdb --high=0,7 --out x.lmdb
try threshold-filter --pairs none.lmdb --out x.lmdb
try threshold-filter --pairs pool.lmdb --out x.lmdb
try threshold-filter --pairs scored.tsv --out x.lmdb
try threshold-filter --out x.lmdb
try threshold-filter scored.lmdb
ls
echo 'labels, but no scores:'
try threshold-filter --pairs gold.lmdb --out x.lmdb | grep -v '^[01][.]'
