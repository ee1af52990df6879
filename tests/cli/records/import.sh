# three pairs in, the same three shown
printf 'A man eats.\tA man is eating.\t1\nA man eats.\tA dog runs.\t0\n你好\t您好\t0.75\n' >gold.tsv
records import --in gold.tsv --columns a,b,label --out gold.lmdb &&
    records show --in gold.lmdb --quiet && ls
