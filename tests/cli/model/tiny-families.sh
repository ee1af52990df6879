# every family's tiny models: far and cut texts, special tokens in them, old files; both ways (1e-5)
python=${PEERS_PYTHON:-$ROOT/build/peers/bin/python}
[ -x "$python" ] || python=python3
"$python" -c 'import sentence_transformers, transformers' 2>/dev/null || { echo "sentence-transformers is not installed (PEERS_PYTHON)"; exit 99; }
. "$ROOT/tests/cli/tiny.sh"
run() { "$@" --quiet 2>error || cat error; }
vectors() { # MODEL: our vectors of the texts, to be compared
    run encode --model "$1" --texts texts.lmdb --precision f32 --out "$1.lmdb"
    records show --in "$1.lmdb" --json --limit 100 >"$1.jsonl" 2>/dev/null
    echo "$1 $1 $1.jsonl" >>jobs
}
scores() { # MODEL: the same of pairs
    run cross-encoder-score --model "$1" --pairs gold.lmdb --precision f32 --out "$1.lmdb"
    records show --in "$1.lmdb" --json --limit 100 >"$1.jsonl" 2>/dev/null
    echo "$1 $1 $1.jsonl" >>jobs
}
{
    head -n 30 samples/pool.txt
    awk 'BEGIN { for (i = 0; i < 100; i++) printf "far too long "; print "" }'
    echo 'I paid <pad> the bank <s> or </s> not'
    echo '[UNK] zebra [CLS] quixotic <mask> [PAD] Straße'
} >texts.txt
records import --in texts.txt --format text --out texts.lmdb --quiet 2>/dev/null
{
    head -n 30 samples/gold.tsv
    printf 'a <pad> b [PAD] c\twhat </s> is [SEP] that\t1\n'
    awk 'BEGIN { for (i = 0; i < 60; i++) printf "far too long "; printf "\t"; for (i = 0; i < 60; i++) printf "not so short "; print "\t0" }'
} >gold.tsv
records import --in gold.tsv --columns a,b,label --out gold.lmdb --quiet 2>/dev/null

for case in $("$python" "$ROOT/tests/cli/model/tiny-families.py" 2>error || tail -n 3 error); do
    vectors $case/bi
    scores $case/cross
    case $case in *float16) continue ;; esac
    run bi-encoder-train --base $case/bi --pairs gold.lmdb --loss contrastive --epochs 1 --out $case/our-bi
    run cross-encoder-train --base $case/cross --pairs gold.lmdb --epochs 1 --out $case/our-cross
    vectors $case/our-bi
    scores $case/our-cross
done
"$python" "$ROOT/tests/cli/model/families.py" same <jobs 2>error || tail -n 3 error
