. "$ROOT/tests/cli/tiny.sh"
texts pool 3
try encode --model bi --texts pool.lmdb --out x.lmdb --text pool.lmdb
try encode --model bi --texts pool.lmdb --out x.lmdb --precision f64
try encode --model bi --out x.lmdb
try encode --model none --texts pool.lmdb --out x.lmdb
try encode --model bi --texts none.lmdb --out x.lmdb
try encode --model bi --texts pool.txt --out x.lmdb
ls
