"""A random llama of one small layer, with bytes as its vocabulary: tiny_gguf.py OUT.gguf."""
import sys

import gguf
import numpy as np

D, FF, HEADS = 32, 64, 2
rng = np.random.default_rng(1)
w = gguf.GGUFWriter(sys.argv[1], "llama")
tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % i for i in range(256)]
kinds = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.BYTE] * 256
w.add_context_length(8192)
w.add_embedding_length(D)
w.add_block_count(1)
w.add_feed_forward_length(FF)
w.add_head_count(HEADS)
w.add_head_count_kv(HEADS)
w.add_rope_dimension_count(D // HEADS)
w.add_layer_norm_rms_eps(1e-5)
w.add_vocab_size(len(tokens))
w.add_tokenizer_model("llama")
w.add_token_list(tokens)
w.add_token_scores([0.0] * len(tokens))
w.add_token_types(kinds)
w.add_bos_token_id(1)
w.add_eos_token_id(2)
w.add_unk_token_id(0)


def put(name, *shape):
    w.add_tensor(name, 0.1 * rng.standard_normal(shape).astype(np.float32))


# The first dimension is the same large number everywhere, so its weights are biases: letters often, a quote now and then.
embedding = rng.standard_normal((len(tokens), D)).astype(np.float32)
embedding[:, 0] = 30
head = 0.2 * rng.standard_normal((len(tokens), D)).astype(np.float32)
head[:, 0] = 0
for c in b"abcdefghijklmnopqrstuvwxyz ":
    head[3 + c, 0] = 1
head[3 + ord('"'), 0] = 1.1
w.add_tensor("token_embd.weight", embedding)
w.add_tensor("output.weight", head)
w.add_tensor("output_norm.weight", np.ones(D, np.float32))
for n in ("attn_norm", "ffn_norm"):
    w.add_tensor("blk.0.%s.weight" % n, np.ones(D, np.float32))
for n in ("attn_q", "attn_k", "attn_v", "attn_output"):
    put("blk.0.%s.weight" % n, D, D)
put("blk.0.ffn_gate.weight", FF, D)
put("blk.0.ffn_up.weight", FF, D)
put("blk.0.ffn_down.weight", D, FF)
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
