# a loss that is no number names the batch's records and keeps the best model so
# far; a seed that meets it has lost; a dev set without a correlation only warns
command -v python3 >/dev/null || { echo "no python3"; exit 99; }
. "$ROOT/tests/cli/tiny.sh"
pairs gold 24
pairs dev 24
cp -r bi/ poisoned
chmod u+w poisoned/*
python3 "$ROOT/tests/support/poison.py" poisoned 天
printf 'a 天\tb\t1\n' >>gold.tsv
records import --in gold.tsv --columns a,b,label --out bad.lmdb --quiet 2>/dev/null
said() { "$@" 2>&1 | grep -E 'warn|error' | sed 's/(batch [0-9]*, /(batch N, /' | figures; }
train() { said bi-encoder-train --pairs bad.lmdb --dev dev.lmdb --base poisoned --batch 4 --lr 1e-2 "$@"; }
train --epochs 4 --eval-steps 1 --seed 1 --out x
ls -d x*
model inspect --model x.last-good --quiet 2>/dev/null | grep kind
bi-encoder-train --pairs bad.lmdb --dev dev.lmdb --base poisoned --epochs 4 --batch 4 --lr 1e-2 --eval-steps 1 --seed 1 --out x 2>&1 | grep -c 'going on after'
bi-encoder-train --pairs gold.lmdb --base x.last-good --epochs 1 --out after --quiet 2>/dev/null && echo it trains
train --epochs 4 --seeds 2 --out y
# one seed may do better than another: it meets the record after its share
train --seeds 4 --seed-share 0.1 --epochs 1 --out w
ls -d y*
# no dev at all: nothing is known to be good
try bi-encoder-train --pairs bad.lmdb --base poisoned --epochs 1 --batch 25 --checkpoint-minutes 0 --quiet --out z | figures
ls -d z* 2>/dev/null
printf 'a\tb\t1\nc\td\t1\n' >const.tsv
records import --in const.tsv --columns a,b,label --out const.lmdb --quiet 2>/dev/null
said bi-encoder-train --pairs gold.lmdb --dev const.lmdb --base bi --epochs 2 --batch 8 --out c
grep -c dev_spearman c/receipt.json
said bi-encoder-train --pairs gold.lmdb --dev const.lmdb --base bi --epochs 1 --batch 8 --seeds 2 --patience 1 --out d | grep -v 'no score on dev'
