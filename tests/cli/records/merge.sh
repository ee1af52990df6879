# the same pair in either order once; what one lacks the other lends
printf 'a\tb\t1\nc\td\t\n' >x.tsv
printf 'b\ta\t1\nd\tc\t0\ne\tf\t0.5\n' >y.tsv
records import --in x.tsv --out x.lmdb -q
records import --in y.tsv --out y.lmdb -q
records merge --in x.lmdb --in y.lmdb --out m.lmdb && records show --in m.lmdb -q
