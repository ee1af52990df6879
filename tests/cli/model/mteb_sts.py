"""A folder of ours in MTEB's STS tasks, unchanged: a task over our own STS-B file.

mteb_sts.py MODEL GOLD.tsv SCRATCH    prints cosine Spearman x 100 of the task
"""
import json, os, sys

folder, gold, scratch = sys.argv[1:4]
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=scratch, MTEB_CACHE=scratch + "/mteb")
import mteb
from datasets import Dataset, DatasetDict
from mteb.abstasks import AbsTaskSTS
from mteb.abstasks.task_metadata import TaskMetadata
from sentence_transformers import SentenceTransformer

class OurSTSBenchmark(AbsTaskSTS):
    metadata = TaskMetadata(
        name="OurSTSBenchmark", description="STS-B test from a file", reference=None, type="STS", category="t2t",
        modalities=["text"], eval_splits=["test"], eval_langs=["eng-Latn"], main_score="cosine_spearman",
        dataset={"path": "local/stsb", "revision": "1"}, date=None, domains=None, task_subtypes=None, license=None,
        annotations_creators=None, dialect=None, sample_creation=None, bibtex_citation=None)

    def load_data(self, *args, **kwargs):
        with open(gold, encoding="utf-8") as f:
            rows = [l.rstrip("\n").split("\t") for l in f]
        columns = {"sentence1": [r[0] for r in rows], "sentence2": [r[1] for r in rows], "score": [float(r[2]) for r in rows]}
        self.dataset = DatasetDict({"test": Dataset.from_dict(columns)})
        self.data_loaded = True

model = SentenceTransformer(folder, device="cpu")
result = mteb.evaluate(model, OurSTSBenchmark(), cache=None, encode_kwargs={"batch_size": 64, "show_progress_bar": False})
scores = result.task_results[0].scores["test"][0]
print(f"{100 * scores['cosine_spearman']:.2f}")
