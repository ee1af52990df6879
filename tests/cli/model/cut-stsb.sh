# layers 0, 2 and 5 of a 6-layer encoder, untrained, on STS-B test: as measured
# with sentence-transformers
model=${HOME}/.cache/silversmith/models/all-MiniLM-L6-v2
gold=$ROOT/../shared/data/stsb/en-test.tsv
[ -f "$gold" ] && [ -f "$model/model.safetensors" ] || { echo "no ../shared/data/stsb or no all-MiniLM-L6-v2"; exit 99; }
model cut --model "$model" --layers 0,2,5 --out small --quiet 2>/dev/null
records import --in "$gold" --columns a,b,score --score-range 0:5 --out test.lmdb --quiet 2>/dev/null
stsb-eval --model small --pairs test.lmdb --quiet --precision f32 2>/dev/null |
    awk '$2 == "cosine" { d = $5 - 77.32; print (d < 0.02 && d > -0.02 ? "77.32" : $5) }'
cmp -s "$model/tokenizer.json" small/tokenizer.json && echo tokenizer kept
grep pooling_mode_mean_tokens small/1_Pooling/config.json
grep -c '"fingerprint"' small/receipt.json
