# a folder with a wider vocabulary in sentence-transformers: the same ids and vectors as here (1e-5)
python=${PEERS_PYTHON:-$ROOT/build/peers/bin/python}
[ -x "$python" ] || python=python3
base=${HOME}/.cache/silversmith/models/all-MiniLM-L6-v2
[ -f "$base/model.safetensors" ] || { echo "no all-MiniLM-L6-v2"; exit 99; }
"$python" -c 'import sentence_transformers' 2>/dev/null || { echo "sentence-transformers is not installed (PEERS_PYTHON)"; exit 99; }
. "$ROOT/tests/cli/tiny.sh"
head -n 30 samples/pool.txt >pool.txt
cat samples/pool-zh.txt >>pool.txt
printf '완전히 새로운 것\nОдин новый, ещё новый\nかな と カナ\n％ and Ａ\n' >>pool.txt
model extend-vocab --model "$base" --texts pool.txt --min-count 1 --words unknown --min-word 2 --out wide --quiet 2>>log
records import --in pool.txt --format text --out pool.lmdb --quiet 2>>log
mkdir lines && cp -r wide/* lines && rm lines/tokenizer.json
for form in wide lines; do
    encode --model $form --texts pool.lmdb --precision f32 --out $form.lmdb --quiet 2>>log
    records show --in $form.lmdb --json --limit 1000 >$form.jsonl 2>>log
    echo "$form $form $form.jsonl" >>jobs
done
"$python" "$ROOT/tests/cli/model/families.py" same <jobs 2>>log
"$python" "$ROOT/tests/cli/model/extend_vocab_ids.py" wide lines <pool.txt 2>>log
grep -i 'error' log
exit 0
