: >x.tsv
records import --in x.tsv --columns a,b --out x.lmdb && records stats --in x.lmdb -q
