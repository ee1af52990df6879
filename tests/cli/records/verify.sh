printf 'a\tb\t1\n' >x.tsv
records import --in x.tsv --out x.lmdb -q
cp x.lmdb y.lmdb
printf 'Z' | dd of=y.lmdb bs=1 seek=9000 conv=notrunc 2>/dev/null
records verify --in x.lmdb --in y.lmdb --in z.lmdb
