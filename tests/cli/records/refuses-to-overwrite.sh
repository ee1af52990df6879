printf 'a\tb\t1\n' >x.tsv
printf 'c\td\t1\n' >y.tsv
records import --in x.tsv --out x.lmdb -q
records import --in y.tsv --out x.lmdb
status=$?
records show --in x.lmdb -q
exit $status
