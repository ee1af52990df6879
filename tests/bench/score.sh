#!/bin/bash
# score.sh [PAIRS.tsv] [LIMIT] - cross-encoder scoring, ours in each precision
# beside the peers, on the same pairs with the same threads, one after the other
# in turn. Text in, scores out; the peers' own script picks their best batch
# size. BACKENDS="torch onnx onnx-int8 openvino-int8", PRECISIONS="f32 int8".
#
# Needs ../shared/peers and a Python with its requirements: $PEERS_PYTHON, or
# build/peers/bin/python (made here when pip works). Prints JSON lines and the
# ratios.
set -eu
pairs=${1:-../shared/data/stsb/en-test.tsv} limit=${2:-1000} threads=${THREADS:-2}
python=${PEERS_PYTHON:-build/peers/bin/python}
work=build/bench-score
case $python in /*) ;; *) python=$PWD/$python ;; esac
rm -rf $work
mkdir -p $work
if [ ! -x "$python" ]; then
    python3 -m venv build/peers && build/peers/bin/pip install -q -r ../shared/peers/requirements.txt
fi
head -n "$limit" "$pairs" | cut -f 1,2 >$work/pairs.tsv
build/bin/records import --in $work/pairs.tsv --columns a,b --out $work/pairs.lmdb --quiet
# A head for the speed run, as the peer's script makes one: one short epoch.
head -n 64 "$pairs" | cut -f 1,2 | sed 's/$/\t1/' >$work/head.tsv
build/bin/records import --in $work/head.tsv --columns a,b,label --out $work/head.lmdb --quiet
build/bin/cross-encoder-train --pairs $work/head.lmdb --base all-MiniLM-L6-v2 --epochs 1 --out $work/cross --quiet --max-length 256
for run in 1 2 3; do
    for precision in ${PRECISIONS:-f32 bf16 int8}; do
        build/bin/cross-encoder-score --model $work/cross --pairs $work/pairs.lmdb --out "$work/$precision-$run.lmdb" --precision "$precision" --isa "${ISA:-auto}" --threads "$threads" --quiet
    done
    (cd ../shared/peers && "$python" score.py --task cross --backend ${BACKENDS:-torch onnx} --pairs "$OLDPWD/$work/pairs.tsv" --threads "$threads" --repeats 1 --batch 8 32 64) >>$work/peers.json
done
python3 - $work <<'PY'
import glob, json, os, statistics, sys
work = sys.argv[1]
ours = {}
for path in sorted(glob.glob(f"{work}/*-[123].lmdb.run.json")):
    run = json.load(open(path))
    name = os.path.basename(path).split("-")[0]
    ours.setdefault(name, []).append(run["pairs_per_second"])
ours = {name: statistics.median(rates) for name, rates in ours.items()}
print(f"{run['cpu']}, {run['isa']}, OpenBLAS {run['blas']}; pairs/s, median of 3")
for name, rate in ours.items(): print(f"ours {name:14} {rate:8.0f}")
peers = {}
for line in open(f"{work}/peers.json"):
    r = json.loads(line)
    if "per_s" in r: peers.setdefault(r["backend"], []).append(r["per_s"])
for name, rates in peers.items():
    rate = statistics.median(rates)
    print(f"{name:19} {rate:8.0f}   " + "  ".join(f"{n} {o / rate:.2f}x" for n, o in ours.items()))
PY
