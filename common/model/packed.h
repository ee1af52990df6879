/*
 * packed.h - tokenised texts, and batches without padding.
 *
 * A token_table holds the ids of many texts, each tokenised once. A packed
 * batch holds model inputs, specials included, end to end: sequence b is the
 * tokens [offset[b], offset[b+1]).
 */
#ifndef MODEL_PACKED_H
#define MODEL_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/workers.h"
#include "text/tokenizer.h"

struct token_table {
    uint32_t *id;    /* all texts' ids, without specials */
    uint64_t *start; /* [n+1] text i has ids [start[i], start[i+1]) ... */
    uint32_t *count; /* [n]   ... of count[i]: only the first are kept */
    size_t n;
    size_t cap_ids, cap_texts; /* private */
};
#define TOKEN_TABLE_INIT \
    { \
        NULL, NULL, NULL, 0, 0, 0 \
    }

/*
 * Tokenise n texts and append them: they become texts t->n.. in order. Of each
 * the first keep ids are kept; give the model's max_len. Call it once per
 * window of texts; the result is the same for any number of workers.
 * ERR_NOMEM; the table then has the texts it had before.
 */
int token_table_add(struct token_table *t, const struct tokenizer *tok,
                    const struct span *text, size_t n, size_t keep,
                    struct workers *w, struct err *err) MUST_CHECK;
void token_table_release(struct token_table *t);
void token_table_reset(struct token_table *t); /* keeps the memory */

/* Length in tokens, specials included, after the cut to max_len. */
size_t token_table_single_len(const struct token_table *t, uint32_t i,
                              size_t max_len);
size_t token_table_pair_len(const struct token_table *t,
                            const struct tokenizer *tok, uint32_t i, uint32_t j,
                            size_t max_len);

struct packed {
    uint32_t *id;     /* [T] */
    uint8_t *segment; /* [T] */
    uint32_t *offset; /* [B+1] */
    size_t B, T;
    size_t longest;      /* tokens of the longest sequence */
    size_t cap_B, cap_T; /* private */
};
#define PACKED_INIT \
    { \
        NULL, NULL, NULL, 0, 0, 0, 0, 0 \
    }

/* Append one sequence: [CLS] i [SEP], or [CLS] i [SEP] j [SEP]. ERR_NOMEM. */
int packed_add_single(struct packed *p, const struct tokenizer *tok,
                      const struct token_table *t, uint32_t i, size_t max_len,
                      struct err *err) MUST_CHECK;
int packed_add_pair(struct packed *p, const struct tokenizer *tok,
                    const struct token_table *t, uint32_t i, uint32_t j,
                    size_t max_len, struct err *err) MUST_CHECK;
/* Append ids as they are; segment NULL = all 0. */
int packed_add(struct packed *p, const uint32_t *id, const uint8_t *segment,
               size_t n, struct err *err) MUST_CHECK;
void packed_reset(struct packed *p); /* no sequences; keeps the memory */
void packed_release(struct packed *p);

/* Room for B sequences of T tokens in all, so that adding cannot fail. */
int packed_reserve(struct packed *p, size_t B, size_t T,
                   struct err *err) MUST_CHECK;

#endif
