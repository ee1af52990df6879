printf 'a\tb\t1\n' >x.tsv
records import --in x.tsv --out x.lmdb --score-range 5:0
