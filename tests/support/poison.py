# poison.py MODEL WORD - the word's embedding in the folder's model.safetensors
# becomes so large that a layer norm of it is no number.
import json, struct, sys

folder, word = sys.argv[1:]
with open(folder + "/tokenizer.json", encoding="utf-8") as f:
    row = json.load(f)["model"]["vocab"][word]
with open(folder + "/model.safetensors", "r+b") as f:
    head = struct.unpack("<Q", f.read(8))[0]
    names = json.loads(f.read(head))
    at = next(names[n] for n in names if n.endswith("word_embeddings.weight"))
    width = at["shape"][1]
    f.seek(8 + head + at["data_offsets"][0] + 4 * width * row)
    f.write(struct.pack("<%df" % width, *[3e38 * (-1) ** i for i in range(width)]))
