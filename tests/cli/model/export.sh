# forms and formats of export, a ZIP of one, mistakes
. "$ROOT/tests/cli/tiny.sh"
pairs dev 30
for weights in f32 fp16; do
    try model export --model bi --weights $weights --out lib-$weights --quiet
    head -c 400 lib-$weights/model.safetensors | grep -ao '"dtype":"F[0-9]*"' | sort -u
done
(cd lib-f32 && find . -type f | sort)
cmp lib-f32/model.safetensors bi/model.safetensors && echo 'the same weights'
try stsb-eval --model lib-fp16 --against bi --pairs dev.lmdb --quiet --bootstrap 20 | awk '$2 == "Spearman" { print $2, ($5 < 0.5 && $5 > -0.5) ? "as before" : $5 }'
try model export --model bi --to onnx --weights int8 --out onnx --quiet
(cd onnx && find . -type f | sort)
model export --model bi --to onnx --weights int8 --out onnx2 --quiet 2>/dev/null
cmp onnx/onnx/model.onnx onnx2/onnx/model.onnx && echo 'the same bytes'
try model export --model bi --to onnx --weights int8 --out onnx
try model zip --model onnx --out tiny.zip
unzip -tqq tiny.zip && unzip -Z1 tiny.zip
cp tiny.zip first.zip && try model zip --model onnx --out tiny.zip --force --quiet
cmp first.zip tiny.zip && echo 'the same bytes'
try model export --model bi --weights int8 --out no
try model export --model bi --to zip --out no
try model export --model samples --out no
ls -d no* 2>/dev/null
true
