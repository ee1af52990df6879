#include "model/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"

enum { HEADER_MAX = 100000000, LONGEST_NAME = 511 };

struct safetensors {
    struct file_map map;
    struct json *header;
    struct safetensor *tensor; /* in the header's order */
    const struct safetensor **by_name;
    uint64_t *begin, *end; /* of tensor i's data */
    size_t n;
};

/* ---- the header ---- */

static uint64_t dtype_size(const char *dtype)
{
    static const struct {
        const char *name;
        uint64_t size;
    } known[] = {
        { "F64", 8 },  { "F32", 4 },     { "F16", 2 },     { "BF16", 2 },
        { "I64", 8 },  { "I32", 4 },     { "I16", 2 },     { "I8", 1 },
        { "U64", 8 },  { "U32", 4 },     { "U16", 2 },     { "U8", 1 },
        { "BOOL", 1 }, { "F8_E4M3", 1 }, { "F8_E5M2", 1 },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, dtype) == 0)
            return known[i].size;
    return 0;
}

/* A whole number in [0, 2^53], where doubles are exact. */
static int whole(uint64_t *out, const struct json_node *n, const char *name,
                 const char *what, struct err *err)
{
    double d = json_num(n, -1.0);

    if (!(d >= 0.0 && d <= 0x1p53) || d != floor(d))
        return ERR_SET(err, ERR_FORMAT, "tensor %s: %s is not a whole number",
                       name, what);
    *out = (uint64_t)d;
    return 0;
}

static int read_shape(struct safetensor *t, const struct json_node *shape,
                      struct err *err)
{
    t->rank = json_size(shape);
    t->count = 1;
    if (t->rank > SAFETENSORS_RANK)
        return ERR_SET(err, ERR_FORMAT,
                       "tensor %s: rank is %zu, expected at most %d", t->name,
                       t->rank, SAFETENSORS_RANK);
    shape = json_first(shape);
    for (size_t i = 0; i < t->rank; i++, shape = json_next(shape)) {
        int rc = whole(&t->shape[i], shape, t->name, "a dimension", err);

        if (rc < 0)
            return rc;
        if (__builtin_mul_overflow(t->count, t->shape[i], &t->count))
            return ERR_SET(err, ERR_FORMAT, "tensor %s: shape is too large",
                           t->name);
    }
    return 0;
}

static int read_offsets(uint64_t *begin, uint64_t *end,
                        const struct safetensor *t,
                        const struct json_node *offsets, uint64_t data_len,
                        struct err *err)
{
    uint64_t bytes;
    int rc;

    if (json_size(offsets) != 2)
        return ERR_SET(err, ERR_FORMAT,
                       "tensor %s: data_offsets has %zu numbers, expected 2",
                       t->name, json_size(offsets));
    rc = whole(begin, json_first(offsets), t->name, "an offset", err);
    if (rc == 0)
        rc = whole(end, json_next(json_first(offsets)), t->name, "an offset",
                   err);
    if (rc < 0)
        return rc;
    if (*begin > *end || *end > data_len)
        return ERR_SET(err, ERR_FORMAT,
                       "tensor %s: data at [%llu,%llu), expected within %llu "
                       "bytes",
                       t->name, (unsigned long long)*begin,
                       (unsigned long long)*end, (unsigned long long)data_len);
    if (__builtin_mul_overflow(t->count, dtype_size(t->dtype), &bytes) ||
        bytes != *end - *begin)
        return ERR_SET(err, ERR_FORMAT,
                       "tensor %s: %llu bytes of data do not fit its shape "
                       "and dtype %s",
                       t->name, (unsigned long long)(*end - *begin), t->dtype);
    return 0;
}

