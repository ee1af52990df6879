/*
 * records.h - the records that stages exchange: texts, pairs, triplets,
 * vectors, notes. One codec per record; layouts little-endian, schema 1.
 *
 *   texts     key u32be ordinal   payload: u16 attribute length | attributes
 *             (JSON object or nothing) | UTF-8 text, exactly as it came
 *   pairs     key u64be ordinal   payload: u32 a | u32 b | f32 label |
 *             f32 score | f32 reverse | u16 origin | u16 flags   (24 bytes)
 *   triplets  key u64be ordinal   payload: u32 anchor | u32 positive |
 *             u32 n | n x u32 negative
 *   vectors   key u32be ordinal of the text   payload: u8 dtype (0 = f32) |
 *             3 zero bytes | u32 dim | dim x f32
 *   notes     key u8 table | u64be ordinal   payload: JSON object
 *
 * NaN = absent. Text ordinals start at 0 and have no holes.
 */
#ifndef STORE_RECORDS_H
#define STORE_RECORDS_H

#include <math.h>
#include <stdbool.h>

#include "store/store.h"

enum { TEXT_MAX = 1 << 20 }; /* bytes of one text; longer is refused */

/* Where a pair comes from. */
enum origin {
    ORIGIN_UNKNOWN,
    ORIGIN_GOLD,   /* people */
    ORIGIN_RANDOM, /* pair-builder's samplers */
    ORIGIN_BM25,
    ORIGIN_SEMANTIC,
    ORIGIN_SILVER, /* labelled by a model */
    ORIGIN_LLM,    /* written by a language model */
};
const char *origin_name(enum origin o); /* "gold", ...; "?" when unknown */

struct pair {
    uint32_t a, b; /* text ordinals */
    float label;   /* 0..1, NaN = none: what people or thresholds say */
    float score;   /* 0..1, NaN = none: what a model says */
    float reverse; /* score of (b, a), NaN = none */
    uint16_t origin, flags;
};
/* The pair's training target: label when present, else score; NaN if none. */
float pair_target(const struct pair *p);

struct triplet {
    uint32_t anchor, positive, n;
    const uint32_t *negative; /* n ordinals; lives as the giver states */
};

/* ---- writing -------------------------------------------------------- */

/*
 * A writer interns texts: the same text (byte for byte) gets one ordinal.
 * Built on a store from store_create(); it rebuilds its table of texts when
 * the store already has some (resume).
 */
struct writer;
int writer_new(struct writer **out, struct store *s,
               struct err *err) MUST_CHECK;
void writer_free(struct writer *w); /* leaves the store open */
/* ordinal of the text, added when new. Refuses invalid UTF-8, NUL bytes,
 * empty and longer than TEXT_MAX: ERR_FORMAT. attr: JSON object text or empty;
 * the first one given wins. */
int writer_text(struct writer *w, struct span text, struct span attr,
                uint32_t *ordinal, struct err *err) MUST_CHECK;
/* Appends; *ordinal (may be NULL) is its place. Indexes must exist; label,
 * score and reverse are NaN or in [0, 1] (assert). */
int writer_pair(struct writer *w, const struct pair *p, uint64_t *ordinal,
                struct err *err) MUST_CHECK;
int writer_triplet(struct writer *w, const struct triplet *t, uint64_t *ordinal,
                   struct err *err) MUST_CHECK;
int writer_vector(struct writer *w, uint32_t ordinal, const float *v,
                  size_t dim, struct err *err) MUST_CHECK;
int writer_note(struct writer *w, enum store_table t, uint64_t ordinal,
                struct span json, struct err *err) MUST_CHECK;
uint32_t writer_texts(const struct writer *w); /* so far */
/* A text that is in; lives as long as the writer. */
struct span writer_get(const struct writer *w, uint32_t ordinal);
uint64_t writer_pairs(const struct writer *w);
uint64_t writer_triplets(const struct writer *w);

/* ---- reading -------------------------------------------------------- */

/* All texts of a finished store: spans point into it and live as long as the
 * store is open. */
struct texts {
    struct span *text; /* [n] */
    struct span *attr; /* [n], empty = none */
    uint32_t n;
};
int texts_load(struct texts *t, struct store *s, struct err *err) MUST_CHECK;
void texts_release(struct texts *t);

/* How many pairs; ERR_USAGE when there are none because the store is of another
 * kind. */
int pairs_need(struct store *s, uint64_t *n, struct err *err) MUST_CHECK;
/* All pairs in memory (24 bytes each). */
struct pairs {
    struct pair *pair;
    size_t n;
};
int pairs_load(struct pairs *p, struct store *s, struct err *err) MUST_CHECK;
void pairs_release(struct pairs *p);

/* All triplets; negatives point into one pool. */
struct triplets {
    struct triplet *triplet;
    size_t n;
    uint32_t *pool;
};
int triplets_load(struct triplets *t, struct store *s,
                  struct err *err) MUST_CHECK;
void triplets_release(struct triplets *t);

/* Streaming: decode what store_cursor_next() gave. ERR_FORMAT, with n_texts
 * the bound for references. vector_decode() fills at most cap floats. */
int pair_decode(struct pair *p, struct blob payload, uint32_t n_texts,
                struct err *err) MUST_CHECK;
int text_decode(struct span *text, struct span *attr, struct blob payload,
                struct err *err) MUST_CHECK;
int triplet_decode(struct triplet *t, uint32_t *negative, size_t cap,
                   struct blob payload, uint32_t n_texts,
                   struct err *err) MUST_CHECK;
int vector_decode(float *out, size_t cap, size_t *dim, struct blob payload,
                  struct err *err) MUST_CHECK;
void pair_encode(uint8_t out[24], const struct pair *p);
/* Keys. */
struct blob key_u32(uint8_t out[4], uint32_t ordinal);
struct blob key_u64(uint8_t out[8], uint64_t ordinal);
uint64_t key_ordinal(struct blob key); /* of either */

/* The note of one record, or an empty blob. */
int note_get(struct store *s, enum store_table t, uint64_t ordinal,
             struct blob *json, struct err *err) MUST_CHECK;

#endif
