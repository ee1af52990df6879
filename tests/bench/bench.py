#!/usr/bin/env python3
"""bench.py - scoring, encoding and training beside the peers, in one run.

    tests/bench/bench.py [--quick] [--only WORKLOAD...] [--merge]

Every workload runs ours and the peers in turn on the same texts with the same
threads; text in, scores or vectors out; the peers at their best batch size.
Rates are medians. Needs ../shared/peers and a Python that has its
requirements: $PEERS_PYTHON, else build/peers (made here when pip works);
without it ours is timed alone. --isa avx2 holds ours, torch and OpenVINO to
AVX2 (ONNX Runtime cannot be held). Writes build/bench.json, build/bench.md and
build/bench.svg and prints the table; with --merge rows of other workloads stay
as they were. See README.md for what the columns mean.
"""
import argparse, json, os, random, re, shutil, statistics, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(ROOT, "build/bin")
BENCH = os.path.join(ROOT, "build/release/bench")
WORK = os.path.join(ROOT, "build/bench-work")
SHARED = os.path.join(ROOT, "../shared")
MODEL = "all-MiniLM-L6-v2"
MINILM, BASE = (6, 384, 1536), (12, 768, 3072)  # layers, width, feed-forward
ALL = ["torch", "onnx", "openvino", "onnx-int8", "openvino-int8"]
HELD = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2"}


def run(*command, **env):
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def models():
    return os.path.join(os.environ.get("SILVERSMITH_CACHE", os.path.expanduser("~/.cache/silversmith")), "models")


# ---- the peers ----

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


def peer(args, script, *options):
    if not args.python:
        return []
    held = HELD if args.isa == "avx2" else {}
    out = run(args.python, os.path.join(SHARED, "peers", script), *options, **held)
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def scored_by_peers(args, task, name, threads, backends, batches, model=None):
    extra = ["--model", model] if model else []
    rows = peer(args, "score.py", "--task", task, "--pairs", os.path.join(WORK, name + ".tsv"), "--threads", str(threads),
                "--repeats", str(args.repeats), "--batch", *batches, "--backend", *backends, *extra)
    for r in rows:
        if "error" in r:
            print(f"bench: {r['backend']} cannot run: {r['error']}", file=sys.stderr)
    return {r["backend"]: r["per_s"] for r in rows if "per_s" in r}, next((r["tokens_mean"] for r in rows if "tokens_mean" in r), None)


# ---- texts and models ----

def write_pairs(name, joined, limit):
    """Pairs of STS-B test sentences, each side joined[i % n] of them end to end."""
    with open(os.path.join(SHARED, "data/stsb/en-test.tsv"), encoding="utf-8") as f:
        rows = [line.split("\t")[:2] for line in f]
    random.Random(1).shuffle(rows)  # the file's sentences grow longer
    with open(os.path.join(WORK, name + ".tsv"), "w", encoding="utf-8") as out:
        at = 0
        for i in range(limit):
            n = joined[i % len(joined)]
            part = [rows[(at + k) % len(rows)] for k in range(n)]
            at += n
            out.write(" ".join(r[0] for r in part) + "\t" + " ".join(r[1] for r in part) + "\n")


def imported(name, columns="a,b"):
    store = os.path.join(WORK, name + ".lmdb")
    run(f"{BIN}/records", "import", "--in", os.path.join(WORK, name + ".tsv"), "--columns", columns, "--out", store, "--quiet", "--force")
    return store


def speed_head():
    """A cross-encoder whose head is as good as new: speed only, as the peers'."""
    folder = os.path.join(WORK, "cross")
    if not os.path.isdir(folder):
        with open(os.path.join(WORK, "head.tsv"), "w", encoding="utf-8") as f:
            f.write("one text\tthe same text\t1\nanother text\tsomething else\t0\n")
        run(f"{BIN}/cross-encoder-train", "--pairs", imported("head", "a,b,label"), "--base", MODEL, "--epochs", "1",
            "--max-length", "256", "--out", folder, "--quiet")
    return folder


def bert_base(args):
    """BERT-base with random weights and the MiniLM's tokenizer; None without the peers' Python."""
    folder = os.path.join(WORK, "bert-base")
    if args.python and not os.path.isdir(folder):
        run(args.python, "-c", f"""
import torch, transformers
torch.manual_seed(1)
config = transformers.BertConfig(num_labels=1)
transformers.BertForSequenceClassification(config).save_pretrained({folder!r})""")
        for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
            if os.path.exists(os.path.join(models(), MODEL, name)):
                shutil.copy(os.path.join(models(), MODEL, name), folder)
    return folder if os.path.isdir(folder) else None


# ---- ours ----

def ours(args, task, store, precision, threads, model):
    rates, info = [], {}
    for i in range(args.repeats):
        out = os.path.join(WORK, "out.lmdb")
        if task == "cross":
            command = [f"{BIN}/cross-encoder-score", "--model", model, "--pairs", store]
        else:
            command = [f"{BIN}/encode", "--model", model, "--texts", store]
        run(*command, "--out", out, "--precision", precision, "--threads", str(threads), "--isa", args.isa, "--force", "--quiet")
        with open(out + ".run.json", encoding="utf-8") as f:
            info = json.load(f)
        rates.append(info["pairs_per_second" if task == "cross" else "texts_per_second"])
    return statistics.median(rates), info