static int read_tensor(struct safetensors *s, const struct json_node *node,
                       const char *data, uint64_t data_len, struct err *err)
{
    struct safetensor *t = &s->tensor[s->n];
    const struct json_node *dtype, *shape, *offsets;
    int rc;

    t->name = json_key(node);
    if (t->name[0] == '\0' || strlen(t->name) > LONGEST_NAME)
        return ERR_SET(err, ERR_FORMAT,
                       "a tensor's name has %zu bytes, expected 1 to %d",
                       strlen(t->name), LONGEST_NAME);
    if (json_type(node) != JSON_OBJECT)
        return ERR_SET(err, ERR_FORMAT, "tensor %s: not an object", t->name);
    rc = json_need(&dtype, node, "dtype", JSON_STRING, err);
    if (rc == 0)
        rc = json_need(&shape, node, "shape", JSON_ARRAY, err);
    if (rc == 0)
        rc = json_need(&offsets, node, "data_offsets", JSON_ARRAY, err);
    if (rc < 0)
        return err_prefix(err, "tensor %s", t->name);
    t->dtype = json_str(dtype, "");
    if (dtype_size(t->dtype) == 0)
        return ERR_SET(err, ERR_FORMAT, "tensor %s: unknown dtype \"%s\"",
                       t->name, t->dtype);
    rc = read_shape(t, shape, err);
    if (rc == 0)
        rc = read_offsets(&s->begin[s->n], &s->end[s->n], t, offsets, data_len,
                          err);
    if (rc < 0)
        return rc;
    t->data = data + s->begin[s->n];
    s->n++;
    return 0;
}

static int metadata_is_good(const struct json_node *meta, struct err *err)
{
    if (json_type(meta) != JSON_OBJECT)
        return ERR_SET(err, ERR_FORMAT, "__metadata__ is not an object");
    for (const struct json_node *n = json_first(meta); n; n = json_next(n))
        if (json_type(n) != JSON_STRING)
            return ERR_SET(err, ERR_FORMAT,
                           "__metadata__: \"%s\" is not a string", json_key(n));
    return 0;
}

static int read_tensors(struct safetensors *s, const char *data,
                        uint64_t data_len, struct err *err)
{
    const struct json_node *root = json_root(s->header);
    size_t room = json_size(root) + 1;
    int rc = 0;

    if (json_type(root) != JSON_OBJECT)
        return ERR_SET(err, ERR_FORMAT, "the header is not an object");
    s->tensor = calloc(room, sizeof(*s->tensor));
    s->by_name = calloc(room, sizeof(const struct safetensor *));
    s->begin = calloc(room, sizeof(*s->begin));
    s->end = calloc(room, sizeof(*s->end));
    if (!s->tensor || !s->by_name || !s->begin || !s->end)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu tensors", room);
    for (const struct json_node *n = json_first(root); rc == 0 && n;
         n = json_next(n)) {
        if (strcmp(json_key(n), "__metadata__") == 0)
            rc = metadata_is_good(n, err);
        else
            rc = read_tensor(s, n, data, data_len, err);
    }
    return rc;
}

struct extent {
    uint64_t begin, end;
    const char *name;
};

static int by_begin(const void *x, const void *y)
{
    const struct extent *a = x, *b = y;

    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

/* Every byte of the data belongs to exactly one tensor. */
static int check_cover(const struct safetensors *s, uint64_t data_len,
                       struct err *err)
{
    struct extent *e = calloc(s->n + 1, sizeof(*e));
    uint64_t at = 0;
    int rc = 0;

    if (!e)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu extents", s->n);
    for (size_t i = 0; i < s->n; i++)
        e[i] = (struct extent){ s->begin[i], s->end[i], s->tensor[i].name };
    qsort(e, s->n, sizeof(*e), by_begin);
    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        if (e[i].begin != at)
            rc = ERR_SET(err, ERR_FORMAT,
                         "tensor %s: data begins at %llu, expected %llu (%s)",
                         e[i].name, (unsigned long long)e[i].begin,
                         (unsigned long long)at,
                         e[i].begin < at ? "overlap" : "hole");
        at = e[i].end;
    }
    if (rc == 0 && at != data_len)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%llu bytes of data, the tensors cover %llu",
                     (unsigned long long)data_len, (unsigned long long)at);
    free(e);
    return rc;
}

