# every loss falls, and ends in the same bytes for one thread and two; GradCache
# too; what does not fit a loss is refused
. "$ROOT/tests/cli/tiny.sh"
pairs gold 16
pairs dev 8
scored
i=0
while read -r line; do
    i=$((i + 1))
    printf '{"anchor":"%s","positive":"%s yes","negative":["%s not","other %d"]}\n' "$line" "$line" "$line" $i
done >t.jsonl <samples/pool.txt
head -n 16 t.jsonl >t16.jsonl
records import --in t16.jsonl --out t.lmdb --quiet 2>/dev/null
cut -f 1,2 gold.tsv >plain.tsv
records import --in plain.tsv --columns a,b --out plain.lmdb --quiet 2>/dev/null
model random --vocab bi --layers 1 --hidden 16 --heads 2 --ff 32 --seed 7 --out teacher --quiet 2>/dev/null
model random --vocab bi --layers 1 --hidden 16 --heads 2 --ff 32 --seed 8 --out student --quiet 2>/dev/null
loss() { # loss, store, more options
    name=$1 store=$2; shift 2
    for threads in 1 2; do
        bi-encoder-train --pairs $store --dev dev.lmdb --base student --loss $name --epochs 12 --batch 8 --lr 3e-3 --dropout 0 --threads $threads \
            --out $name.$threads --quiet "$@" 2>&1 | grep -v '^bi-encoder-train: info: done'
    done
    cmp -s $name.1/model.safetensors $name.2/model.safetensors && same=same || same=different
    awk -F, -v n=$name -v same=$same 'NR > 1 && $4 != "" { if (first == "") first = $4; last = $4 } END { print n, (last < first ? "falls" : "rises " first " " last), same }' $name.1/train.csv
}
loss cosine scored.lmdb
loss cosent scored.lmdb
loss angle scored.lmdb
loss mnrl t.lmdb
loss symmetric t.lmdb --hard-negatives 2
loss triplet t.lmdb --distance manhattan
loss contrastive gold.lmdb
loss online-contrastive gold.lmdb --distance euclidean --margin 2
loss mse plain.lmdb --teacher teacher
loss follow plain.lmdb --teacher teacher
loss multilingual plain.lmdb --teacher teacher
loss margin-mse t.lmdb --teacher teacher
# pairs that say nothing of themselves are positives
loss mnrl plain.lmdb --force
# one step of a batch in parts is the step of the batch
for part in 0 3; do
    bi-encoder-train --pairs t.lmdb --base student --loss mnrl --epochs 1 --batch 16 --warmup 0 --dropout 0 --mini-batch $part --out whole$part --quiet 2>/dev/null
    sed -n 2p whole$part/train.csv | cut -d, -f4 | cut -c1-4
done
try bi-encoder-train --pairs scored.lmdb --base student --loss contrastive --out x
try bi-encoder-train --pairs plain.lmdb --base student --loss mse --out x
try bi-encoder-train --pairs plain.lmdb --base student --teacher teacher --out x
model random --vocab bi --layers 1 --hidden 8 --heads 2 --ff 32 --seed 7 --out narrow --quiet 2>/dev/null
try bi-encoder-train --pairs plain.lmdb --base narrow --loss mse --teacher teacher --out x
try bi-encoder-train --pairs plain.lmdb --base student --out x
