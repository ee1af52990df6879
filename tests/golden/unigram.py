"""Unigram tokenizers made by the reference library over the project's own sentences, and its ids for hard texts.

    python3 tests/golden/unigram.py keep         writes unigram/tokenizer.json and unigram/tokens.tsv here (run once, kept)
    python3 tests/golden/unigram.py all OUT [TSV...]
                                                 writes OUT/NAME/tokenizer.json and tokens.tsv, one folder for each way of
                                                 normalising and splitting; texts also from first columns (JSON) of TSV;
                                                 and prints the NAMEs
    python3 tests/golden/unigram.py pieces TSV OUT [TSV...]
                                                 the same in OUT for a published vocabulary: lines of id, piece, score without
                                                 <s> and <mask> (XLM-RoBERTa's is ../shared/data/tokenizers/xlm-roberta-base/pieces.tsv)
UNIGRAM=OUT/NAME build/release/unit/test_unigram compares.
tokens.tsv: text as JSON, TAB, ids with specials. The charsmap, a SentencePiece format, is built here.
"""
import json, os, random, struct, sys, unicodedata
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers as N, pre_tokenizers as P, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "samples")


def double_array(keys):
    """Units of darts-clone for {bytes: value}."""
    root = {}
    for key, value in keys.items():
        node = root
        for c in key:
            node = node.setdefault(c, {})
        node[None] = value
    units, used, first, todo = [0] * 256, [True] + [False] * 255, 1, [(root, 0)]
    while todo:
        node, pos = todo.pop()
        labels = [0 if c is None else c for c in node]
        while first < len(used) and used[first]:
            first += 1
        at = first
        while True:
            base = at ^ labels[0]
            while len(units) <= base | 255:
                units, used = units + [0] * 256, used + [False] * 256
            if ((base ^ pos) < 1 << 21 or (base ^ pos) & 255 == 0) and not any(used[base ^ c] for c in labels):
                break
            at += 1
        offset = base ^ pos
        units[pos] |= (offset << 10 if offset < 1 << 21 else offset << 2 | 1 << 9) | (1 << 8 if None in node else 0)
        for c, child in node.items():
            used[base ^ (c or 0)] = True
            units[base ^ (c or 0)] = child | 1 << 31 if c is None else c
            if c is not None:
                todo.append((child, base ^ c))
    return units


def charsmap(rules):
    text, at, keys = b"", {}, {}
    for old, new in rules.items():
        if new not in at:
            at[new] = len(text)
            text += new.encode() + b"\0"
        keys[old.encode()] = at[new]
    units = double_array(keys)
    return struct.pack("<I", 4 * len(units)) + struct.pack("<%dI" % len(units), *units) + text


def rules(ranges):
    """NFKC of the characters in ranges, compositions with accents, white space to ' ', controls dropped."""
    r = {}
    for lo, hi in ranges:
        for cp in range(lo, hi + 1):
            c, made = chr(cp), unicodedata.normalize("NFKC", chr(cp))
            if made != c:
                r[c] = made
    for c in list("aeiouAEIOUnc\u03b1\u0438"):
        for mark in "\u0300\u0301\u0302\u0303\u0308\u0327\u3099":
            if len(unicodedata.normalize("NFC", c + mark)) == 1:
                r[c + mark] = unicodedata.normalize("NFC", c + mark)
    for cp in [*range(1, 9), 11, *range(14, 32), 127, 143, 159]:
        r[chr(cp)] = ""
    for cp in [9, 10, 12, 13, 0xa0, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202f, 0x2581, 0x3000, 0xfeff, 0xfffd]:
        r[chr(cp)] = " "
    r["\r\n"] = " "
    return r


FEW = [(0xa0, 0xff), (0x2000, 0x20ff), (0xff01, 0xff70), (0xfb01, 0xfb02), (0xfdfa, 0xfdfa)]
MANY = FEW + [(0x100, 0x3ff), (0x1e00, 0x1fff), (0x2100, 0x24ff), (0x3000, 0x33ff), (0xf900, 0xffef), (0x1d400, 0x1d7ff), (0x2f800, 0x2f8ff)]


def lines(name):
    with open(os.path.join(SAMPLES, name), encoding="utf-8") as f:
        return [part for line in f for part in line.rstrip("\n").split("\t")[:2]]


def trained(size, bytes_too=False, texts=lines("pool.txt") + lines("pool-zh.txt")):
    t = Tokenizer(models.Unigram())
    t.normalizer = N.Sequence([N.Nmt(), N.NFKC()])
    t.pre_tokenizer = P.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    t.train_from_iterator(texts, trainers.UnigramTrainer(
        vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False))
    vocab = [(p, s) for p, s in json.loads(t.to_str())["model"]["vocab"]]
    if bytes_too:
        vocab += [("<0x%02X>" % b, -20.0) for b in range(256)]
    return vocab + [("<mask>", 0.0)]


