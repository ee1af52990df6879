# every loss falls, and ends in the same bytes for one thread and two; the
# config says what a score is, and scoring heeds it; what does not fit is refused
. "$ROOT/tests/cli/tiny.sh"
pairs gold 24
pairs dev 16
i=0
while read -r line; do
    i=$((i + 1))
    printf '{"anchor":"%s","positive":"%s yes","negative":["%s not","other %d"]}\n' "$line" "$line" "$line" $i
done >t.jsonl <samples/pool.txt
head -n 16 t.jsonl >t16.jsonl
records import --in t16.jsonl --out t.lmdb --quiet 2>/dev/null
loss() { # loss, store, more options
    name=$1 store=$2; shift 2
    for threads in 1 2; do
        cross-encoder-train --pairs $store --dev dev.lmdb --base bi --loss $name --epochs 12 --batch 8 --lr 3e-3 --dropout 0 --threads $threads \
            --out $name.$threads --quiet "$@" 2>&1 | grep -v '^cross-encoder-train: info: done'
    done
    cmp -s $name.1/model.safetensors $name.2/model.safetensors && same=same || same=different
    awk -F, -v n=$name -v same=$same 'NR > 1 && $4 != "" { if (first == "") first = $4; last = $4 } END { print n, (last < first ? "falls" : "rises " first " " last), same }' $name.1/train.csv
    model inspect --model $name.1 --quiet 2>/dev/null | grep activation
    grep -o '"activation_fn":.*"' $name.1/config.json
    grep '^| [a-z].*| 12 |' $name.1/README.md | cut -d'|' -f2
}
loss bce gold.lmdb
loss mse gold.lmdb
loss margin-mse t.lmdb --teacher bi
grep '^- ' margin-mse.1/README.md
for k in bce mse; do
    cross-encoder-score --model $k.1 --pairs dev.lmdb --out $k.lmdb --quiet 2>/dev/null
    records head --in $k.lmdb --n 100 2>/dev/null | grep -c .
done
# a teacher that ranks gives its logits' margins
cross-encoder-train --pairs t.lmdb --base bi --loss margin-mse --teacher margin-mse.1 --epochs 1 --out second --quiet 2>/dev/null && echo it follows
# a ranker's logits, far from [0, 1], are no scores
cross-encoder-train --pairs gold.lmdb --base bce.1 --loss mse --epochs 0.1 --lr 0 --out far --quiet 2>/dev/null
try cross-encoder-train --pairs t.lmdb --base bi --loss margin-mse --out x
try cross-encoder-train --pairs gold.lmdb --base bi --teacher bi --out x
try cross-encoder-train --pairs t.lmdb --base bi --loss margin-mse --teacher bi --random-negatives 1 --out x
try cross-encoder-train --pairs gold.lmdb --base bi --loss margin-mse --teacher bi --out x --quiet
