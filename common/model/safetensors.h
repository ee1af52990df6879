/*
 * safetensors.h - read and write safetensors files.
 *
 *   u64 little endian   length of the header
 *   header              JSON: name -> {dtype, shape, data_offsets}, and
 *                       "__metadata__"; padded with spaces
 *   data                offsets count from the end of the header; no hole, no
 *                       overlap, no byte left over
 *
 * The whole header is checked before any data is touched.
 */
#ifndef MODEL_SAFETENSORS_H
#define MODEL_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SAFETENSORS_RANK = 8 };

struct safetensor {
    const char *name;  /* lives as long as the file is open, as all here */
    const char *dtype; /* "F32", "F16", "BF16", "I64", ... */
    size_t rank;
    uint64_t shape[SAFETENSORS_RANK];
    uint64_t count;   /* elements */
    const void *data; /* little endian, maybe unaligned; count * size bytes */
};

struct safetensors; /* opaque: the mapped file and its checked header */

/*
 * Errors: ERR_NOTFOUND, ERR_IO, ERR_NOMEM, and ERR_FORMAT that names the
 * tensor and says what was found and expected.
 */
int safetensors_open(struct safetensors **out, const char *path,
                     struct err *err) MUST_CHECK;
void safetensors_close(struct safetensors *s); /* NULL is fine */
size_t safetensors_count(const struct safetensors *s);
/* In the order of the header. */
const struct safetensor *safetensors_at(const struct safetensors *s, size_t i);
/* NULL when there is none of that name. */
const struct safetensor *safetensors_find(const struct safetensors *s,
                                          const char *name);
/*
 * Convert F32, F16 or BF16 to f32: x gets t->count values.
 * ERR_FORMAT for another dtype, ERR_NUMERIC for an infinity or a NaN.
 */
int safetensors_read(float *x, const struct safetensor *t,
                     struct err *err) MUST_CHECK;

/* One tensor to write, rank 1 or 2. */
struct safetensor_f32 {
    const char *name;
    const float *data;
    size_t rows, cols; /* cols 0: rank 1, [rows] */
};

/*
 * Write path (path.tmp, fsync, rename) as F32 with metadata format "pt",
 * ordered by name whatever the order of t: same tensors, same bytes.
 */
int safetensors_write(const char *path, const struct safetensor_f32 *t,
                      size_t n, struct err *err) MUST_CHECK;
/* The same as F16, to the nearest. ERR_NUMERIC: a value from 65,520 on. */
int safetensors_write_f16(const char *path, const struct safetensor_f32 *t,
                          size_t n, struct err *err) MUST_CHECK;

#endif
