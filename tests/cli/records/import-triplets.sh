printf '{"anchor":"a","positive":"p","negative":["n","m"]}\n{"anchor":"b","positive":"p","negative":"n"}\n' >t.jsonl
records import --in t.jsonl --out t.lmdb -q && records show --in t.lmdb -q &&
    records export --in t.lmdb --out t.csv -q && cat t.csv