static int by_name(const void *x, const void *y)
{
    const struct safetensor *const *a = x, *const *b = y;

    return strcmp((*a)->name, (*b)->name);
}

static int read_header(struct safetensors *s, const char *path, struct err *err)
{
    const char *file = s->map.ptr;
    uint64_t len;
    int rc;

    if (s->map.len < 8)
        return ERR_SET(err, ERR_FORMAT, "%zu bytes, expected at least 8",
                       s->map.len);
    len = load_u64(file);
    if (len > HEADER_MAX || len > s->map.len - 8)
        return ERR_SET(err, ERR_FORMAT, "header of %llu bytes in a file of %zu",
                       (unsigned long long)len, s->map.len);
    if (len == 0 || file[8] != '{')
        return ERR_SET(err, ERR_FORMAT, "the header does not begin with {");
    rc = json_parse(&s->header, file_base(path), file + 8, len, JSON_STRICT,
                    err);
    if (rc == 0)
        rc = read_tensors(s, file + 8 + len, s->map.len - 8 - len, err);
    if (rc == 0)
        rc = check_cover(s, s->map.len - 8 - len, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < s->n; i++)
        s->by_name[i] = &s->tensor[i];
    qsort(s->by_name, s->n, sizeof(const struct safetensor *), by_name);
    return 0;
}

int safetensors_open(struct safetensors **out, const char *path,
                     struct err *err)
{
    struct safetensors *s = calloc(1, sizeof(*s));
    int rc;

    *out = NULL;
    if (!s)
        return ERR_SET(err, ERR_NOMEM, "no memory for %s", path);
    rc = file_map(&s->map, path, err);
    if (rc == 0) {
        rc = read_header(s, path, err);
        if (rc < 0)
            err_prefix(err, "%s", path);
    }
    if (rc < 0) {
        safetensors_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void safetensors_close(struct safetensors *s)
{
    if (!s)
        return;
    free(s->end);
    free(s->begin);
    free(s->by_name);
    free(s->tensor);
    json_free(s->header);
    file_unmap(&s->map);
    free(s);
}

size_t safetensors_count(const struct safetensors *s)
{
    return s->n;
}

const struct safetensor *safetensors_at(const struct safetensors *s, size_t i)
{
    return &s->tensor[i];
}

const struct safetensor *safetensors_find(const struct safetensors *s,
                                          const char *name)
{
    const struct safetensor key = { .name = name }, *p = &key;
    const struct safetensor *const *hit =
        bsearch(&p, s->by_name, s->n, sizeof(p), by_name);

    return hit ? *hit : NULL;
}

/* ---- values ---- */

static float from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* IEEE 754 binary16. Exact: every half is a float. */
static float from_f16(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t exponent = (h >> 10) & 31, fraction = h & 0x3FFu;

    if (exponent == 0) {
        float x = (float)fraction * 0x1p-24f;

        return sign ? -x : x;
    }
    if (exponent == 31)
        return from_bits(sign | 0x7F800000u | fraction << 13);
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

int safetensors_read(float *x, const struct safetensor *t, struct err *err)
{
    const unsigned char *p = t->data;

    if (strcmp(t->dtype, "F32") == 0) {
        if (t->count > 0)
            memcpy(x, p, t->count * sizeof(*x));
    } else if (strcmp(t->dtype, "F16") == 0) {
        for (uint64_t i = 0; i < t->count; i++)
            x[i] = from_f16(load_u16(p + 2 * i));
    } else if (strcmp(t->dtype, "BF16") == 0) {
        for (uint64_t i = 0; i < t->count; i++)
            x[i] = from_bits((uint32_t)load_u16(p + 2 * i) << 16);
    } else {
        return ERR_SET(err, ERR_FORMAT,
                       "tensor %s: dtype is %s, expected F32, F16 or BF16",
                       t->name, t->dtype);
    }
    for (uint64_t i = 0; i < t->count; i++)
        if (!isfinite(x[i]))
            return ERR_SET(err, ERR_NUMERIC,
                           "tensor %s: element %llu is not finite", t->name,
                           (unsigned long long)i);
    return 0;
}
