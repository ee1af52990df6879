# CSV and JSON lines hold any text, TSV says which it cannot
printf '"two\nlines",b,1\n"a ""q""",c,0\n' >x.csv
records import --in x.csv --columns a,b,label --out x.lmdb -q
records export --in x.lmdb --out y.csv -q && cat y.csv
records export --in x.lmdb --out y.jsonl -q && cat y.jsonl
records export --in x.lmdb --out y.tsv
