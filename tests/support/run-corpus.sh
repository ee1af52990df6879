#!/bin/sh
# run-corpus.sh FUZZER... - replay each fuzz target's corpus once.
mkdir -p build/results
passed=0 failed=0
for f; do
    name=${f##*/}
    if "$f" tests/fuzz/corpus/"$name"/* >"$f.log" 2>&1; then
        echo "  PASS  corpus $name ($(tail -n 1 "$f.log"))"
        passed=$((passed + 1))
    else
        cat "$f.log"
        echo "  FAIL  corpus $name"
        failed=$((failed + 1))
    fi
done
echo "$passed $failed 0" >build/results/corpus
[ "$failed" -eq 0 ]
