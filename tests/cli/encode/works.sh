. "$ROOT/tests/cli/tiny.sh"
texts pool 5
pairs gold 2
try encode --model bi --texts pool.lmdb --texts gold.lmdb --out v.lmdb --quiet
try records show --in v.lmdb --limit 1 --json --quiet | sed 's/\[[0-9.,e-]*\]/[...]/'
records show --in v.lmdb --limit 0 --json --quiet 2>/dev/null | tr , '\n' | grep -c '[0-9]\.[0-9]'
try records verify --in v.lmdb --quiet
try encode --model bi --texts pool.lmdb --texts gold.lmdb --out v.lmdb
try encode --model bi --texts pool.lmdb --out v.lmdb
try encode --model bi --texts pool.lmdb --out v.lmdb --force --quiet
