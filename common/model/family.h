/*
 * family.h - what the model families call things: one computation, several
 * names. The names of BERT are the ones used inside (weights.h).
 */
#ifndef MODEL_FAMILY_H
#define MODEL_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

#include "model/config.h"

enum family_head { HEAD_TANH, HEAD_RELU, HEAD_GELU };

enum {
    FAMILY_NAMES = 10,
    FAMILY_SIZES = 7,
    FAMILY_RATES = 3,
    FAMILY_TOKENS = 5
};

struct family {
    enum model_layout layout;
    const char *type;         /* model_type of config.json */
    const char *prefix;       /* of the body's tensors beside a head: "bert." */
    const char *body, *cross; /* architectures */
    const char *activation;   /* key of the feed-forward's, gelu */
    /* V, P, S, C, H, F, L; S NULL: no segments (the table is kept, all 0) */
    const char *size[FAMILY_SIZES];
    /* key of the embedding tables' width where it may differ from C, and what
     * it is without; NULL: it is C */
    const char *table;
    size_t table_width;
    /* key of the number of buckets of relative positions; NULL: it has none */
    const char *buckets;
    /* dropout: hidden, attention, classifier */
    const char *rate[FAMILY_RATES];
    float classifier_rate; /* when config.json has none; < 0: the hidden one */
    enum family_head head_by; /* what follows the head's first product */
    bool drop_first;          /* dropout before the head's first product too */
    bool positions_padded;    /* the first token's is pad_token_id + 1 */
    float eps;                /* of LayerNorm when config.json has none */
    bool pooler;              /* a body without head has one in its file */
    /* a cross-encoder's names of pooler.dense. and classifier.; the first is
     * the body's where it is "pooler.dense." */
    const char *head[2];
    /* of tokenizer_config.json when a folder has none: the class and unk_token,
     * sep_token, pad_token, cls_token, mask_token */
    const char *tokenizer, *token[FAMILY_TOKENS];
    /* parts of BERT's names and what they are here, in order of search */
    const char *name[FAMILY_NAMES][2];
};

const struct family *family_of(enum model_layout layout);
/* By model_type; NULL: unknown. */
const struct family *family_find(const char *type);
/* "bert, distilbert" for a message. */
void family_known(char *out, size_t size);
/* BERT's name of a tensor, without prefix, as the family has it in a body or
 * in a cross-encoder. */
void family_name(char *out, size_t size, const struct family *f,
                 const char *name, bool cross);
/* Is the pooler a part of a cross-encoder's body? */
bool family_body_pools(const struct family *f);

#endif