def tokenizer(vocab, normalizer, splitter, **model):
    t = Tokenizer(models.Unigram(vocab, 3, **model))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = splitter
    t.add_special_tokens([AddedToken(x, normalized=False, special=True, lstrip=x == "<mask>") for x in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")])
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return t


def splitter(scheme, words=False, split=True):
    m = P.Metaspace(prepend_scheme=scheme, split=split)
    return P.Sequence([P.WhitespaceSplit(), m]) if words else m


def ways():
    vocab, with_bytes = trained(3000), trained(2000, True)
    cm = N.Precompiled(charsmap(rules(MANY)))
    runs = lambda to: N.Replace(Regex(" {2,}"), to)
    yield "words", tokenizer(vocab, cm, splitter("always", words=True))
    yield "runs", tokenizer(vocab, N.Sequence([cm, N.Strip(left=False, right=True), runs("\u2581")]), splitter("always"))
    yield "first", tokenizer(vocab, N.Sequence([cm, runs(" ")]), splitter("first"))
    yield "words-first", tokenizer(vocab, None, splitter("first", words=True))
    yield "never", tokenizer(vocab, N.Sequence([cm, N.Strip()]), splitter("never"))
    yield "whole", tokenizer(vocab, N.Sequence([N.Nmt(), N.NFKC(), N.Replace(Regex("\\s+"), " ")]), splitter("always", split=False))
    yield "plain", tokenizer(vocab, N.Sequence([N.Replace("``", '"'), N.Replace("''", '"'), N.NFKD(), N.StripAccents(), N.Lowercase(), cm]), splitter("always"))
    yield "forms", tokenizer(vocab, N.Sequence([N.NFD(), N.NFC(), N.Prepend("\u2581")]), splitter("never"))
    yield "bytes", tokenizer(with_bytes, None, splitter("first"), byte_fallback=True)
    yield "some-bytes", tokenizer([x for x in with_bytes if x[0] != "<0xE4>"], None, splitter("always"), byte_fallback=True)
    t = tokenizer(vocab, cm, splitter("always", words=True))
    t.add_tokens([AddedToken(x, **k) for x, k in ADDED])
    yield "added", t
    t = tokenizer(vocab, N.Sequence([cm, runs(" ")]), splitter("first"))
    t.add_tokens([AddedToken(x, **k) for x, k in ADDED])
    yield "added-first", t


ADDED = [("domain", {"normalized": True}), ("\uff57\uff49\uff44\uff45", {"normalized": True}), ("one", {"normalized": True, "single_word": True}),
         ("raw\u2460", {"normalized": False, "rstrip": True}), ("two words", {"normalized": True, "lstrip": True, "rstrip": True}), ("\u200b", {"normalized": True})]
BITS = ["<mask>", "</s>", "<unk>", "domain", "wide", "\uff57\uff49\uff44\uff45", "one", "raw\u2460", "raw1", "two words", "``", "''", "\u0130", "\ufdfa", "e\u0301", "\ud55c",
        "\U0001f469\u200d\U0001f4bb", "\r\n", "\u3000", "\u0915\u094d\u0937\u093f", "Straße", "parcel", "refund ", " the ", "退货", "怎么办？", "７天"]


def some(rng):
    k = rng.random()
    if k < .2:
        return chr(rng.randint(1, 0x2ff))
    if k < .35:
        return rng.choice(" \t\n\r\u3000\u00a0\u200b\u200d\u2581\ufeff\u0085  ")
    if k < .45:
        return chr(rng.randint(0x300, 0x36f))
    if k < .55:
        return chr(rng.choice([rng.randint(0x2000, 0x33ff), rng.randint(0xf900, 0xffef)]))
    if k < .8:
        return rng.choice(BITS)
    cp = rng.choice([rng.randint(0x4e00, 0x9fff), rng.randint(1, 0x1ffff)])
    return "x" if 0xd800 <= cp < 0xe000 else chr(cp)


def texts(n, files=()):
    rng = random.Random(5)
    found = ["", " ", "  two   spaces\tand a tab ", "x" * 300, "退" * 500] + lines("test.tsv")[:60] + lines("test-zh.tsv")[:60]
    for name in files:
        with open(name, encoding="utf-8") as f:
            found += [json.loads(line.split("\t")[0]) for line in f]
    found += ["".join(some(rng) for _ in range(rng.randint(1, 14))) for _ in range(n)]
    return [x for x in dict.fromkeys(found) if "\0" not in x]


def write(folder, t, found):
    os.makedirs(folder, exist_ok=True)
    t.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    with open(os.path.join(folder, "tokens.tsv"), "w", encoding="utf-8") as f:
        for text, e in zip(found, t.encode_batch(found)):
            f.write(json.dumps(text, ensure_ascii=False) + "\t" + " ".join(map(str, e.ids)) + "\n")


if sys.argv[1] == "keep":
    t = tokenizer(trained(500, texts=lines("pool.txt") + lines("pool-zh.txt")[:40]), N.Precompiled(charsmap(rules(FEW))), splitter("always", words=True))
    write(os.path.join(HERE, "unigram"), t, texts(150))
elif sys.argv[1] == "pieces":
    with open(sys.argv[2], encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    vocab = [("<s>", 0.0)] + [(r[1], float(r[2])) for r in rows if r[1] != "<mask>"] + [("<mask>", 0.0)]
    assert [x for x, _ in vocab[:4]] == ["<s>", "<pad>", "</s>", "<unk>"], vocab[:4]
    write(sys.argv[3], tokenizer(vocab, N.Precompiled(charsmap(rules(MANY))), splitter("always", words=True)), texts(4000, sys.argv[4:]))
else:
    found = texts(4000, sys.argv[3:])
    for name, t in ways():
        write(os.path.join(sys.argv[2], name), t, found)
        print(name)
