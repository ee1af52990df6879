#!/usr/bin/env python3
"""Runs pipelines/results.json for several seeds and numbers of gold pairs, multilingual.json and domain.json for the first seed, and writes
pipelines/RESULTS.md.

Outputs are kept by fingerprint: run again, only what is missing is made. Rows that no run has reached are left out.
"""
import argparse, json, os, statistics, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("BIN") or os.path.join(ROOT, "build", "bin")

# step of the model's evaluation, what it is
ROWS = [("zero", "zero-shot"), ("bi-eval", "gold only"), ("cross-plain-eval", "cross-encoder, gold only"),
        ("cross-eval", "cross-encoder, warm-started, then gold"), ("cross-long-eval", "... warmed up for six epochs"), ("zero-big", "bge-small-en-v1.5, zero-shot"),
        ("sister-eval", "bge-small-en-v1.5, gold only"), ("teacher", "teacher: all three together"),
        ("student-eval", "augmented: silver with soft labels, then gold"), ("hard-eval", "augmented, hard labels (0.85 / 0.2)"),
        ("random-eval", "random pairs, soft labels"), ("random-hard-eval", "random pairs, hard labels"),
        ("small-zero", "3 layers (0, 2, 5), zero-shot"), ("small-gold-eval", "3 layers, gold only"), ("small-eval", "3 layers, augmented")]
# augmented model, what it is compared with
PAIRS = [("student", "bi", "augmented against gold only"), ("student-hard", "bi", "hard labels against gold only"),
         ("small-student", "small-gold", "3 layers, augmented against gold only")]


# pipeline, heading, figure, sets, text, rows
OTHERS = [
    ("multilingual", "Chinese from English", "spearman", ["dev", "test", "source-test"],
     ["STS-B Chinese, cosine Spearman x 100, from the English all-MiniLM-L6-v2 (`pipelines/multilingual.json`): the sentences of the English",
      "training set with their translations, 11,498 pairs. Chinese labels are read where the row says so. source-test is the English test set."],
     [("base-eval", "the English model"), ("extended-eval", "new tokens with rows from translations"),
      ("labels-only-eval", "... and 1,000 labels"), ("distilled-eval", "... distilled on the translations"),
      ("tuned-eval", "... distilled, and 1,000 labels")]),
    ("domain", "A domain: Quora questions", "average_precision", ["dev", "test"],
     ["QQP, average precision x 100 with 500 gold pairs (`pipelines/domain.json`): 3,000 rows of raw text, 2,000 pairs dev, 8,000 test."],
     [("base-eval", "all-MiniLM-L6-v2 as it is"), ("adapted-eval", "after TSDAE"), ("b-gold-eval", "gold only"),
      ("a-gold-eval", "TSDAE, gold only"), ("sister-eval", "bge-small-en-v1.5, gold only"), ("cross-eval", "cross-encoder, warm-started, then gold"),
      ("b-eval", "augmented"), ("a-eval", "TSDAE, augmented")]),
]


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", default=os.path.join(ROOT, "..", "shared", "data", "stsb"))
    p.add_argument("--runs", default=os.path.join(ROOT, "build", "results-runs"))
    p.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    p.add_argument("--gold", type=int, nargs="+", default=[1000, 500])
    p.add_argument("--until", action="append", default=[], help="only what this step needs (may be repeated)")
    p.add_argument("--collect", action="store_true", help="run nothing, write the table of what there is")
    p.add_argument("--out", default=os.path.join(ROOT, "pipelines", "RESULTS.md"))
    return p.parse_args()


def sentences(o):
    """The training sentences without labels, a line each."""
    path = os.path.join(o.runs, "en-train.txt")
    os.makedirs(o.runs, exist_ok=True)
    with open(os.path.join(o.data, "en-train.tsv"), encoding="utf-8") as f, open(path + ".tmp", "w", encoding="utf-8") as to:
        for line in f:
            to.write("".join(s + "\n" for s in line.split("\t")[:2]))
    if not os.path.exists(path) or open(path, "rb").read() != open(path + ".tmp", "rb").read():
        os.replace(path + ".tmp", path)
    return path


