# other words in the template are another question; so is another model
records import --in "$ROOT/samples/gold.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
llm() {
    llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" -q --limit 3 --answers answers --out llm.lmdb --force "$@" >/dev/null 2>&1
}
spent() { grep -E '"(requests|answers|cached)"' llm.lmdb.run.json; }
printf 'JSON: {positives}, {negatives} on {domain}\n---\n{anchor}\n' >template
llm --template template --domain shops && spent
llm --template template --domain shops && spent
printf 'JSON! {positives}, {negatives} on {domain}\n---\n{anchor}\n' >template
llm --template template --domain shops && spent
llm --template template --domain shops --model other && spent
