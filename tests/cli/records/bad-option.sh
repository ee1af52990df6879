records import --in a.tsv --out a.lmdb --colums a,b
