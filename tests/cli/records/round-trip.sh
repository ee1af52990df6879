# export and import give the same store again, whatever the format
cat >y.jsonl <<'X'
{"a":"plain","b":"a, \"b\"","label":1,"score":0.1,"reverse":0.25,"origin":"silver"}
{"a":"tabless","b":"x","label":null,"score":0.9876543,"reverse":null,"origin":"bm25"}
{"a":"你好","b":"plain","label":0,"score":null,"reverse":null,"origin":"gold"}
X
records import --in y.jsonl --out y.lmdb -q
want=$(records stats --in y.lmdb -q --json; records show --in y.lmdb --json -q)
for f in tsv csv jsonl; do
    records export --in y.lmdb --out y.$f --all -q
    records import --in y.$f --out $f.lmdb -q
    got=$(records stats --in $f.lmdb -q --json; records show --in $f.lmdb --json -q)
    [ "$got" = "$want" ] && echo "$f: the same" || echo "$f: $got"
done 2>/dev/null
cat y.csv
