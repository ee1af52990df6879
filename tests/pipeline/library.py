"""What we write, sentence-transformers loads: same vectors, same scores (1e-5).

library.py BI_FOLDER VECTORS.jsonl CROSS_FOLDER SCORED.jsonl
VECTORS: `records show --json` of a vectors store; SCORED: the same of scored pairs.
"""
import json, os, sys

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
from sentence_transformers import CrossEncoder, SentenceTransformer

def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(l) for l in f if l.startswith("{")]

def check(name, got, want):
    worst = float(np.abs(np.asarray(got) - np.asarray(want)).max())
    print(f"{name}: {len(want)} compared, largest difference {worst:.2e}")
    return worst <= 1e-5

bi, vectors, cross, scored = sys.argv[1:5]
rows = lines(vectors)[:200]
ok = check("vectors", SentenceTransformer(bi, device="cpu").encode([r["text"] for r in rows], show_progress_bar=False), [r["vector"] for r in rows])
rows = lines(scored)[:200]
ok &= check("scores", CrossEncoder(cross, device="cpu").predict([(r["a"], r["b"]) for r in rows], show_progress_bar=False), [r["score"] for r in rows])
sys.exit(0 if ok else 1)
