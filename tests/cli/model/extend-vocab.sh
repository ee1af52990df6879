# characters and words of texts become tokens: counts, receipts, the same bytes again
. "$ROOT/tests/cli/tiny.sh"
head -n 40 samples/pool-zh.txt >zh.txt
records import --in zh.txt --format text --out zh.lmdb --quiet 2>/dev/null
try model extend-vocab --model bi --texts zh.lmdb --min-count 1 --out zh
grep -A 12 '"vocabulary"' zh/receipt.json
grep '"vocab_size"' zh/config.json
grep -c . zh/tokenizer.json
try model extend-vocab --model bi --texts zh.txt --min-count 1 --out file --quiet
cmp zh/model.safetensors file/model.safetensors && cmp zh/tokenizer.json file/tokenizer.json && echo same
try model extend-vocab --model bi --texts zh.lmdb --min-count 1 --seed 2 --out other --quiet
cmp -s zh/model.safetensors other/model.safetensors || echo another seed, other rows
# translations give rows of their own
sed 's/.*/the order &/' zh.txt | paste -d '\t' - zh.txt | sed 's/^the order [^\t]*/the order was late/' >aligned.tsv
records import --in aligned.tsv --columns a,b --out aligned.lmdb --quiet 2>/dev/null
try model extend-vocab --model bi --texts zh.txt --min-count 1 --aligned aligned.lmdb --out translated --quiet
cmp -s zh/model.safetensors translated/model.safetensors || echo other rows
grep '"rows_from_translations\|remade\|rows_from_noise' translated/receipt.json
# once more: nothing is unknown any more, so nothing is added
try model extend-vocab --model zh --texts zh.txt --min-count 1 --out again
try model extend-vocab --model bi --texts zh.txt --texts samples/pool.txt --max-new 5 --words cut --min-word 3 --out few
tail -n 8 few/tokenizer.json | head -c 200 | tr -d ' '
try model extend-vocab --model bi --texts none.txt --out x
: >empty.txt
try model extend-vocab --model bi --texts empty.txt --out x
printf 'good\n\377\n' >bad.txt
try model extend-vocab --model bi --texts bad.txt --out x
try model extend-vocab --model bi --texts bad.txt --max-failures 1 --out x --quiet
ls
