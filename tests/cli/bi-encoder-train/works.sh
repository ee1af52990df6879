# three losses, pretraining first; a triplet's first negative is the only one
. "$ROOT/tests/cli/tiny.sh"
pairs gold 12
pairs dev 8
printf '{"anchor":"a dog","positive":"a cat","negative":["a car","a bus"]}\n{"anchor":"one","positive":"two","negative":["three"]}\n' >t.jsonl
records import --in t.jsonl --out t.lmdb --quiet 2>/dev/null
try bi-encoder-train --pairs gold.lmdb --dev dev.lmdb --base bi --epochs 1 --out st --quiet
find st -type f | sort
try model inspect --model st --quiet | grep -E 'kind|dimensions|pooling'
try bi-encoder-train --pairs gold.lmdb --pretrain-pairs gold.lmdb --base bi --epochs 0.5 --out pre --quiet
try bi-encoder-train --pairs t.lmdb --loss mnrl --base bi --epochs 2 --out mnrl --quiet
for n in 0 1 2; do
    try bi-encoder-train --pairs t.lmdb --loss triplet --hard-negatives $n --base bi --epochs 2 --out triplet$n --quiet
done
cmp triplet0/model.safetensors triplet1/model.safetensors && cmp triplet1/model.safetensors triplet2/model.safetensors && echo same
