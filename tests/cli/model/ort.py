"""ONNX Runtime over an exported folder, beside what our own stages say.

ort.py vectors FOLDER VECTORS.jsonl BOUND     `records show --json` of a vectors store
ort.py scores FOLDER SCORED.jsonl BOUND      the same of scored pairs
ort.py angle FOLDER VECTORS.jsonl BOUND       1 - cosine of each vector to ours
ort.py check FOLDER                          the file against ONNX's own rules
ort.py jobs                                  any of these, a line each, from stdin
"""
import json, sys

import numpy as np
import onnx, onnxruntime
from tokenizers import Tokenizer


def check(folder):
    path = folder + "/onnx/model.onnx"
    onnx.checker.check_model(path, full_check=True)
    m = onnx.load(path)
    print("opset", m.opset_import[0].version, "initializers", sorted({onnx.TensorProto.DataType.Name(t.data_type) for t in m.graph.initializer}))
    for v in list(m.graph.input) + list(m.graph.output):
        print(v.name, [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim])
    return True


def load_tokenizer(folder):
    with open(folder + "/tokenizer_config.json") as f:
        config = json.load(f)
    longest = int(config["model_max_length"])
    try:
        with open(folder + "/sentence_bert_config.json") as f:
            longest = json.load(f)["max_seq_length"]
    except FileNotFoundError:
        pass
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    tokenizer.enable_truncation(longest)
    pad = config["pad_token"]
    pad = pad if isinstance(pad, str) else pad["content"]
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id(pad), pad_token=pad)
    return tokenizer


def compare(what, folder, path, bound):
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(l) for l in f if l.startswith("{")]
    tokenizer = load_tokenizer(folder)
    session = onnxruntime.InferenceSession(folder + "/onnx/model.onnx", providers=["CPUExecutionProvider"])
    asked = {i.name for i in session.get_inputs()}

    def run(inputs, name):
        encoded = tokenizer.encode_batch(inputs)
        feed = {"input_ids": [e.ids for e in encoded], "attention_mask": [e.attention_mask for e in encoded],
                "token_type_ids": [e.type_ids for e in encoded]}
        return session.run([name], {k: np.array(v, dtype=np.int64) for k, v in feed.items() if k in asked})[0]

    worst, turned, at = 0.0, 0.0, 0
    for size in [1, 3, 7, 16] * 100: # batches of many sizes, each padded to its longest
        part = rows[at:at + size]
        at += size
        if not part:
            break
        if what != "scores":
            got, want = run([r["text"] for r in part], "sentence_embedding"), [r["vector"] for r in part]
        else:
            got, want = run([(r["a"], r["b"]) for r in part], "scores")[:, 0], [r["score"] for r in part]
        worst = max(worst, float(np.abs(got - np.array(want)).max()))
        if what != "scores":
            nearest = np.sum(got * np.array(want), 1) / np.linalg.norm(got, axis=1) / np.linalg.norm(want, axis=1)
            turned = max(turned, float(1 - nearest.min()))
    if what == "angle":
        worst = turned
    print(f"{what}: {len(rows)} compared,", "within the bound" if worst <= bound else f"largest difference {worst:.2e}, bound {bound:.0e}")
    print(f"{folder}: largest difference {worst:.2e}", file=sys.stderr)
    return worst <= bound


def job(what, folder, *rest):
    return check(folder) if what == "check" else compare(what, folder, rest[0], float(rest[1]))


good = True
if sys.argv[1] == "jobs":
    for line in sys.stdin:
        print(line.split()[1], end=" ")
        good &= job(*line.split())
else:
    good = job(*sys.argv[1:])
sys.exit(0 if good else 1)
