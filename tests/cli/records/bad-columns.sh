printf 'x\ty\n' >a.tsv
records import --in a.tsv --columns a,bee --out a.lmdb