def folder(o, gold, seed):
    return os.path.join(o.runs, "g%d-s%d" % (gold, seed))


def join(to, *paths):
    """Lines of files side by side: the first two columns of each, in turn; or one file as it is."""
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            rows.append([line.rstrip("\n").split("\t") for line in f])
    with open(to, "w", encoding="utf-8") as f:
        if len(paths) == 1:
            f.writelines("\t".join(r) + "\n" for r in rows[0])
        else:
            f.writelines("%s\t%s\n" % (a[k], b[k]) for a, b in zip(*rows) for k in (0, 1))


def other_data(o, name):
    """The folder that the pipeline wants, made of the data sets'."""
    to = os.path.join(o.runs, name + "-data")
    os.makedirs(to, exist_ok=True)
    if name == "multilingual":
        join(os.path.join(to, "aligned.tsv"), os.path.join(o.data, "en-train.tsv"), os.path.join(o.data, "zh-train.tsv"))
        for part in ("train", "dev", "test"):
            join(os.path.join(to, part + ".tsv"), os.path.join(o.data, "zh-%s.tsv" % part))
        join(os.path.join(to, "source-test.tsv"), os.path.join(o.data, "en-test.tsv"))
    else:
        for part, of in ("train", "dev"), ("dev", "test"):
            join(os.path.join(to, part + ".tsv"), os.path.join(o.data, "..", "qqp", of + ".tsv"))
    return to


def run_others(o):
    for name, *_ in OTHERS:
        subprocess.run([os.path.join(BIN, "silversmith"), "run", os.path.join(ROOT, "pipelines", name + ".json"), "--runs", o.runs, "--set",
                        "data=" + other_data(o, name), "--set", "precision=bf16", "--set", "seed=%d" % o.seeds[0]], check=True,
                       stdout=subprocess.DEVNULL)


def run(o, gold, seed):
    base = [os.path.join(BIN, "silversmith"), "run", os.path.join(ROOT, "pipelines", "results.json"), "--runs", folder(o, gold, seed),
            "--set", "data=" + o.data, "--set", "sentences=" + sentences(o), "--set", "gold=%d" % gold, "--set", "seed=%d" % seed]
    for more in [["--until", s] for s in o.until] or [[]]:
        subprocess.run(base + more, check=True, stdout=subprocess.DEVNULL)


def output(o, gold, seed, step):
    """The step's output, or None."""
    return latest(os.path.join(folder(o, gold, seed), "results"), step)


def latest(run_of, step):
    at = os.path.join(run_of, step)
    try:
        with open(os.path.join(at, "current")) as f:
            at = os.path.join(at, f.read().strip())
    except OSError:
        return None
    found = [p for p in (os.path.join(at, step), os.path.join(at, step + ".lmdb")) if os.path.exists(p)]
    return found[0] if found else None


def ranks(x):
    order = sorted(range(len(x)), key=lambda i: x[i])
    r, i = [0.0] * len(x), 0
    while i < len(x):
        j = i
        while j + 1 < len(x) and x[order[j + 1]] == x[order[i]]:
            j += 1
        for k in range(i, j + 1):
            r[order[k]] = (i + j) / 2
        i = j + 1
    return r


def spearman(x, y):
    return statistics.correlation(ranks(x), ranks(y))


def teacher(o, gold, seed, name):
    store = output(o, gold, seed, name + "-teacher")
    if not store:
        return None
    text = subprocess.run([os.path.join(BIN, "records"), "show", "--in", store, "--limit", "100000", "--json"], check=True, capture_output=True,
                          text=True).stdout
    rows = [json.loads(line) for line in text.splitlines()]
    return 100 * spearman([r["score"] for r in rows], [r["label"] for r in rows])


