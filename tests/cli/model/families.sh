# every family's models, written by the library, written here, halved, trained here: the same outputs there (1e-5)
python=${PEERS_PYTHON:-$ROOT/build/peers/bin/python}
[ -x "$python" ] || python=python3
models=$ROOT/../shared/reference/models
[ -d "$models" ] || { echo "no ../shared/reference/models"; exit 99; }
"$python" -c 'import sentence_transformers' 2>/dev/null || { echo "sentence-transformers is not installed (PEERS_PYTHON)"; exit 99; }
. "$ROOT/tests/cli/tiny.sh"
families="bert-en bert-zh distilbert electra roberta"

# bi NAME FOLDER, cross NAME FOLDER: what we compute with a model, for the library to compare
bi() {
    encode --model "$2" --texts pool.lmdb --precision f32 --out $1.lmdb --quiet 2>>log
    records show --in $1.lmdb --json --limit 100 >$1.jsonl 2>>log
    echo "$1 $2 $1.jsonl" >>jobs
}
cross() {
    cross-encoder-score --model "$2" --pairs few.lmdb --precision f32 --out $1.lmdb --quiet 2>>log
    records show --in $1.lmdb --json --limit 100 >$1.jsonl 2>>log
    echo "$1 $2 $1.jsonl" >>jobs
}

head -n 12 samples/pool.txt >pool.txt
tail -n 12 samples/pool-zh.txt >>pool.txt
awk 'BEGIN { for (i = 0; i < 120; i++) printf "far too long "; print "" }' >>pool.txt
records import --in pool.txt --format text --out pool.lmdb --quiet 2>>log
pairs gold 12
cp -r gold.lmdb few.lmdb
for f in $families; do
    for type in float16 bfloat16; do
        set -- "$@" "$models/$f/bi" $f-bi-$type $type "$models/$f/cross" $f-cross-$type $type
    done
done
"$python" "$ROOT/tests/cli/model/families.py" halve "$@" 2>>log
for f in $families; do
    bi $f-read "$models/$f/bi"
    cross $f-cross-read "$models/$f/cross"
    model export --model "$models/$f/bi" --out $f-out --quiet 2>>log
    bi $f-written $f-out
    bi-encoder-train --base "$models/$f/bi" --pairs gold.lmdb --epochs 1 --out $f-trained --quiet 2>>log
    bi $f-trained-here $f-trained
    tsdae-train --texts pool.lmdb --base "$models/$f/bi" --epochs 1 --out $f-adapted --quiet 2>>log
    bi $f-adapted-here $f-adapted
    cross-encoder-train --base "$models/$f/bi" --pairs gold.lmdb --epochs 1 --out $f-taught --quiet 2>>log
    cross $f-cross-trained-here $f-taught
    for type in float16 bfloat16; do
        bi $f-$type $f-bi-$type
        cross $f-cross-$type-read $f-cross-$type
    done
done
"$python" "$ROOT/tests/cli/model/families.py" same <jobs 2>>log
grep -i 'error' log || true
