. "$ROOT/tests/cli/tiny.sh"
pairs dev 6
texts pool 3
scored
printf 'a\tb\t1\nc\td\t1\n' >same.tsv
records import --in same.tsv --out same.lmdb --quiet 2>/dev/null
try stsb-eval --model bi --pairs dev.lmdb --titel x
try stsb-eval --model bi
try stsb-eval --model none --pairs dev.lmdb
try stsb-eval --model bi --pairs none.lmdb
try stsb-eval --model bi --pairs pool.lmdb --quiet
try stsb-eval --model bi --pairs same.lmdb --quiet
try stsb-eval --model samples --pairs dev.lmdb
ls
