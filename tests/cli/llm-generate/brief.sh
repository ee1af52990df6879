# kinds by quota, grades, styles, notes, and examples from gold reach the
# prompt; the same anchor gets the same ones
printf 'Where is my parcel?\n' >texts.txt
printf 'a\tb\tlabel\nCan I pay later?\tIs later payment possible?\t1\nCan I pay later?\tCan I send it back later?\t0\n' >gold.tsv
printf 'Parcels come from two stores.\n' >notes.txt
printf '{"name":"n","base_url":"https://llm.invalid/v1","model":"m"}' >p.json
records import --in texts.txt --out t.lmdb -q 2>/dev/null
records import --in gold.tsv --out gold.lmdb -q 2>/dev/null
llm() {
    llm-generate --texts t.lmdb --provider p.json --out llm.lmdb --dry-run -q "$@" | head -n 1
}
llm --kinds negation=2,number --grades 0.3,0.6 --negatives 3 --notes notes.txt --examples gold.lmdb
llm --template zh --styles register
