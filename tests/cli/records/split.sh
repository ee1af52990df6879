# the parts add up and share no text
seq 100 | awk '{ print "a" int($1 / 3) "\tb" $1 "\t1" }' >x.tsv
records import --in x.tsv --out x.lmdb -q
for p in train dev test; do
    records split --in x.lmdb --part $p --dev 0.2 --test 0.3 --out $p.lmdb
    records export --in $p.lmdb --out $p.tsv --no-header -q
    cut -f 1 $p.tsv | sort -u >$p.keys
done
sort train.tsv dev.tsv test.tsv >all
sort x.tsv >want
cmp all want
sort train.keys dev.keys test.keys | uniq -d
