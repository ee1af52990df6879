. "$ROOT/tests/cli/tiny.sh"
pairs gold 6
texts pool 3
cross-encoder-train --pairs gold.lmdb --base bi --epochs 1 --out ce --quiet 2>/dev/null
try cross-encoder-score --model ce --pairs gold.lmdb --out x.lmdb --both-order
try cross-encoder-score --model ce --pairs gold.lmdb
mkdir plain
cp bi/*.json bi/model.safetensors plain
rm plain/modules.json plain/config_sentence_transformers.json plain/sentence_bert_config.json
try cross-encoder-score --model plain --pairs gold.lmdb --out x.lmdb
try cross-encoder-score --model ce --model plain --pairs gold.lmdb --out x.lmdb
try cross-encoder-score --model ce --fit pool.lmdb --pairs gold.lmdb --out x.lmdb
try cross-encoder-score --model none --pairs gold.lmdb --out x.lmdb
try cross-encoder-score --model ce --pairs none.lmdb --out x.lmdb
try cross-encoder-score --model ce --pairs pool.lmdb --out x.lmdb
try cross-encoder-score --model ce --pairs gold.tsv --out x.lmdb
printf 'x' | dd of=ce/model.safetensors bs=1 seek=2000 conv=notrunc 2>/dev/null
try cross-encoder-score --model ce --pairs gold.lmdb --out x.lmdb
ls
