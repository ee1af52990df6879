# a grade under "label" is refused with advice, under "score" it is scaled
printf 'a\tb\t3.8\n' >x.tsv
records import --in x.tsv --columns a,b,label --out x.lmdb
records import --in x.tsv --columns a,b,score --score-range 0:5 --out x.lmdb && records show --in x.lmdb -q
