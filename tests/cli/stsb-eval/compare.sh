# two models on pairs and triplets, intervals, rows added to CSV files
. "$ROOT/tests/cli/tiny.sh"
pairs dev 30
printf 'a cat\ta kitten\ta car\na dog\ta puppy\ta train\na cow\ta calf\ta plane\n' >tri.tsv
records import --in tri.tsv --columns anchor,positive,negative --out tri.lmdb --quiet 2>/dev/null
model random --vocab bi --layers 1 --hidden 8 --heads 2 --ff 16 --out other --quiet 2>/dev/null
try stsb-eval --model bi --against other --pairs dev.lmdb --pairs tri.lmdb --bootstrap 50 --append csv --out ev --quiet | figures
try stsb-eval --model bi --pairs dev.lmdb --pairs tri.lmdb --append csv --bootstrap 0 --quiet | figures
wc -l csv/*.csv
stsb-eval --model bi --against other --pairs dev.lmdb --bootstrap 50 --json --quiet --threads 1 >one.json 2>/dev/null
stsb-eval --model bi --against other --pairs dev.lmdb --bootstrap 50 --json --quiet --threads 3 >three.json 2>/dev/null
cmp one.json three.json && grep -o '"against".*' one.json | grep -o '"[a-z0-9_]*":' | tr -d '\n'
echo
echo 'a model beside itself:'
stsb-eval --model bi --against bi --pairs dev.lmdb --bootstrap 50 --quiet 2>/dev/null | awk '$1 == "dev" && $2 == "Spearman" { print $5, $6, $7, $8, $9 }'
report --eval ev --quiet 2>&1 | figures
try stsb-eval --model bi --against other --pairs dev.lmdb --bootstrap 0
try stsb-eval --model bi --against none --pairs dev.lmdb --quiet
printf 'epoch,steps,cosine_pearson\r\n' >csv/similarity_evaluation_dev_results.csv
try stsb-eval --model bi --pairs dev.lmdb --append csv --quiet
