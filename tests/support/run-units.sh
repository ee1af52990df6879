#!/bin/sh
# run-units.sh PROGRAM... - run unit tests, print each result line, and leave
# the counts in build/results/unit for the last line of `make test`.
# A test prints TAP; "ok N - name # SKIP" counts as skipped, and so does "not
# ok N # SKIP name", which some versions of cmocka print for it.
mkdir -p build/results
passed=0 failed=0 skipped=0
for t; do
    log=$t.log
    CMOCKA_MESSAGE_OUTPUT=TAP "$t" >"$log" 2>&1
    status=$?
    p=$(grep '^ok' "$log" | grep -civ '# skip')
    s=$(grep -ciE '^(not )?ok.*# skip' "$log")
    f=$(grep '^not ok' "$log" | grep -civ '# skip')
    [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
    passed=$((passed + p)) skipped=$((skipped + s)) failed=$((failed + f))
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
