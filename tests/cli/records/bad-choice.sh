records import --in a.tsv --out a.lmdb --format xml
