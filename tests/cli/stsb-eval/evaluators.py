"""Our CSV files and intervals beside the library's evaluators and SciPy's.

evaluators.py MODEL GRADED.tsv BINARY.tsv TRIPLETS.tsv OURS THEIRS
OURS: the folder that stsb-eval --out wrote; THEIRS: scratch for the library.
"""
import csv, glob, json, os, sys

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
from scipy.stats import bootstrap, spearmanr
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import (
    BinaryClassificationEvaluator, EmbeddingSimilarityEvaluator, TripletEvaluator)

folder, graded, binary, triplets, ours, theirs = sys.argv[1:7]
FUNCTIONS = ["cosine", "euclidean", "manhattan", "dot"]

def rows(path):
    with open(path, encoding="utf-8") as f:
        return list(zip(*[l.rstrip("\n").split("\t") for l in f]))

model = SentenceTransformer(folder, device="cpu")
os.makedirs(theirs, exist_ok=True)
a, b, y = rows(graded)
gold = [float(v) / 5 for v in y]
EmbeddingSimilarityEvaluator(a, b, gold, similarity_fn_names=FUNCTIONS, name="graded")(model, output_path=theirs)
c, d, z = rows(binary)
labels = [int(float(v)) for v in z]
BinaryClassificationEvaluator(c, d, labels, similarity_fn_names=FUNCTIONS, name="binary")(model, output_path=theirs)
EmbeddingSimilarityEvaluator(c, d, labels, similarity_fn_names=FUNCTIONS, name="binary")(model, output_path=theirs)
p, q, n = rows(triplets)
TripletEvaluator(p, q, n, similarity_fn_names=FUNCTIONS, name="triplets")(model, output_path=theirs)

def table(path):
    with open(path, newline="", encoding="utf-8") as f:
        raw = f.read()
    assert "\r\n" in raw, path
    head, row = list(csv.reader(raw.splitlines()))[:2]
    return head, row

good = True
for path in sorted(glob.glob(theirs + "/*.csv")):
    name = os.path.basename(path)
    head, row = table(path)
    mine, got = table(os.path.join(ours, name))
    same = head == mine and row[:2] == got[:2]
    # A cut-off between two scores moves with their last digits.
    off = [(h, w, g) for h, w, g in zip(head[2:], row[2:], got[2:])
           if abs(float(w) - float(g)) > (1e-4 if "threshold" in h else 2e-5) * max(1, abs(float(w)))]
    print(name, "same columns" if same else ("other columns", head, mine), "same values" if not off else off)
    good &= same and not off

# SciPy draws other samples: the ends agree to the noise of 1,000 draws.
cos = model.similarity_pairwise(model.encode(a), model.encode(b)).numpy()
want = bootstrap((cos, np.array(gold)), lambda u, v: spearmanr(u, v).statistic, paired=True, vectorized=False,
                 n_resamples=1000, method="percentile", rng=1).confidence_interval
with open(ours + "/results.json", encoding="utf-8") as f:
    sets = {s["name"]: s for s in json.load(f)["sets"]}
got = sets["graded"]["scores"]["cosine"]["interval"]["spearman"]
near = max(abs(got[0] - want.low), abs(got[1] - want.high)) < 0.15 * (want.high - want.low)
print("interval as SciPy's" if near else ("interval", got, want))
sys.exit(0 if good and near else 1)
