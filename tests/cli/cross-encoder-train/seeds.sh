# seeds decide a new head, too: the best of three ends as it does alone; a
# trained head is the same for all
. "$ROOT/tests/cli/tiny.sh"
pairs gold 32
pairs dev 24
train() { cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --batch 8 --epochs 4 --lr 3e-3 --eval-steps 4 --quiet "$@" 2>&1 | grep -v 'done seen'; }
best() { grep '^|.*went on' $1/README.md | cut -d' ' -f2; }
same() { cmp -s $1/model.safetensors $2/model.safetensors && echo same || echo different; }
train --base bi --out none
train --base bi --seeds 1 --out one
same none one
train --base bi --seeds 4 --seed-share 0.25 --out four
train --base bi --seed $(best four) --out alone
same four alone
diff four/train.csv alone/train.csv && echo same history
grep -A9 '## Seeds' four/README.md | figures
train --base none --seeds 4 --seed-share 0.25 --out again
train --base none --seed $(best again) --out again-alone
same again again-alone
ls -d *.checkpoint* 2>/dev/null
try cross-encoder-train --pairs gold.lmdb --base bi --seeds 3 --out x
