/*
 * config.h - what a model folder says of itself: config.json, modules.json,
 * 1_Pooling, sentence_bert_config.json, config_sentence_transformers.json,
 * tokenizer_config.json. Both forms of sentence-transformers are read (up to
 * 5.3, and 6), the old one is written, which every version loads.
 *
 * Easily got wrong: sentence_bert_config's max_seq_length is not capped by the
 * library, it is here; tokenizer_config's "max_length" and tokenizer.json's
 * truncation are stale copies and not read; a missing id2label means 2 labels.
 */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "nn/pooling.h"

enum model_kind {
    MODEL_PLAIN, /* an encoder alone: mean pooling, no normalising */
    MODEL_BI,    /* SentenceTransformer */
    MODEL_CROSS, /* CrossEncoder */
};
const char *model_kind_name(enum model_kind k);

/* Layouts of config and weights (family.h): BERT's covers MiniLM, TinyBERT and
 * the Chinese models (also those called RoBERTa-wwm). */
enum model_layout {
    LAYOUT_BERT,
    LAYOUT_DISTILBERT,
    LAYOUT_ROBERTA,
    LAYOUT_XLM_ROBERTA,
    LAYOUT_ELECTRA,
    LAYOUT_MPNET
};

/* From a cross-encoder's logit to its score. */
enum model_activation { ACTIVATION_SIGMOID, ACTIVATION_IDENTITY };

enum { CONFIG_POOLINGS = 6, CONFIG_NAME = 256 };

struct model_config {
    enum model_kind kind;
    enum model_layout layout;
    /* config.json */
    size_t V, P, S;    /* rows of the word, position and segment tables */
    size_t first;      /* row of P of the first token; 0 in BERT */
    size_t C, H, F, L; /* channels, heads, feed-forward width, layers */
    size_t E;          /* width of those tables when it is not C, and a linear
                          layer makes C of it (ELECTRA); else 0 */
    bool relative;     /* positions too (nn/relative.h) */
    float eps;         /* of LayerNorm; 1e-12 in BERT */
    float drop_hidden, drop_attention, drop_classifier;
    float init_range; /* of new weights: normal(0, 0.02) */
    uint32_t pad_id;
    size_t labels; /* of a cross-encoder; else 0 */
    /* the folder */
    enum model_activation activation;      /* of a cross-encoder */
    size_t max_len;                        /* tokens, specials included;
                                              <= P - first */
    enum pooling pooling[CONFIG_POOLINGS]; /* concatenated in this order */
    size_t poolings;
    bool normalise;           /* pooled vectors to unit length */
    bool lower_case;          /* lower-case texts before the tokenizer */
    char similarity[16];      /* "cosine", "dot", "euclidean", "manhattan" */
    char prompt[CONFIG_NAME]; /* put before every text; "" = none */
    char body[CONFIG_NAME];   /* subfolder of config.json and the weights;
                                 "" = the folder itself */
};

/*
 * Read and check everything above. Refused by name: other model types,
 * activations but gelu, relative positions, modules but Transformer, Pooling
 * and Normalize, sparse and multi-vector models, LogitScore rerankers.
 * Errors: ERR_NOTFOUND (no config.json), ERR_FORMAT, ERR_IO, ERR_NOMEM.
 */
int model_config_load(struct model_config *c, const char *folder,
                      struct err *err) MUST_CHECK;

/* Channels of a sentence vector: C times the number of poolings. */
size_t model_config_dim(const struct model_config *c);
/* Columns of the word, position and segment tables: E, or C. */
size_t model_config_table(const struct model_config *c);

/*
 * Write the JSON files of a folder of kind c->kind (MODEL_BI or MODEL_CROSS)
 * in the old form; the folder exists. Without weights and tokenizer.
 */
int model_config_save(const struct model_config *c, const char *folder,
                      struct err *err) MUST_CHECK;

/*
 * Copy the tokenizer's files byte for byte. With max_len > 0 model_max_length
 * in tokenizer_config.json becomes that: it is the only place where a
 * cross-encoder keeps its length.
 */
int model_config_copy_tokenizer(const char *to, const char *from,
                                enum model_layout layout, size_t max_len,
                                struct err *err) MUST_CHECK;

#endif
