# a folder written here runs in the MTEB package's STS tasks as it is, with the
# figure that stsb-eval gives
python=${MTEB_PYTHON:-${PEERS_PYTHON:-$ROOT/build/peers/bin/python}}
[ -x "$python" ] || python=python3
gold=$ROOT/../shared/data/stsb/en-test.tsv
model=$HOME/.cache/silversmith/models/all-MiniLM-L6-v2
[ -f "$gold" ] && [ -f "$model/model.safetensors" ] || { echo "no ../shared/data/stsb or no all-MiniLM-L6-v2"; exit 99; }
"$python" -c 'import mteb, sentence_transformers' 2>/dev/null || { echo "mteb is not installed (MTEB_PYTHON)"; exit 99; }
model cut --model "$model" --layers 0,2,5 --out small --quiet 2>/dev/null
records import --in "$gold" --columns a,b,score --score-range 0:5 --out test.lmdb --quiet 2>/dev/null
stsb-eval --model small --pairs test.lmdb --bootstrap 0 --precision f32 --quiet 2>/dev/null | awk '$2 == "cosine" { print "stsb-eval", $5 }'
echo "mteb $("$python" "$ROOT/tests/cli/model/mteb_sts.py" small "$gold" "$PWD/scratch" 2>error)"
[ -d scratch ] || tail -n 5 error
