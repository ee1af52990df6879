records import --in nothing.tsv --out a.lmdb
