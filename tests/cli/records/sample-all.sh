seq 10 >x.txt
records import --in x.txt --limit 50 --out x.lmdb
