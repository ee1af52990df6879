"""extend_vocab_ids.py FOLDER... < texts: what the library's tokenizers of the folders make of texts: unknown tokens, vocabulary,
and whether vocab.txt, tokenizer.json and config.json agree."""
import json, os, sys

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoTokenizer

texts = [line.rstrip("\n") for line in sys.stdin]
rows = []
for folder in sys.argv[1:]:
    t = AutoTokenizer.from_pretrained(folder)
    ids = t(texts)["input_ids"]
    with open(os.path.join(folder, "config.json")) as f:
        size = json.load(f)["vocab_size"]
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as f:
        lines = f.read().split("\n")[:-1]
    same = len(t) == len(lines) == size and t.convert_ids_to_tokens(list(range(size))) == lines
    unknown = sum(row.count(t.unk_token_id) for row in ids)
    print("%s: %d unknown in %d texts; files %s" % (folder, unknown, len(texts), "agree" if same else "differ"))
    rows.append(ids)
print("same ids" if rows[0] == rows[1] else "other ids")
