printf 'a\tb\t1\na\tb\nc\n' >x.tsv
records import --in x.tsv --columns a,b,label --out x.lmdb --max-failures 1
status=$?
ls
exit $status
