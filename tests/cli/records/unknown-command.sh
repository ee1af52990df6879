records imprt --in a.tsv --out a.lmdb
