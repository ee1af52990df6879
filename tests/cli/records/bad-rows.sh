# each bad row by its line, the good ones kept
printf 'a\tb\t1\na\tb\n\tb\t1\na\t\377\t1\na\tb\tyes\na\tb\t7\nc\td\t0\n' >x.tsv
records import --in x.tsv --columns a,b,label --out x.lmdb --max-failures 5 --rejects bad.jsonl
cat bad.jsonl
records stats --in x.lmdb -q --json
