# a sample is drawn by the seed alone, in the file's order
seq 1000 >x.txt
for s in 1 1 2; do
    records import --in x.txt --limit 5 --seed $s --out x.lmdb --force
    records export --in x.lmdb --out x.tsv --no-header --force -q
    tr '\n' ' ' <x.tsv
    echo
done
