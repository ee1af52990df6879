printf 'a\tb\t1\nc\td\t0\n' >x.tsv
records import --in x.tsv --out x.lmdb -q
records show --in x.lmdb --json --limit 1 --offset 1