def peaks(threads, isa):
    """1e9 operations a second of this machine's instructions, by precision."""
    return json.loads(run(f"{BENCH}/bench_peak", str(threads), BENCH_ISA=isa))


def of_floor(rate, tokens, shape, peak, passes=1):
    """Part of the peak that the model's products and attention come to, nothing saved."""
    if not tokens or not peak:
        return None
    layers, width, wide = shape
    each = layers * (8 * width * width + 4 * width * wide + 4 * width * tokens)
    return round(rate * tokens * each * passes * 1e-9 / peak, 2)


def add(args, task, name, theirs, threads=None, model=None, shape=MINILM, label=None):
    rates, tokens = theirs
    threads = threads or args.threads
    store, peak = imported(name), peaks(threads, args.isa)
    for precision in args.precision:
        if peak[precision] is None:
            continue
        rate, info = ours(args, task, store, precision, threads, model or (speed_head() if task == "cross" else MODEL))
        args.machine = f"{info['cpu']}, {info['isa']}, OpenBLAS {info.get('blas', '-')}"
        emit(args, {"workload": label or f"{task} {name}", "precision": precision, "threads": threads, "tokens": tokens, "ours": round(rate, 1),
                    "unit": "pairs/s" if task == "cross" else "texts/s", "peers": rates,
                    "floor": of_floor(rate, tokens, shape, peak[precision]), "peak_mib": info["peak_bytes"] >> 20})


# ---- workloads ----

