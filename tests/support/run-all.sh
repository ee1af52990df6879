#!/bin/sh
# run-all.sh MAKE - build, run every kind of test, print one line of counts
# last: "N passed, N failed, N skipped". Fails when any test failed or any
# kind could not run.
make=$1
rm -rf build/results
mkdir -p build/results
bad=0
$make -j"$(nproc)" all || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
for kind in unit corpus cli pipeline sim; do
    echo "== $kind"
    $make -j"$(nproc)" "$kind" || bad=1
    [ -f build/results/$kind ] || echo "0 1 0" >build/results/$kind
done
awk '{ p += $1; f += $2; s += $3 }
     END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' build/results/*
counted=$?
[ "$bad" -eq 0 ] && [ "$counted" -eq 0 ]
