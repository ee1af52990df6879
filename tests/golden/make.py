"""Makes the golden values in this folder with the reference implementation, over the project's own sentences.

    python3 tests/golden/make.py      (needs sentence-transformers; run once, the files are kept)

model/bi, model/cross  a tiny random BERT (its own 300-word vocabulary) as sentence-transformers saves it
expected.json          token ids, vectors (mean, cls, max), pair ids, segments, logits and scores,
                       losses and gradients on fixed inputs, 12 training steps of each kind
"""
import json, os, random, shutil, sys
import numpy as np, torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel, BertTokenizerFast
from sentence_transformers import CrossEncoder, SentenceTransformer, losses as L, models as st_models

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "samples")
SEED = 11
torch.set_num_threads(1)
r8 = lambda t: [float(f"{float(x):.8g}") for x in np.asarray(t).ravel()]

def rows(name, n):
    with open(os.path.join(SAMPLES, name), encoding="utf-8") as f:
        return [l.rstrip("\n").split("\t") for l in f][:n]

TEXTS = ["Where is my parcel?", "The parcel has not arrived yet.", "I want to return these shoes!", "Café au lait, naïve façade", "退货怎么办？ 7天",
         "  two   spaces\tand a tab ", "e-mail: not@an.address (really)", "unbelievablylongwordwithoutanyspaces", "", "Don't re-ship it; refund 12.50"]
PAIRS = [(TEXTS[0], TEXTS[1]), (TEXTS[2], TEXTS[9]), (TEXTS[3], TEXTS[4]), (TEXTS[5], TEXTS[6]), (TEXTS[7] * 3, TEXTS[0] * 12), (TEXTS[8], TEXTS[1])]

def vocabulary(path):
    lines = [t for name in ("gold.tsv", "dev.tsv") for r in rows(name, 400) for t in r[:2]]
    tok = BertWordPieceTokenizer(lowercase=True)
    tok.train_from_iterator(lines + TEXTS * 3, vocab_size=300, min_frequency=1, show_progress=False)
    tok.save_model(path)

def model(tmp):
    torch.manual_seed(SEED)
    vocabulary(tmp)
    tok = BertTokenizerFast(os.path.join(tmp, "vocab.txt"), do_lower_case=True)
    tok.model_max_length = 40
    m = BertModel(BertConfig(vocab_size=len(tok), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=48))
    for p in m.parameters():
        p.data.mul_(4.0) if p.dim() > 1 else p.data.add_(torch.randn_like(p) * .1)
    m.save_pretrained(tmp); tok.save_pretrained(tmp)
    return tok

def losses():
    torch.manual_seed(SEED); B, C = 5, 6
    u, v, n = (torch.randn(B, C) for _ in range(3)); y = torch.tensor([.1, .9, .4, .0, 1.])
    class Fake(torch.nn.Module):
        def forward(self, f): return {"sentence_embedding": f["e"]}
    out = {"shape": [B, C], "u": r8(u), "v": r8(v), "n": r8(n), "labels": r8(y)}
    def add(name, loss, inputs):
        t = [x.clone().requires_grad_(True) for x in inputs]
        value = loss([{"e": x} for x in t], y); value.backward()
        out[name] = {"value": float(value), "grads": [r8(x.grad) for x in t]}
    add("cosine", L.CosineSimilarityLoss(Fake()), (u, v)); add("mnrl", L.MultipleNegativesRankingLoss(Fake()), (u, v))
    add("mnrl+negatives", L.MultipleNegativesRankingLoss(Fake()), (u, v, n)); add("triplet", L.TripletLoss(Fake()), (u, v, n))
    z = torch.randn(B).requires_grad_(True); value = torch.nn.functional.binary_cross_entropy_with_logits(z, y); value.backward()
    out["bce"] = {"logits": r8(z.detach()), "value": float(value), "grads": [r8(z.grad)]}
    return out

