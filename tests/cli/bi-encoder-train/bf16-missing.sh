. "$ROOT/tests/cli/tiny.sh"
# Held to AVX2 there is no bf16: f32 does it, and the bytes are f32's.
pairs gold 6
try bi-encoder-train --pairs gold.lmdb --base bi --out x --epochs 1 --isa avx2 --precision bf16
bi-encoder-train --pairs gold.lmdb --base bi --out y --epochs 1 --isa avx2 --quiet 2>/dev/null
cmp x/model.safetensors y/model.safetensors && echo same
