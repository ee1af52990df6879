# a range test of the learning rate: a table and a rate to try, and nothing is made or overwritten
. "$ROOT/tests/cli/tiny.sh"
pairs gold 24
numbers() { sed 's/[0-9][0-9.]*e[-+][0-9]*/RATE/g; s/ *-\{0,1\}[0-9][0-9]*\.[0-9]*/ X/g'; }
for stage in bi-encoder-train cross-encoder-train; do
    $stage --pairs gold.lmdb --base bi --find-lr 40 --out made --quiet >found 2>/dev/null
    echo "$stage exit $?"
    sed -n '1p;$p' found | numbers
    rates=$(grep -c '^[1-9]\.[0-9]*e' found)
    [ "$rates" -ge 4 ] && [ "$rates" -le 21 ] && echo some rates
    awk '/^[1-9]\.[0-9]*e/ { if ($1 <= last) print "not rising"; last = $1 }' found
    $stage --pairs gold.lmdb --base bi --find-lr 40 --out made --threads 2 --quiet 2>/dev/null | cmp - found && echo same
done
mkdir there && bi-encoder-train --pairs gold.lmdb --base bi --find-lr 2 --out there --quiet >/dev/null 2>&1 && ls there | wc -l
try bi-encoder-train --pairs gold.lmdb --pretrain-pairs gold.lmdb --base bi --find-lr 40 --out made
try cross-encoder-train --pairs gold.lmdb --warm-start bi --warm-pairs gold.lmdb --base bi --find-lr 40 --out made
ls
