#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/half.h"
#include "base/json.h"
#include "model/safetensors.h"

enum { HEADER_MAX = 100000000, HALVES = 4096 };
enum width { WIDTH_F32 = 4, WIDTH_F16 = 2 }; /* bytes an element */

static uint64_t elements(const struct safetensor_f32 *t)
{
    return (uint64_t)t->rows * (t->cols ? t->cols : 1);
}

static int f32_by_name(const void *x, const void *y)
{
    const struct safetensor_f32 *const *a = x, *const *b = y;

    return strcmp((*a)->name, (*b)->name);
}

static struct json_node *describe(const struct safetensor_f32 *t,
                                  enum width width, uint64_t begin)
{
    struct json_node *o = json_new_object(), *shape = json_new_array();
    struct json_node *offsets = json_new_array();

    json_push_num(shape, (double)t->rows);
    if (t->cols)
        json_push_num(shape, (double)t->cols);
    json_push_num(offsets, (double)begin);
    json_push_num(offsets, (double)(begin + width * elements(t)));
    json_set_str(o, "dtype", width == WIDTH_F16 ? "F16" : "F32");
    json_set(o, "shape", shape);
    json_set(o, "data_offsets", offsets);
    return o;
}

/* The length, the JSON, and spaces up to a multiple of 8. */
static int make_header(struct buf *b, const struct safetensor_f32 *const *t,
                       size_t n, enum width width, struct err *err)
{
    struct json_node *root = json_new_object(), *meta = json_new_object();
    uint64_t at = 0;
    char len[8] = { 0 };
    int rc;

    json_set_str(meta, "format", "pt");
    json_set(root, "__metadata__", meta);
    for (size_t i = 0; i < n; i++) {
        json_set(root, t[i]->name, describe(t[i], width, at));
        at += width * elements(t[i]);
    }
    rc = buf_append(b, len, sizeof(len), err);
    if (rc == 0)
        rc = json_print(b, root, false, err);
    json_node_free(root);
    while (rc == 0 && b->len % 8 != 0)
        rc = buf_puts(b, " ", err);
    if (rc == 0)
        store_u64(b->ptr, b->len - 8);
    return rc;
}

static int write_fail(const char *path, struct err *err)
{
    return ERR_SET(err, errno == ENOSPC ? ERR_FULL : ERR_IO,
                   "%s: cannot write: %s", path, strerror(errno));
}

static bool put_halves(FILE *f, const float *x, size_t n)
{
    uint16_t half[HALVES];
    bool good = true;

    for (size_t at = 0; good && at < n; at += HALVES) {
        size_t len = n - at < HALVES ? n - at : HALVES;

        for (size_t i = 0; i < len; i++)
            store_u16(&half[i], half_from(x[at + i]));
        good = fwrite(half, sizeof(*half), len, f) == len;
    }
    return good;
}

static bool put_tensor(FILE *f, const struct safetensor_f32 *t,
                       enum width width)
{
    if (width == WIDTH_F16)
        return put_halves(f, t->data, elements(t));
    return fwrite(t->data, 4, elements(t), f) == elements(t);
}

static int write_parts(const char *path, const struct buf *header,
                       const struct safetensor_f32 *const *t, size_t n,
                       enum width width, struct err *err)
{
    FILE *f = fopen(path, "wb");
    bool good;

    if (!f)
        return write_fail(path, err);
    good = fwrite(header->ptr, 1, header->len, f) == header->len;
    for (size_t i = 0; good && i < n; i++)
        good = put_tensor(f, t[i], width);
    if (!good) {
        int rc = write_fail(path, err);

        fclose(f);
        return rc;
    }
    if (fclose(f) != 0)
        return write_fail(path, err);
    return file_sync(path, err);
}

static int write_all(const char *path, const struct safetensor_f32 *t, size_t n,
                     enum width width, struct err *err)
{
    struct buf header = BUF_INIT(HEADER_MAX);
    const struct safetensor_f32 **sorted = calloc(n + 1, sizeof(*sorted));
    char tmp[FILE_PATH_MAX];
    int rc;

    if (!sorted)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu tensors", n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &t[i];
    qsort(sorted, n, sizeof(*sorted), f32_by_name);
    rc = make_header(&header, sorted, n, width, err);
    if (rc == 0 &&
        (size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= sizeof(tmp))
        rc = ERR_SET(err, ERR_FULL, "%s: path is too long", path);
    if (rc == 0)
        rc = write_parts(tmp, &header, sorted, n, width, err);
    if (rc == 0)
        rc = file_rename(tmp, path, err);
    buf_release(&header);
    free(sorted);
    return rc;
}

int safetensors_write(const char *path, const struct safetensor_f32 *t,
                      size_t n, struct err *err)
{
    return write_all(path, t, n, WIDTH_F32, err);
}

int safetensors_write_f16(const char *path, const struct safetensor_f32 *t,
                          size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < elements(&t[i]); k++)
            if (!(fabsf(t[i].data[k]) < 65520.0f))
                return ERR_SET(err, ERR_NUMERIC,
                               "%s: %g does not fit a 16-bit float", t[i].name,
                               (double)t[i].data[k]);
    return write_all(path, t, n, WIDTH_F16, err);
}
