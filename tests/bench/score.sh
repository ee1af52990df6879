#!/bin/bash
# score.sh [PAIRS.tsv] [LIMIT] - cross-encoder scoring, ours beside the peers, on
# the same pairs with the same threads, one after the other in turn. Text in,
# scores out; the peers' own script picks their best batch size.
#
# Needs ../shared/peers and a Python with its requirements: $PEERS_PYTHON, or
# build/peers/bin/python (made here when pip works). Prints JSON lines and the
# ratios.
set -eu
pairs=${1:-../shared/data/stsb/en-test.tsv} limit=${2:-1000} threads=${THREADS:-2}
python=${PEERS_PYTHON:-build/peers/bin/python}
work=build/bench-score
rm -rf $work
mkdir -p $work
if [ ! -x "$python" ]; then
    python3 -m venv build/peers && build/peers/bin/pip install -q -r ../shared/peers/requirements.txt
fi
head -n "$limit" "$pairs" | cut -f 1,2 >$work/pairs.tsv
build/bin/records import --in $work/pairs.tsv --columns a,b --out $work/pairs.lmdb --quiet
# A head for the speed run, as the peer's script makes one: one short epoch.
head -n 8 "$pairs" | cut -f 1,2 | sed 's/$/\t1/' >$work/head.tsv
build/bin/records import --in $work/head.tsv --columns a,b,label --out $work/head.lmdb --quiet
build/bin/cross-encoder-train --pairs $work/head.lmdb --base all-MiniLM-L6-v2 --epochs 1 --out $work/cross --quiet --max-length 256
for run in 1 2 3; do
    build/bin/cross-encoder-score --model $work/cross --pairs $work/pairs.lmdb --out $work/$run.lmdb --threads "$threads" --quiet
    (cd ../shared/peers && "$OLDPWD/$python" score.py --task cross --backend ${BACKENDS:-torch onnx} --pairs "$OLDPWD/$work/pairs.tsv" --threads "$threads" --repeats 1 --batch 8 32 64) >>$work/peers.json
done
python3 - $work <<'PY'
import json, statistics, sys
work = sys.argv[1]
ours = statistics.median(json.load(open(f"{work}/{i}.lmdb.run.json"))["pairs_per_second"] for i in (1, 2, 3))
run = json.load(open(f"{work}/1.lmdb.run.json"))
print(f"{run['cpu']}, {run['isa']}, OpenBLAS {run['blas']}; cross-encoder f32: ours {ours:.0f} pairs/s (median of 3)")
peers = {}
for line in open(f"{work}/peers.json"):
    r = json.loads(line)
    if "per_s" in r: peers.setdefault(r["backend"], []).append(r["per_s"])
for name, rates in peers.items():
    print(f"{name:10} {statistics.median(rates):8.0f} pairs/s   ours is {ours / statistics.median(rates):.2f}x")
PY
