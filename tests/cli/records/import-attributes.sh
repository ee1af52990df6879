printf 'id,text,source\n7,"one, two",web\n8,three,\n' >t.csv
records import --in t.csv --out t.lmdb -q && records show --in t.lmdb -q &&
    records export --in t.lmdb --out back.csv --all -q && cat back.csv
