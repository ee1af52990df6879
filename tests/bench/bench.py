#!/usr/bin/env python3
"""bench.py - scoring, encoding and training beside the peers, in one run.

    tests/bench/bench.py [--quick] [--only cross encode train one tokenizer]

Every workload runs ours and the peers in turn on the same texts with the same
threads; text in, scores or vectors out; the peers at their best batch size.
Rates are medians. Needs ../shared/peers and a Python that has its
requirements: $PEERS_PYTHON, else build/peers (made here when pip works);
without it ours is timed alone. Writes build/bench.json and build/bench.svg and
prints the table. See README.md for what the columns mean.
"""
import argparse, json, os, statistics, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(ROOT, "build/bin")
WORK = os.path.join(ROOT, "build/bench-work")
SHARED = os.path.join(ROOT, "../shared")
MODEL = "all-MiniLM-L6-v2"


def run(*command, **env):
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def peers_python():
    python = os.environ.get("PEERS_PYTHON", os.path.join(ROOT, "build/peers/bin/python"))
    if os.path.exists(python):
        return python
    requirements = os.path.join(SHARED, "peers/requirements.txt")
    if not os.path.exists(requirements):
        return None
    try:
        subprocess.run([sys.executable, "-m", "venv", "build/peers"], cwd=ROOT, check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        print(f"bench: no peers: {e}", file=sys.stderr)
        return None
    return python


def peer(python, script, *options):
    out = run(python, os.path.join(SHARED, "peers", script), *options)
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def write_pairs(path, joined, limit):
    """Pairs of STS-B test sentences, each side joined[i % n] of them end to end."""
    with open(os.path.join(SHARED, "data/stsb/en-test.tsv"), encoding="utf-8") as f:
        rows = [line.split("\t")[:2] for line in f]
    with open(path, "w", encoding="utf-8") as out:
        at = 0
        for i in range(limit):
            n = joined[i % len(joined)]
            part = [rows[(at + k) % len(rows)] for k in range(n)]
            at += n
            out.write(" ".join(r[0] for r in part) + "\t" + " ".join(r[1] for r in part) + "\n")


def imported(name, columns="a,b"):
    store = os.path.join(WORK, name + ".lmdb")
    if not os.path.exists(store):
        run(f"{BIN}/records", "import", "--in", os.path.join(WORK, name + ".tsv"), "--columns", columns, "--out", store, "--quiet")
    return store


def speed_head():
    """A cross-encoder whose head is as good as new: speed only, as the peers'."""
    folder = os.path.join(WORK, "cross")
    if not os.path.isdir(folder):
        with open(os.path.join(WORK, "head.tsv"), "w") as f:
            f.write("one text\tthe same text\t1\nanother text\tsomething else\t0\n")
        run(f"{BIN}/cross-encoder-train", "--pairs", imported("head", "a,b,label"), "--base", MODEL, "--epochs", "1",
            "--max-length", "256", "--out", folder, "--quiet")
    return folder


def ours(task, store, precision, threads, repeats, isa):
    rates, info = [], {}
    for i in range(repeats):
        out = os.path.join(WORK, f"out-{i}.lmdb")
        if task == "cross":
            command = [f"{BIN}/cross-encoder-score", "--model", speed_head(), "--pairs", store]
        else:
            command = [f"{BIN}/encode", "--model", MODEL, "--texts", store]
        run(*command, "--out", out, "--precision", precision, "--threads", str(threads), "--isa", isa, "--force", "--quiet")
        with open(out + ".run.json", encoding="utf-8") as f:
            info = json.load(f)
        rates.append(info["pairs_per_second" if task == "cross" else "texts_per_second"])
    return statistics.median(rates), info


def scoring(args, python, rows):
    for name, joined, limit in (("pairs-30", (1, 2), 1200), ("pairs-60", (3, 4), 600), ("pairs-120", (7,), 300)):
        write_pairs(os.path.join(WORK, name + ".tsv"), joined, limit // (4 if args.quick else 1))
        backends = ["torch", "onnx", "onnx-int8", "openvino", "openvino-int8"]
        theirs = peer(python, "score.py", "--task", "cross", "--pairs", os.path.join(WORK, name + ".tsv"), "--threads", str(args.threads),
                      "--repeats", str(args.repeats), "--batch", "8", "32", "64", "--backend", *backends) if python else []
        add(args, rows, "cross", name, theirs)


def encoding(args, python, rows):
    name = "sentences"
    write_pairs(os.path.join(WORK, name + ".tsv"), (1,), 300 if args.quick else 1200)
    backends = ["torch", "onnx", "onnx-int8", "openvino", "openvino-int8"]
    theirs = peer(python, "score.py", "--task", "bi", "--pairs", os.path.join(WORK, name + ".tsv"), "--threads", str(args.threads),
                  "--repeats", str(args.repeats), "--batch", "8", "32", "64", "--backend", *backends) if python else []
    add(args, rows, "encode", name, theirs)


def latency(args, python, rows):
    name = "one"
    write_pairs(os.path.join(WORK, name + ".tsv"), (3, 4), 40 if args.quick else 150)
    theirs = peer(python, "score.py", "--task", "cross", "--pairs", os.path.join(WORK, name + ".tsv"), "--threads", "1",
                  "--repeats", str(args.repeats), "--batch", "1", "--backend", "torch", "onnx", "onnx-int8") if python else []
    add(args, rows, "cross", name, theirs, threads=1)


def add(args, rows, task, name, theirs, threads=None):
    threads = threads or args.threads
    rates = {r["backend"]: r["per_s"] for r in theirs if "per_s" in r}
    tokens = theirs[0]["tokens_mean"] if theirs else None
    for precision in args.precision:
        rate, info = ours(task, imported(name), precision, threads, args.repeats, args.isa)
        args.machine = f"{info['cpu']}, {info['isa']}, OpenBLAS {info.get('blas', '-')}"
        rows.append({"workload": f"{task} {name}", "precision": precision, "threads": threads, "tokens": tokens, "ours": round(rate, 1),
                     "peers": rates, "unit": "pairs/s" if task == "cross" else "texts/s"})
        show(rows[-1])


def training(args, python, rows):
    pairs = os.path.join(SHARED, "data/stsb/en-train.tsv")
    folder = os.path.join(os.environ.get("SILVERSMITH_CACHE", os.path.expanduser("~/.cache/silversmith")), "models", MODEL)
    bench = os.path.join(ROOT, "build/release/bench/bench_train")
    mine = [json.loads(line) for line in run(bench, folder, pairs, str(args.threads), "20").splitlines()]
    theirs = peer(python, "train.py", "--pairs", pairs, "--threads", str(args.threads)) if python else []
    for m in mine:
        rates = {"torch": r["pairs_per_s"] for r in theirs if (r["task"], r["batch"]) == (m["task"], m["batch"])}
        rows.append({"workload": f"train {m['task']} batch {m['batch']}", "precision": "f32", "threads": args.threads,
                     "tokens": None, "ours": m["pairs_per_s"], "peers": rates, "unit": "pairs/s"})
        show(rows[-1])


def show(r):
    ratios = "  ".join(f"{k} {v:.0f} ({r['ours'] / v:.2f}x)" for k, v in r["peers"].items())
    print(f"{r['workload']:22} {r['precision']:5} {r['tokens'] or '':>6} tokens {r['ours']:9.1f} {r['unit']}   {ratios}", flush=True)


def chart(path, rows, title):
    """A bar a row: how many times as fast as the fastest peer of its kind."""
    bars = [(f"{r['workload']} {r['precision']}", r["ours"] / max(r["peers"].values())) for r in rows if r["peers"]]
    if not bars:
        return
    top, height = max(x for _, x in bars), 22 * len(bars) + 50
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" font-family="sans-serif" font-size="12">',
           f'<text x="8" y="18">silversmith / fastest peer, same run: {title}</text>']
    for i, (name, x) in enumerate(bars):
        y, width = 34 + 22 * i, 400 * x / max(top, 1.0)
        out += [f'<text x="8" y="{y + 12}">{name}</text>', f'<rect x="250" y="{y}" width="{width:.0f}" height="15" fill="#4a7"/>',
                f'<text x="{256 + width:.0f}" y="{y + 12}">{x:.2f}</text>']
    one = 250 + 400 / max(top, 1.0)
    out += [f'<line x1="{one:.0f}" y1="28" x2="{one:.0f}" y2="{height - 12}" stroke="#444"/>', "</svg>"]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--quick", action="store_true", help="a quarter of the texts")
    p.add_argument("--only", nargs="+", default=["cross", "encode", "one", "train"], choices=["cross", "encode", "one", "train"])
    p.add_argument("--precision", nargs="+", default=["f32", "bf16", "int8"])
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--isa", default="auto")
    args = p.parse_args()
    args.machine, rows, python = "", [], peers_python()
    os.makedirs(WORK, exist_ok=True)
    for name, fn in (("cross", scoring), ("encode", encoding), ("one", latency), ("train", training)):
        if name in args.only:
            fn(args, python, rows)
    load = os.getloadavg()[0]
    print(f"{args.machine}, {args.threads} threads, load {load:.1f}")
    with open(os.path.join(ROOT, "build/bench.json"), "w", encoding="utf-8") as f:
        json.dump({"machine": args.machine, "threads": args.threads, "load": load, "rows": rows}, f, indent=1)
    chart(os.path.join(ROOT, "build/bench.svg"), rows, args.machine)


main()
