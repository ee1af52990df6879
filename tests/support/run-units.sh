#!/bin/sh
# run-units.sh PROGRAM... - run unit tests, print each result line, and leave
# the counts in build/results/unit for the last line of `make test`.
# A test prints TAP; "ok N - name # SKIP" counts as skipped.
mkdir -p build/results
passed=0 failed=0 skipped=0
for t; do
    log=$t.log
    CMOCKA_MESSAGE_OUTPUT=TAP "$t" >"$log" 2>&1
    status=$?
    p=$(grep -c '^ok' "$log")
    s=$(grep -ci '^ok.*# skip' "$log")
    f=$(grep -c '^not ok' "$log")
    [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
    passed=$((passed + p - s)) skipped=$((skipped + s)) failed=$((failed + f))
    if [ "$f" -ne 0 ]; then
        cat "$log"
        echo "  FAIL  $t (exit $status)"
    else
        echo "  PASS  $t ($p tests, $s skipped)"
        grep -i '# skip' "$log" | sed 's/^/          /'
        grep '^skip:' "$log" | sed 's/^/          /'
    fi
done
echo "$passed $failed $skipped" >build/results/unit
[ "$failed" -eq 0 ]