def figure(at, name, what):
    """A figure x 100 of an evaluation's set, or None."""
    if not at:
        return None
    with open(os.path.join(at, "results.json")) as f:
        for s in json.load(f)["sets"]:
            if s["name"] == name:
                return 100 * s["scores"][s["main"]][what]
    return None


def score(o, gold, seed, step, name):
    """Spearman x 100 on dev or test, or None."""
    return teacher(o, gold, seed, name) if step == "teacher" else figure(output(o, gold, seed, step), name, "spearman")


def compare(o, gold, seed, this, that):
    a, b, test = (output(o, gold, seed, s) for s in (this, that, "test"))
    if not a or not b or not test:
        return None
    text = subprocess.run([os.path.join(BIN, "stsb-eval"), "--model", a, "--against", b, "--pairs", test, "--json", "--quiet"], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(text)["sets"][0]["against"]["figures"]["spearman"]


def mean(values):
    return "%.2f" % values[0] if len(values) == 1 else "%.2f ± %.2f" % (statistics.mean(values), statistics.stdev(values))


def table(o, gold):
    out = ["", "## %d gold pairs" % gold, "", "| model | dev | test | seeds |", "|---|---|---|---|"]
    for step, what in ROWS:
        dev = [v for v in (score(o, gold, s, step, "dev") for s in o.seeds) if v is not None]
        test = [v for v in (score(o, gold, s, step, "test") for s in o.seeds) if v is not None]
        if dev and test:
            out.append("| %s | %s | %s | %d |" % (what, mean(dev), mean(test), len(test)))
    more = ["", "| on test | difference | 95 % interval, p, by seed |", "|---|---|---|"]
    for this, that, what in PAIRS:
        got = [(s, compare(o, gold, s, this, that)) for s in o.seeds]
        got = [(s, g) for s, g in got if g]
        if got:
            more.append("| %s | %s | %s |" % (what, mean([100 * g["difference"] for _, g in got]), "; ".join(
                "%d: %+.2f to %+.2f, %.3f" % (s, 100 * g["interval"][0], 100 * g["interval"][1], g["p"]) for s, g in got)))
    return out + (more if len(more) > 3 else []) if len(out) > 5 else []


def other_table(o, name, heading, what, sets, text, rows):
    out = ["", "## " + heading, ""] + text[:-1] + [text[-1] + " Seed %d." % o.seeds[0], "", "| model | %s |" % " | ".join(sets), "|---" * (len(sets) + 1) + "|"]
    n = len(out)
    for step, label in rows:
        got = [figure(latest(os.path.join(o.runs, name), step), x, what) for x in sets]
        if None not in got:
            out.append("| %s | %s |" % (label, " | ".join("%.2f" % x for x in got)))
    return out if len(out) > n else []


def machine():
    with open("/proc/cpuinfo") as f:
        cpu = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "unknown CPU")
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return cpu, commit or "unknown"


def main():
    o = options()
    for gold in o.gold if not o.collect else []:
        for seed in o.seeds:
            run(o, gold, seed)
    if not o.collect and not o.until:
        run_others(o)
    cpu, commit = machine()
    text = ["# Results", "",
            "STS-B English, cosine Spearman x 100 (cross-encoders and the teacher: of their scores), mean ± standard deviation over seeds; a seed",
            "draws the gold pairs as well. Base all-MiniLM-L6-v2; the teacher is three models that saw the same gold: the gold-only student,",
            "bge-small-en-v1.5 tuned on gold, and the warm-started cross-encoder, weighed and calibrated on dev. Silver: BM25 pairs of the training",
            "sentences, whose labels are not read. Settings were chosen on dev, seed 1; dev also picks the best epoch. `make results` makes this file",
            "again (`pipelines/results.json`, bf16 products). %s, commit %s, seeds %s." % (cpu, commit, " ".join(map(str, o.seeds)))]
    for gold in o.gold:
        text += table(o, gold)
    for other in OTHERS:
        text += other_table(o, *other)
    with open(o.out, "w") as f:
        f.write("\n".join(text) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    sys.exit(main())
