printf 'a\tb\t1\n' >x.tsv
printf 'a\n' >y.txt
records import --in x.tsv --out x.lmdb -q
records import --in y.txt --out y.lmdb -q
records merge --in x.lmdb --in y.lmdb --out m.lmdb
