# the same columns and values as sentence-transformers' evaluators, and SciPy's
# interval, over 300 rows of each kind
python=${PEERS_PYTHON:-$ROOT/build/peers/bin/python}
[ -x "$python" ] || python=python3
data=$ROOT/../shared/data
model=$HOME/.cache/silversmith/models/all-MiniLM-L6-v2
[ -f "$data/stsb/en-test.tsv" ] && [ -f "$model/model.safetensors" ] || { echo "no ../shared/data or no all-MiniLM-L6-v2"; exit 99; }
"$python" -c 'import sentence_transformers, scipy' 2>/dev/null || { echo "sentence-transformers is not installed (PEERS_PYTHON)"; exit 99; }
head -n 300 "$data/stsb/en-test.tsv" >graded.tsv
head -n 300 "$data/mrpc/test.tsv" >binary.tsv
awk -F '\t' '$3 >= 3 { if (last != "") print $1 "\t" $2 "\t" last; last = $2 }' graded.tsv >triplets.tsv
records import --in graded.tsv --columns a,b,score --score-range 0:5 --out graded.lmdb --quiet 2>/dev/null
records import --in binary.tsv --columns a,b,label --out binary.lmdb --quiet 2>/dev/null
records import --in triplets.tsv --columns anchor,positive,negative --out triplets.lmdb --quiet 2>/dev/null
stsb-eval --model "$model" --pairs graded.lmdb --pairs binary.lmdb --pairs triplets.lmdb --precision f32 --out ours --quiet >/dev/null 2>&1
"$python" "$ROOT/tests/cli/stsb-eval/evaluators.py" "$model" graded.tsv binary.tsv triplets.tsv ours theirs 2>error || tail -n 5 error