def curve(params, loss_of, steps=12):
    """AdamW lr 1e-3, decay .01 (not biases, LayerNorm), 3 warm-up steps, linear decay, clip 1, no dropout."""
    plain = [q for k, q in params if "bias" in k or "LayerNorm" in k]; decay = [q for k, q in params if not ("bias" in k or "LayerNorm" in k)]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": .01}, {"params": plain, "weight_decay": 0.}]); hist = []
    for s in range(steps):
        for g in opt.param_groups: g["lr"] = 1e-3 * ((s + 1) / 3 if s < 3 else (steps - s) / (steps - 3))
        loss = loss_of(s); opt.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_([q for _, q in params], 1.); opt.step(); hist.append(float(loss.detach()))
    return hist

def main():
    tmp = os.path.join(HERE, "_tmp"); shutil.rmtree(tmp, ignore_errors=True); os.makedirs(tmp)
    tok = model(tmp); out = {"texts": TEXTS, "pairs": PAIRS, "max_length": 40}
    out["ids"] = [tok(t, truncation=True, max_length=40)["input_ids"] for t in TEXTS]
    for mode in ("mean", "cls", "max"):
        st = SentenceTransformer(modules=[st_models.Transformer(tmp, max_seq_length=40), st_models.Pooling(16, pooling_mode=mode)], device="cpu")
        out[mode] = [r8(st.encode(t)) for t in TEXTS]
    for kind in ("bi", "cross"): shutil.rmtree(os.path.join(HERE, "model", kind), ignore_errors=True)
    st = SentenceTransformer(modules=[st_models.Transformer(tmp, max_seq_length=40), st_models.Pooling(16, pooling_mode="mean")], device="cpu")
    st.save_pretrained(os.path.join(HERE, "model", "bi"), create_model_card=False)
    f = tok([p[0] for p in PAIRS], [p[1] for p in PAIRS], truncation=True, max_length=40)
    out["pair_ids"], out["pair_segments"] = f["input_ids"], f["token_type_ids"]
    torch.manual_seed(SEED); ce = CrossEncoder(tmp, num_labels=1, device="cpu", max_length=40)
    ce.model.classifier.weight.data.normal_(0, .3); ce.model.classifier.bias.data.fill_(.1)
    out["logits"] = r8(ce.predict(PAIRS, activation_fn=torch.nn.Identity(), show_progress_bar=False)); out["scores"] = r8(ce.predict(PAIRS, show_progress_bar=False))
    ce.save_pretrained(os.path.join(HERE, "model", "cross"), create_model_card=False)
    out["losses"] = losses()
    data = [(a, b, float(y)) for a, b, y in rows("gold.tsv", 48)]; batch = lambda s: data[(s % 12) * 4:(s % 12) * 4 + 4]
    out["training"] = {"doc": curve.__doc__, "rows": "the first 48 of samples/gold.tsv as they were, 4 a step", "data": data}
    st.eval(); enc = lambda t: st(st.preprocess(t))["sentence_embedding"]
    out["training"]["bi-cosine"] = curve([(k, q) for k, q in st.named_parameters() if "pooler" not in k],
        lambda s: torch.nn.functional.mse_loss(torch.cosine_similarity(enc([r[0] for r in batch(s)]), enc([r[1] for r in batch(s)])), torch.tensor([r[2] for r in batch(s)])))
    ce.model.eval()
    def ce_loss(s):
        f = ce.tokenizer([r[0] for r in batch(s)], [r[1] for r in batch(s)], padding=True, truncation=True, max_length=40, return_tensors="pt")
        return torch.nn.functional.binary_cross_entropy_with_logits(ce.model(**f).logits[:, 0], torch.tensor([r[2] for r in batch(s)]))
    out["training"]["cross-bce"] = curve(list(ce.model.named_parameters()), ce_loss)
    with open(os.path.join(HERE, "expected.json"), "w", encoding="utf-8") as f: json.dump(out, f, ensure_ascii=False)
    shutil.rmtree(tmp)

main()
