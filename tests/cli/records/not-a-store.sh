echo hello >x.lmdb
records show --in x.lmdb
