#!/bin/sh
# run.sh BINDIR [CASE...] - run tests/cli/*/*.sh, each in a scratch folder of
# its own with BINDIR first in PATH and the project's root in $ROOT, and compare
# exit status, stdout and stderr with the files beside it (absent file: status
# 0, no output). Times, rates and the machine are blanked before. A case that
# cannot run here exits 99 and prints why: it counts as skipped. UPDATE=1
# rewrites the expectations; read the difference before you commit it.
set -u
bin=$(cd "$1" && pwd) here=$(cd "$(dirname "$0")" && pwd)
shift
ROOT=$(cd "$here/../.." && pwd)
export ROOT
passed=0 failed=0 skipped=0
[ $# -gt 0 ] || set -- "$here"/*/*.sh

blank() {
    sed -e 's/seconds=[0-9.]*/seconds=S/g' -e 's/ peak_mib=[0-9]*//g' -e 's/rate=[0-9.]*/rate=R/g' \
        -e 's/eta_s=[0-9]*/eta_s=E/g' \
        -e 's/info: .* GFLOP\/s in a self-test.*/info: MACHINE/' "$1"
}

compare() { # kind
    want=$base.$1
    [ -f "$want" ] || want=$scratch/none
    diff -u "$want" "$scratch/$1.got" || same=0
}

for script; do
    script=$(cd "$(dirname "$script")" && pwd)/${script##*/}
    base=${script%.sh}
    name=${base#"$here"/}
    scratch=$(mktemp -d)
    mkdir "$scratch/work"
    (cd "$scratch/work" && PATH="$bin:$PATH" sh "$script" >../stdout.raw 2>../stderr.raw </dev/null)
    status=$?
    if [ $status -eq 99 ]; then
        echo "skip cli: $name: $(head -n 1 "$scratch/stdout.raw")"
        skipped=$((skipped + 1))
        rm -rf "$scratch"
        continue
    fi
    blank "$scratch/stdout.raw" >"$scratch/stdout.got"
    blank "$scratch/stderr.raw" >"$scratch/stderr.got"
    : >"$scratch/none"
    : >"$scratch/exit.got"
    [ $status -eq 0 ] || echo $status >"$scratch/exit.got"
    if [ "${UPDATE:-0}" = 1 ]; then
        for k in exit stdout stderr; do
            rm -f "$base.$k"
            [ -s "$scratch/$k.got" ] && cp "$scratch/$k.got" "$base.$k"
        done
    fi
    same=1
    for k in exit stdout stderr; do compare $k; done
    if [ $same -eq 1 ]; then
        echo "ok cli: $name"
        passed=$((passed + 1))
    else
        echo "not ok cli: $name"
        failed=$((failed + 1))
    fi
    rm -rf "$scratch"
done
mkdir -p "$ROOT/build/results"
echo "$passed $failed $skipped" >"$ROOT/build/results/cli"
[ $failed -eq 0 ]