def pairs(name, joined, limit):
    def workload(args):
        write_pairs(name, joined, limit // (4 if args.quick else 1))
        add(args, "cross", name, scored_by_peers(args, "cross", name, args.threads, ALL, ["8", "32", "64"]))
    return workload


def encode(args):
    write_pairs("sentences", (1,), 300 if args.quick else 1300)
    add(args, "bi", "sentences", scored_by_peers(args, "bi", "sentences", args.threads, ALL, ["8", "32", "64"]), label="encode sentences")


def one(args):
    write_pairs("one", (2, 2, 3), 40 if args.quick else 150)
    add(args, "cross", "one", scored_by_peers(args, "cross", "one", 1, ["torch", "onnx", "onnx-int8"], ["1"]), threads=1, label="one pair at a time")


def base(args):
    write_pairs("base", (2, 2, 3), 40 if args.quick else 120)
    folder = bert_base(args)
    if folder:
        add(args, "cross", "base", scored_by_peers(args, "cross", "base", args.threads, ALL, ["8", "32"], folder), model=folder, shape=BASE,
            label="BERT-base pairs-60")


def train(args):
    pairs = os.path.join(SHARED, "data/stsb/en-train.tsv")
    peak = peaks(args.threads, args.isa)
    mine = [json.loads(line) for line in run(f"{BENCH}/bench_train", os.path.join(models(), MODEL), pairs, str(args.threads),
                                             "10" if args.quick else "30", BENCH_ISA=args.isa).splitlines()]
    theirs = peer(args, "train.py", "--pairs", pairs, "--threads", str(args.threads))
    for m in mine:
        rates = {"torch": r["pairs_per_s"] for r in theirs if (r["task"], r["batch"]) == (m["task"], m["batch"])}
        tokens = m["tokens_mean"]
        emit(args, {"workload": f"train {m['task']} batch {m['batch']}", "precision": m["precision"], "threads": args.threads, "tokens": tokens,
                    "ours": m["pairs_per_s"], "unit": "pairs/s", "peers": rates,
                    "floor": of_floor(m["pairs_per_s"], tokens, MINILM, peak[m["precision"]], passes=3)})


def memory(args):
    """Peaks of whole training runs: MiniLM at batch 32, BERT-base at batch 16."""
    with open(os.path.join(SHARED, "data/stsb/en-train.tsv"), encoding="utf-8") as f, \
            open(os.path.join(WORK, "some.tsv"), "w", encoding="utf-8") as out:
        out.writelines(line for _, line in zip(range(320), f))
    store = os.path.join(WORK, "some.lmdb")
    run(f"{BIN}/records", "import", "--in", os.path.join(WORK, "some.tsv"), "--columns", "a,b,score", "--score-range", "0:5", "--out", store,
        "--quiet", "--force")
    for name, model, batch in (("MiniLM", MODEL, 32), ("BERT-base", bert_base(args), 16)):
        if not model:
            continue
        out = os.path.join(WORK, "trained")
        run(f"{BIN}/cross-encoder-train", "--pairs", store, "--base", model, "--epochs", "1" if model == MODEL else "0.2", "--batch", str(batch),
            "--threads", str(args.threads), "--out", out, "--isa", args.isa, "--quiet", "--force")
        with open(out + ".run.json", encoding="utf-8") as f:
            peak = json.load(f)["peak_bytes"]
        emit(args, {"workload": f"memory of training {name} batch {batch}", "precision": "f32", "threads": args.threads, "tokens": None,
                    "ours": peak >> 20, "unit": "MiB", "peers": {}, "floor": None})


# ---- what came out ----

def best_of_kind(r):
    """The peers that a row is compared with: int8 with int8, else f32."""
    return {k: v for k, v in r["peers"].items() if k.endswith("int8") == (r["precision"] == "int8")}


def emit(args, r):
    args.rows.append(r)
    ratios = "  ".join(f"{k} {v:.0f} ({r['ours'] / v:.2f}x)" for k, v in r["peers"].items())
    floor = f"{r['floor']:.0%} of floor" if r["floor"] else ""
    print(f"{r['workload']:22} {r['precision']:5} {r['tokens'] or '':>6} tokens {r['ours']:9.1f} {r['unit']} {floor:13} {ratios}", flush=True)


def table(rows):
    peers = [p for p in ALL if any(p in r["peers"] for r in rows)]
    head = ["workload", "tokens", "precision", "ours", *peers, "ours / best of its kind", "ours / torch", "of the floor"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for r in rows:
        kind = best_of_kind(r)
        cells = [r["workload"], r["tokens"] or "", r["precision"], f"{r['ours']:,.0f} {r['unit']}"]
        cells += [f"{r['peers'][p]:,.0f}" if p in r["peers"] else "" for p in peers]
        cells += [f"{r['ours'] / max(kind.values()):.2f}" if kind else "", f"{r['ours'] / r['peers']['torch']:.2f}" if "torch" in r["peers"] else "",
                  f"{r['floor']:.0%}" if r["floor"] else ""]
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    return "\n".join(lines) + "\n"


def chart(rows, title):
    """A bar a row: how many times as fast as the fastest peer of its kind."""
    bars = [(f"{r['workload']} {r['precision']}", r["ours"] / max(best_of_kind(r).values())) for r in rows if best_of_kind(r)]
    if not bars:
        return
    top, height = max(x for _, x in bars), 22 * len(bars) + 50
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" font-family="sans-serif" font-size="12">',
           f'<text x="8" y="18">silversmith / fastest peer of its kind, same run: {title}</text>']
    for i, (name, x) in enumerate(bars):
        y, width = 34 + 22 * i, 400 * x / max(top, 1.0)
        out += [f'<text x="8" y="{y + 12}">{name}</text>', f'<rect x="250" y="{y}" width="{width:.0f}" height="15" fill="#4a7"/>',
                f'<text x="{256 + width:.0f}" y="{y + 12}">{x:.2f}</text>']
    mark = 250 + 400 / max(top, 1.0)
    out += [f'<line x1="{mark:.0f}" y1="28" x2="{mark:.0f}" y2="{height - 12}" stroke="#444"/>', "</svg>"]
    with open(os.path.join(ROOT, "build/bench.svg"), "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


def merged(args):
    """This run's rows, after those of an earlier run whose workloads it left out."""
    path, new = os.path.join(ROOT, "build/bench.json"), {r["workload"] for r in args.rows}
    if not args.merge or not os.path.exists(path):
        return args.rows
    with open(path, encoding="utf-8") as f:
        before = json.load(f)
    return [r for r in before["rows"] if r["workload"] not in new] + args.rows


def finish(args):
    rows, load = merged(args), os.getloadavg()[0]
    args.machine = args.machine or re.sub(r"[{}\"]", "", json.dumps(peaks(args.threads, args.isa)))
    title = f"{args.machine}, {args.threads} threads"
    with open(os.path.join(ROOT, "build/bench.json"), "w", encoding="utf-8") as f:
        json.dump({"machine": args.machine, "threads": args.threads, "load": load, "peak": peaks(args.threads, args.isa), "rows": rows}, f, indent=1)
    with open(os.path.join(ROOT, "build/bench.md"), "w", encoding="utf-8") as f:
        f.write(f"{title}\n\n{table(rows)}")
    chart(rows, title)
    print(f"\n{title}, load {load:.1f}\n\n{table(rows)}")


def main():
    workloads = {"pairs-30": pairs("pairs-30", (1,) * 7 + (2,), 1200), "pairs-60": pairs("pairs-60", (2, 2, 3), 600),
                 "pairs-120": pairs("pairs-120", (5, 5, 5, 4), 300), "encode": encode, "one": one, "base": base, "train": train, "memory": memory}
    p = argparse.ArgumentParser()
    p.add_argument("--quick", action="store_true", help="a quarter of the texts")
    p.add_argument("--only", nargs="+", default=list(workloads), choices=list(workloads))
    p.add_argument("--precision", nargs="+", default=["f32", "bf16", "int8"])
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--isa", default="auto")
    p.add_argument("--merge", action="store_true", help="keep rows of other workloads in build/bench.json")
    args = p.parse_args()
    args.machine, args.rows, args.python = "", [], peers_python()
    os.makedirs(WORK, exist_ok=True)
    for name in args.only:
        workloads[name](args)
    finish(args)


main()
