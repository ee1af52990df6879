printf 'a\tb\t1\n' >x.tsv
records import --in x.tsv --out x.lmdb -q
records import --in x.tsv --out x.lmdb --threads 2
