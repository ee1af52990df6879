# both objectives and every noise: the loss falls, one thread and two give the
# same bytes, and the model is one that others load
. "$ROOT/tests/cli/tiny.sh"
texts pool 40
pairs dev 8
run() { # name, options
    name=$1; shift
    for threads in 1 2; do
        tsdae-train --texts pool.lmdb --base bi --epochs 6 --batch 8 --lr 3e-3 --threads $threads --out $name.$threads --quiet "$@" 2>&1 | grep -v 'info: done'
    done
    cmp -s $name.1/model.safetensors $name.2/model.safetensors && same=same || same=different
    awk -F, -v n=$name -v same=$same 'NR > 1 && $4 != "" { if (first == "") first = $4; last = $4 } END { print n, (last < 0.97 * first ? "falls" : "stays " first " " last), same }' $name.1/train.csv
}
run delete
run mask --noise mask
run shuffle --noise shuffle --pooling cls
run mlm --objective mlm
run dev --dev dev.lmdb --accumulate 2
find delete.1 -type f | sort
try model inspect --model shuffle.1 --quiet | grep -E 'kind|dimensions|pooling'
try tsdae-train --texts pool.lmdb --base bi --epochs 1 --ratio 0.3 --out three
grep noise_ratio three/receipt.json | cut -c1-20
