records import --in a.tsv
