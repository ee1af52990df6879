printf 'a\tb\t1\nc\td\t0\ne\tf\t0.52\ne\tg\t0.53\nh\ti\t\n' >x.tsv
records import --in x.tsv --out x.lmdb -q
records stats --in x.lmdb
