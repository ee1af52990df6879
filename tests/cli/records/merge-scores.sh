# the score of (b, a) is the reverse score of (a, b)
echo '{"a":"x","b":"y","score":0.25,"origin":"bm25"}' >x.jsonl
echo '{"a":"y","b":"x","score":0.75,"origin":"silver","label":1}' >y.jsonl
records import --in x.jsonl --out x.lmdb -q
records import --in y.jsonl --out y.lmdb -q
records merge --in x.lmdb --in y.lmdb --out m.lmdb -q && records show --in m.lmdb -q
