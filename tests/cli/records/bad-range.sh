printf 'a\tb\t1\n' >x.tsv
records import --in x.tsv --out x.lmdb -q
records split --in x.lmdb --out y.lmdb --dev 0.6 --test 0.5
