. "$ROOT/tests/cli/tiny.sh"
pairs gold 12
records import --in gold.tsv --columns a,b,- --out bare.lmdb --quiet 2>/dev/null
cross-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out ce --quiet 2>/dev/null
# A sentence encoder's score is its cosine, held to [0, 1].
try cross-encoder-score --model bi --pairs bare.lmdb --out cosine.lmdb --quiet
# The mean of both; then weighed and calibrated on labelled pairs.
try cross-encoder-score --model ce --model bi --pairs bare.lmdb --out mean.lmdb --quiet
cross-encoder-score --model ce --pairs bare.lmdb --out cross.lmdb --quiet 2>/dev/null
for s in cosine cross mean; do
    records export --in $s.lmdb --out $s.tsv --columns a,b,score --quiet 2>/dev/null
done
paste cosine.tsv cross.tsv mean.tsv | awk -F'\t' 'NR > 1 { d = ($3 + $6) / 2 - $9; if (d * d > 1e-10) print "not the mean", $0 }'
try cross-encoder-score --model ce --model bi --fit gold.lmdb --both-orders --pairs bare.lmdb --out fitted.lmdb |
    sed -e 's/[-+]*[0-9]*\.[0-9]\{2,\}/X/g' -e '/warn: the teacher is not better/d'
grep -ac '"slope"' fitted.lmdb
