# first an encoder's cosines on pairs nobody labelled, then gold; the first
# phase ends nearer to the cosines than it began, threads change nothing
. "$ROOT/tests/cli/tiny.sh"
pairs gold 16
pairs dev 8
cut -f 1,2 gold.tsv >plain.tsv
records import --in plain.tsv --columns a,b --out plain.lmdb --quiet 2>/dev/null
for threads in 1 2; do
    try cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --base bi --warm-start bi --warm-pairs plain.lmdb --warm-epochs 20 --warm-lr 3e-3 --epochs 1 \
        --threads $threads --out ce.$threads --quiet
done
cmp ce.1/model.safetensors ce.2/model.safetensors && echo same
awk -F, 'NR > 1 && $1 == "pretraining" && $4 != "" { if (first == "") first = $4; last = $4 } END { print (last < 0.97 * first ? "falls" : "stays " first " " last) }' ce.1/train.csv
try cross-encoder-train --pairs gold.lmdb --base bi --warm-start bi --out x
try cross-encoder-train --pairs gold.lmdb --base bi --warm-start ce.1 --warm-pairs plain.lmdb --out x
