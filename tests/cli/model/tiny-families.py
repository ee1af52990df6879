"""Tiny random models of every family as transformers writes them.

tiny-families.py [CASE...]  makes CASE/bi and CASE/cross of these cases, or of
                            every one below, and prints them

Cases: a family; a family and the type of its weights; -old: as other tools
leave it, vocab.txt without tokenizer.json, LayerNorms as gamma and beta, no
prefix before a classifier's body.
"""
import json, os, sys, warnings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
warnings.filterwarnings("ignore")
import safetensors.torch
import tokenizers
import torch
import transformers
from sentence_transformers import CrossEncoder, SentenceTransformer

WORDS = (
    "the a of to in is are and for with on from how what why when who can do i my your it not "
    "password account card order bank money reset change cancel pay send man woman dog play "
    "un ##s ##ed ##ing ##er ##ly ##e ##t ##a ##o ##n ##i ##r ##d ##l ##c ##m ##p ##u ##h ##g ##b ##y ##w ##k ##v ##f"
).split()
SIZES = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
CASES = "bert distilbert electra mpnet roberta xlm_roberta xlm_roberta-float16 mpnet-float16 mpnet-bfloat16 electra-old mpnet-old".split()
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MPNET = ["<s>", "<pad>", "</s>", "<unk>", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokenizer(family, folder):
    if family == "roberta":
        letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
        merges = [("t", "h"), ("th", "e"), ("\u0120", "a"), ("\u0120", "the"), ("i", "n"), ("in", "g")]
        tokens = ["<s>", "<pad>", "</s>", "<unk>"] + letters + [a + b for a, b in merges] + ["<mask>"]
        vocab = {w: i for i, w in enumerate(tokens)}
        return transformers.RobertaTokenizer(vocab=vocab, merges=merges, model_max_length=120)
    if family == "xlm_roberta":
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "golden", "unigram")
        return transformers.XLMRobertaTokenizer.from_pretrained(folder, model_max_length=120)
    first, last = (MPNET, ["<mask>"]) if family == "mpnet" else (BERT, [])
    tokens = dict.fromkeys(first + list("abcdefghijklmnopqrstuvwxyz0123456789.,?!'-:;()") + WORDS + last)
    with open(os.path.join(folder, "vocab.txt"), "w") as f:
        f.write("".join(w + "\n" for w in tokens))
    kind = transformers.MPNetTokenizer if family == "mpnet" else transformers.BertTokenizer
    return kind(vocab={w: i for i, w in enumerate(tokens)}, model_max_length=120)


def config(family, tok, **more):
    pad, positions = tok.pad_token_id, 200
    names = dict(bert="Bert", distilbert="DistilBert", electra="Electra", mpnet="MPNet", roberta="Roberta", xlm_roberta="XLMRoberta")
    name = names[family]
    sizes = dict(SIZES, vocab_size=len(tok), max_position_embeddings=positions, pad_token_id=pad, initializer_range=0.3)
    if family == "distilbert":
        sizes.update(dim=32, n_layers=2, n_heads=4, hidden_dim=64)
    if family == "electra":
        sizes.update(embedding_size=16)
    return name, getattr(transformers, name + "Config")(**sizes, **more)


def shaken(model):
    """LayerNorms and biases away from 1 and 0."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 1:
                p.add_(torch.randn_like(p) * 0.2)
    return model.eval()


def body(family, folder, dtype, head):
    os.makedirs(folder)
    tok = tokenizer(family, folder)
    name, c = config(family, tok, **({"num_labels": 1} if head else {}))
    model = shaken(getattr(transformers, name + ("ForSequenceClassification" if head else "Model"))(c))
    model.to(dtype).save_pretrained(folder)
    tok.save_pretrained(folder)


def make(case):
    torch.manual_seed(5)
    family, _, kind = case.partition("-")
    dtype = getattr(torch, kind if "float" in kind else "float32")
    bi, cross = os.path.join(case, "bi"), os.path.join(case, "cross")
    body(family, bi, dtype, False)
    body(family, cross, dtype, True)
    SentenceTransformer(bi, device="cpu", model_kwargs={"dtype": dtype}).save(bi)
    CrossEncoder(cross, device="cpu", model_kwargs={"dtype": dtype}).save_pretrained(cross)
    if kind == "old":
        age(bi)
        age(cross)


def age(folder):
    os.remove(os.path.join(folder, "tokenizer.json"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
        json.dump({"model_max_length": 120}, f)
    path = os.path.join(folder, "model.safetensors")
    old = {}
    for name, x in safetensors.torch.load_file(path).items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        for prefix in ("electra.", "mpnet."):
            name = name.removeprefix(prefix)
        old[name] = x
    safetensors.torch.save_file(old, path, metadata={"format": "pt"})


for case in sys.argv[1:] or CASES:
    make(case)
print(*sys.argv[1:] or CASES)
