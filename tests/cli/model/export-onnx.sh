# ONNX Runtime gives our vectors and scores, from f32, fp16 and int8 weights
python=${PEERS_PYTHON:-$ROOT/build/peers/bin/python}
[ -x "$python" ] || python=python3
model=$HOME/.cache/silversmith/models/all-MiniLM-L6-v2
[ -f "$model/model.safetensors" ] || { echo "no all-MiniLM-L6-v2"; exit 99; }
"$python" -c 'import onnx, onnxruntime, tokenizers' 2>/dev/null || { echo "onnx or onnxruntime is not installed (PEERS_PYTHON)"; exit 99; }
. "$ROOT/tests/cli/tiny.sh"
ort() { "$python" "$ROOT/tests/cli/model/ort.py" "$@" 2>/dev/null; }
vectors() { # NAME MODEL: NAME.jsonl
    encode --model "$2" --texts pool.lmdb --precision f32 --out "$1.lmdb" --quiet 2>/dev/null
    records show --in "$1.lmdb" --json --limit 100 >"$1.jsonl" 2>/dev/null
}
head -n 40 samples/pool.txt >pool.txt
awk 'BEGIN { for (i = 0; i < 300; i++) printf "far too long "; print "" }' >>pool.txt
records import --in pool.txt --format text --out pool.lmdb --quiet --max-failures 9 2>/dev/null
for weights in f32 fp16 int8; do
    model export --model "$model" --to onnx --weights $weights --out $weights --quiet 2>/dev/null
    echo "$weights:"
    ort check $weights
done
vectors v "$model"
ort vectors f32 v.jsonl 1e-5
model export --model "$model" --weights fp16 --out halves --quiet 2>/dev/null
vectors h halves
ort vectors fp16 h.jsonl 1e-5
ort angle int8 v.jsonl 0.02

echo 'other poolings, on a tiny model:'
for mode in cls mean max; do
    rm -rf pooled pooled-onnx p.lmdb* && cp -rL bi pooled && chmod -R u+w pooled
    printf '{"word_embedding_dimension": %s, "pooling_mode_cls_token": %s, "pooling_mode_mean_tokens": %s, "pooling_mode_max_tokens": %s}' \
        "$(sed -n 's/.*"hidden_size":[^0-9]*\([0-9]*\).*/\1/p' bi/config.json)" \
        "$([ $mode = cls ] && echo true || echo false)" "$([ $mode = mean ] && echo true || echo false)" \
        "$([ $mode = max ] && echo true || echo false)" >pooled/1_Pooling/config.json
    model export --model pooled --to onnx --out pooled-onnx --quiet 2>/dev/null
    vectors p pooled
    echo "$mode: $(ort vectors pooled-onnx p.jsonl 1e-5)"
done

echo 'a cross-encoder:'
ln -s "$ROOT/tests/golden/model/cross" cross
scored
cross-encoder-score --model cross --pairs scored.lmdb --precision f32 --out ce.lmdb --quiet 2>/dev/null
records show --in ce.lmdb --json >ce.jsonl 2>/dev/null
model export --model cross --to onnx --out cross-onnx --quiet 2>/dev/null
ort check cross-onnx
ort scores cross-onnx ce.jsonl 1e-5

echo 'read back:'
model import --onnx f32/onnx/model.onnx --tokenizer "$model/tokenizer.json" --heads 12 --normalise --out again --quiet 2>/dev/null
vectors again again
head -n 40 v.jsonl >a && head -n 40 again.jsonl >b # an ONNX file does not say the longest text
cmp a b && echo 'the same vectors'
