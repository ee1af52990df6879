# three seeds for a part of the steps, the best to the end: the same weights as
# that seed alone gives; one seed is none; the table is in receipt and card
. "$ROOT/tests/cli/tiny.sh"
pairs gold 32
pairs dev 24
train() { bi-encoder-train --pretrain-pairs gold.lmdb --pairs gold.lmdb --dev dev.lmdb --base bi --epochs 6 --batch 4 --lr 3e-3 --eval-steps 4 --quiet "$@" 2>&1 | grep -v 'done seen'; }
best() { grep '^|.*went on' $1/README.md | cut -d' ' -f2; }
same() { cmp -s $1/model.safetensors $2/model.safetensors && echo same || echo different; }
train --out none
train --seeds 1 --out one
same none one
diff none/train.csv one/train.csv && echo same history
train --seeds 3 --seed-share 0.5 --threads 1 --out three.1
train --seeds 3 --seed-share 0.5 --threads 2 --out three.2
same three.1 three.2
grep -c '"dev_spearman"' three.1/receipt.json
grep -A8 '## Seeds' three.1/README.md | figures
# without pretraining nothing but the seed differs
plain() { bi-encoder-train --pairs gold.lmdb --dev dev.lmdb --base bi --epochs 6 --batch 4 --lr 3e-3 --eval-steps 4 --quiet "$@" 2>&1 | grep -v 'done seen'; }
plain --seeds 4 --seed-share 0.5 --out four
plain --seed $(best four) --out alone
same four alone
diff four/train.csv alone/train.csv && echo same history
diff -r four/eval alone/eval && echo same results
ls -d *.checkpoint* 2>/dev/null
try bi-encoder-train --pairs gold.lmdb --base bi --seeds 3 --out x
try bi-encoder-train --pairs gold.lmdb --dev dev.lmdb --base bi --seeds 3 --seed-share 0 --out x
