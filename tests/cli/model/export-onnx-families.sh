# ONNX Runtime gives our vectors and scores of every family's tiny models, from f32, fp16 and int8 weights
python=${PEERS_PYTHON:-$ROOT/build/peers/bin/python}
[ -x "$python" ] || python=python3
"$python" -c 'import onnx, onnxruntime, tokenizers, transformers, sentence_transformers' 2>/dev/null || { echo "onnx, onnxruntime or sentence-transformers is not installed (PEERS_PYTHON)"; exit 99; }
. "$ROOT/tests/cli/tiny.sh"
run() { "$@" --quiet 2>error || cat error; }
{
    head -n 40 samples/pool.txt
    awk 'BEGIN { for (i = 0; i < 100; i++) printf "far too long "; print "" }'
    echo 'I paid <pad> the bank <s> or </s> not'
} >texts.txt
records import --in texts.txt --format text --out texts.lmdb --quiet 2>/dev/null
pairs gold 30
for case in $("$python" "$ROOT/tests/cli/model/tiny-families.py" bert distilbert electra mpnet roberta xlm_roberta 2>error || tail -n 3 error); do
    run encode --model $case/bi --texts texts.lmdb --precision f32 --out $case/v.lmdb
    records show --in $case/v.lmdb --json --limit 100 >$case/v.jsonl 2>/dev/null
    run cross-encoder-score --model $case/cross --pairs gold.lmdb --precision f32 --out $case/s.lmdb
    records show --in $case/s.lmdb --json --limit 100 >$case/s.jsonl 2>/dev/null
    for weights in f32 fp16 int8; do
        run model export --model $case/bi --to onnx --weights $weights --out $case/bi-$weights
    done
    run model export --model $case/cross --to onnx --out $case/cross-f32
    {
        echo "check $case/bi-f32"
        echo "check $case/cross-f32"
        echo "vectors $case/bi-f32 $case/v.jsonl 2e-5"
        echo "scores $case/cross-f32 $case/s.jsonl 1e-5"
        echo "angle $case/bi-fp16 $case/v.jsonl 1e-4"
        echo "angle $case/bi-int8 $case/v.jsonl 0.01"
    } >>jobs
done
"$python" "$ROOT/tests/cli/model/ort.py" jobs <jobs 2>error || cat error

echo 'read back as what they are not:'
for family in mpnet roberta; do
    model import --onnx $family/bi-f32/onnx/model.onnx --tokenizer $family/bi-f32/tokenizer.json --heads 4 --out back-$family --quiet 2>&1
done
