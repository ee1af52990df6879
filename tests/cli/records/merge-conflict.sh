printf 'a\tb\t1\n' >x.tsv
printf 'b\ta\t0\n' >y.tsv
records import --in x.tsv --out x.lmdb -q
records import --in y.tsv --out y.lmdb -q
records merge --in x.lmdb --in y.lmdb --out m.lmdb
records merge --in x.lmdb --in y.lmdb --out m.lmdb --max-failures 1 && records show --in m.lmdb -q
