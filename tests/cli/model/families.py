"""The library's own models here and ours there.

families.py halve FOLDER OUT TYPE...  OUT: FOLDER with weights of TYPE (float16, bfloat16) on disk; any number of threes
families.py same < jobs               jobs: a line each, NAME FOLDER JSONL; are the library's vectors (or scores) of FOLDER
                                      those of JSONL (`records show --json`) to 1e-5?
"""
import json, os, shutil, sys

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np, torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from transformers import AutoModel, AutoModelForSequenceClassification


def is_cross(folder):
    with open(os.path.join(folder, "config.json")) as f:
        return "SequenceClassification" in json.load(f)["architectures"][0]


def halve(folder, out, kind):
    shutil.copytree(folder, out, copy_function=shutil.copyfile)
    m = (AutoModelForSequenceClassification if is_cross(folder) else AutoModel).from_pretrained(folder, dtype=torch.float32)
    m.to(getattr(torch, kind)).save_pretrained(out)


def ours(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.startswith("{")]


def theirs(folder, rows):
    kwargs = {"device": "cpu", "model_kwargs": {"dtype": torch.float32}}
    if is_cross(folder):
        return CrossEncoder(folder, **kwargs).predict([(r["a"], r["b"]) for r in rows], show_progress_bar=False)
    return SentenceTransformer(folder, **kwargs).encode([r["text"] for r in rows], show_progress_bar=False)


def same(name, folder, path):
    rows = ours(path)
    want = np.asarray([r.get("vector", r.get("score")) for r in rows], dtype=np.float64)
    worst = float(np.abs(theirs(folder, rows) - want).max())
    print("%s: %s" % (name, "equal" if len(rows) > 9 and worst <= 1e-5 else "%d differ by %.2e" % (len(rows), worst)))


if sys.argv[1] == "halve":
    for i in range(2, len(sys.argv), 3):
        halve(*sys.argv[i:i + 3])
else:
    for line in sys.stdin:
        same(*line.split())
