# triplets with different numbers of negatives: every row has as many
{
    echo '{"anchor":"a","positive":"p","negative":["1","2","3","4","5"]}'
    echo '{"anchor":"a","positive":"q","negative":["1","2","3","4","5"]}'
    echo '{"anchor":"b","positive":"p","negative":["6"]}'
} >t.jsonl
records import --in t.jsonl --out t.lmdb -q
for n in 0 1 3 5; do
    records export --in t.lmdb --negatives $n --out $n.csv -q && echo "$n:" && cat $n.csv
    records import --in $n.csv --out back.lmdb -q --force && records stats --in back.lmdb -q | grep triplets
done 2>/dev/null
records export --in t.lmdb --negatives 61 --out x.csv -q
# of a store of pairs that has triplets and notes too
printf 'Where is it?\tx\t1\nRemember to bring the card.\ty\t1\n' >a.tsv
records import --in a.tsv --columns a,b,label --out a.lmdb -q 2>/dev/null
printf '{"name":"p","model":"m","replay":"p.jsonl"}' >p.json
echo '{"anchor":"Where is it?","answers":[{"content":"{\"positives\":[\"Where has it gone?\",\"Which place is it at?\"],\"negatives\":[{\"text\":\"Where was it?\",\"kind\":\"modality\"},\"Where is she?\",\"Who is it?\"]}"}]}' >p.jsonl
llm-generate --texts a.lmdb --provider p.json --out llm.lmdb -q >/dev/null 2>&1
records export --in llm.lmdb --records triplets --negatives 2 --out l.csv -q && cat l.csv
records export --in llm.lmdb --all --out l.jsonl -q && sed 's/"template":"[^"]*"/"template":"T"/' l.jsonl
records export --in a.lmdb --records triplets --out none.csv -q && cat none.csv
