/*
 * quantize.h - is a model as good in int8 and bf16 as in f32? Measured on the
 * user's own pairs; what comes out goes into the model's receipt
 * (precision_choice.h).
 */
#ifndef MODEL_QUANTIZE_H
#define MODEL_QUANTIZE_H

#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/workers.h"
#include "model/precision_choice.h"

struct quantize {
    size_t pairs; /* how many were scored */
    struct precision_check int8;
    bool has_bf16; /* this CPU has it */
    struct precision_check bf16;
};

/*
 * Score up to `limit` pairs of a store, spread evenly over it, with the model
 * in `folder` in each precision: a cross-encoder's scores, a bi-encoder's
 * cosines. Errors: those of loading; ERR_FORMAT when the store has fewer than
 * 10 pairs; ERR_NUMERIC when all scores are equal.
 */
int quantize_measure(struct quantize *out, const char *folder,
                     const char *store, size_t limit, struct workers *w,
                     struct err *err) MUST_CHECK;

/* The receipt's "precision" for the weights in folder. */
int quantize_json(struct json_node **out, const struct quantize *q,
                  const char *folder, struct err *err) MUST_CHECK;

/* Put it into folder/receipt.json, which is made when there is none; the rest
 * of a receipt stays as it is. */
int quantize_write(const struct quantize *q, const char *folder,
                   struct err *err) MUST_CHECK;

/* Copy a model folder's files, all but the receipt, into `to`. */
int quantize_copy(const char *to, const char *from, struct err *err) MUST_CHECK;

#endif
