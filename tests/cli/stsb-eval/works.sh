# the table, and the files that sentence-transformers' evaluators write
. "$ROOT/tests/cli/tiny.sh"
pairs dev 30
pairs test 20
try stsb-eval --model bi --pairs dev.lmdb --pairs test.lmdb --out ev --title tiny --quiet | figures
find ev -type f | sort
head -n 1 ev/*_dev_*.csv
echo 'members of the JSON:'
stsb-eval --model bi --pairs dev.lmdb --json --quiet 2>/dev/null | grep -o '"[a-z0-9_]*":' | sort -u | tr -d '\n'
echo
try stsb-eval --model bi --pairs dev.lmdb --pairs test.lmdb --out ev --title tiny
try stsb-eval --model bi --pairs dev.lmdb --out ev
