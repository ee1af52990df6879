printf 'a\tb\t0.5\nc\td\t1\n' >x.tsv
records import --in x.tsv --out x.lmdb -q
records export --in x.lmdb --out y.csv && cat y.csv
records export --in x.lmdb --out y.txt -q && cat y.txt
records export --in x.lmdb --out y.dat
