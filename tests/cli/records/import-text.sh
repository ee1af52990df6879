printf 'one\ntwo\n\none\nthree\n' >pool.txt
records import --in pool.txt --out pool.lmdb && records show --in pool.lmdb --quiet --offset 1
