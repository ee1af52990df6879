#!/bin/bash
# flows.sh BIN - each pipeline of pipelines/ that needs data of its own, from
# end to end: on data made of the samples, with a tiny random model. What the
# figures are is for make results to say; here every step has to run, each model
# has to get a row in the report, and a second run has nothing left to do.
# Prints ok / not ok a line and leaves the counts in build/results/flows.
set -u
bin=$1
work=build/flows-test
mkdir -p build/results
rm -rf $work
mkdir -p $work/data $work/multilingual
passed=0 failed=0
export SILVERSMITH_CACHE=$PWD/$work/cache

ok() { passed=$((passed + 1)); echo "ok flow: $1"; }
bad() { failed=$((failed + 1)); echo "not ok flow: $1"; sed 's/^/    /' "$2" | tail -n 20; }

# ---- data and model ----
scores() { awk -F'\t' -v OFS='\t' -v n="$2" 'NR <= n { print $1, $2, $3 * 3 + NR % 3 }' "samples/$1.tsv"; }
scores gold 60 >$work/data/en-train.tsv
scores dev 40 >$work/data/en-dev.tsv
scores test 40 >$work/data/en-test.tsv
head -n 60 samples/gold-zh.tsv >$work/data/train.tsv
head -n 50 samples/dev-zh.tsv >$work/data/dev.tsv
head -n 80 samples/pool.txt >$work/pool.txt
scores gold-zh 60 >$work/multilingual/train.tsv
scores dev-zh 40 >$work/multilingual/dev.tsv
scores test-zh 40 >$work/multilingual/test.tsv
cp $work/data/en-test.tsv $work/multilingual/source-test.tsv
# no translations, but lines of both languages all the same
paste <(head -n 100 samples/pool.txt) <(head -n 100 samples/pool-zh.txt) >$work/multilingual/aligned.tsv
letters() { cat "$@" | tr 'A-Z' 'a-z' | grep -o . | LC_ALL=C sort -u | grep -v '[[:space:]]'; }
{ printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n'; letters samples/*.t*; printf '##%s\n' {a..z} {0..9}; } >$work/vocab.txt
{ printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n'; letters samples/pool.txt; printf '##%s\n' {a..z} {0..9}; } >$work/vocab-en.txt
for m in "" -en; do
    "$bin/model" random --out $work/model$m --vocab $work/vocab$m.txt --layers 6 --hidden 32 --heads 4 --ff 64 2>$work/err || bad "a tiny model" $work/err
done

# ---- the flows ----
flow() { # pipeline, rows that the report has, options
    name=$1 rows=$2; shift 2
    if ! "$bin/silversmith" run "pipelines/$name.json" --runs $work/runs "$@" >$work/out 2>$work/err; then bad "$name" $work/err; return; fi
    got=$(grep -cE ' -?[0-9]+\.[0-9]{2} .* -?[0-9]+\.[0-9]{2} ' $work/out)
    [ "$got" -eq "$rows" ] || { echo "rows: $got, expected $rows" >>$work/out; bad "$name prints its table" $work/out; return; }
    "$bin/silversmith" run "pipelines/$name.json" --runs $work/runs "$@" >$work/out 2>$work/err
    if grep -q 'done ran=[01] ' $work/err; then ok "$name"; else bad "$name has nothing left to do" $work/err; fi
}
base=$PWD/$work/model
flow stsb 4 --set data=$work/data --set base=$base --set gold=50 --set epochs=1 --set teacher-epochs=1
flow teacher 4 --set data=$work/data --set pool=$work/pool.txt --set base=$base --set gold=50 --set epochs=1
flow mutual 10 --set data=$work/data --set pool=$work/pool.txt --set base=$base --set gold=50 --set epochs=1
flow domain 8 --set data=$work/data --set base=$base --set big=$base --set gold=40 --set raw-rows=50 --set dev-share=0.5 --set epochs=1 --set silver-epochs=1
flow multilingual 5 --set data=$work/multilingual --set base=$base-en --set gold=50 --set epochs=1 --set gold-epochs=1
flow results 14 --set data=$work/data --set sentences=$work/pool.txt --set base=$base --set big=$base --set gold=50
echo "$passed $failed 0" >build/results/flows
[ $failed -eq 0 ]
