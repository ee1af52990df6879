#include "model/model_export.h"

#include <stdlib.h>

#include "base/file.h"
#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "model/safetensors.h"

static const char weights_name[] = "model.safetensors";

/* ---- fp16 in place of f32 ---- */

/* All tensors of s as f32, in memory that `values` owns. */
static int widen(struct safetensor_f32 *t, float *values,
                 const struct safetensors *s, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < safetensors_count(s); i++) {
        const struct safetensor *x = safetensors_at(s, i);

        t[i] = (struct safetensor_f32){ x->name, values, (size_t)x->shape[0],
                                        x->rank > 1 ? (size_t)x->shape[1] : 0 };
        rc = safetensors_read(values, x, err);
        values += x->count;
    }
    return rc;
}

static int halve(const char *path, struct err *err)
{
    struct safetensors *s = NULL;
    struct safetensor_f32 *t = NULL;
    float *values = NULL;
    size_t n = 0, count = 0;
    int rc = safetensors_open(&s, path, err);

    if (rc < 0)
        return rc;
    n = safetensors_count(s);
    for (size_t i = 0; i < n; i++)
        count += safetensors_at(s, i)->count;
    t = calloc(n + 1, sizeof(*t));
    values = malloc((count + 1) * sizeof(*values));
    rc = t && values ? widen(t, values, s, err)
                     : ERR_SET(err, ERR_NOMEM, "%zu weights", count);
    if (rc == 0)
        rc = safetensors_write_f16(path, t, n, err);
    free(values);
    free(t);
    safetensors_close(s);
    return rc;
}

/* ---- the folder ---- */

/* A model of either kind; one of the two is loaded. */
struct either {
    struct bi_encoder bi;
    struct cross_encoder cross;
    bool is_cross;
};

static int load(struct either *m, const char *from, struct err *err)
{
    struct model_config c;
    int rc = model_config_load(&c, from, err);

    if (rc < 0)
        return rc;
    m->is_cross = c.kind == MODEL_CROSS;
    return m->is_cross ? cross_encoder_load(&m->cross, from, 0, err)
                       : bi_encoder_load(&m->bi, from, err);
}

static int save_onnx(const struct either *m, const char *to,
                     enum export_format format, struct err *err)
{
    const struct model_config *c =
        m->is_cross ? &m->cross.config : &m->bi.config;
    const struct weights *w = m->is_cross ? &m->cross.weights : &m->bi.weights;
    char path[FILE_PATH_MAX];
    int rc = file_join(path, to, "onnx", err);

    if (rc == 0)
        rc = file_mkdirs(path, err);
    if (rc == 0)
        rc = file_join(path, to, "onnx/model.onnx", err);
    return rc < 0 ? rc : onnx_export(path, c, w, format, err);
}

int model_export(const char *to, const char *from, enum export_kind kind,
                 enum export_format format, struct err *err)
{
    struct either m = { .is_cross = false };
    char path[FILE_PATH_MAX];
    int rc;

    if (kind == EXPORT_LIBRARY && format == EXPORT_INT8)
        return ERR_SET(err, ERR_USAGE,
                       "sentence-transformers folders have f32 or fp16 "
                       "weights; int8 needs --to onnx");
    rc = load(&m, from, err);
    if (rc == 0)
        rc = m.is_cross ? cross_encoder_save(&m.cross, to, err)
                        : bi_encoder_save(&m.bi, to, err);
    if (rc == 0)
        rc = file_join(path, to, weights_name, err);
    if (rc == 0 && kind == EXPORT_ONNX)
        rc = file_remove(path, err);
    if (rc == 0 && kind == EXPORT_ONNX)
        rc = save_onnx(&m, to, format, err);
    else if (rc == 0 && format == EXPORT_FP16)
        rc = halve(path, err);
    bi_encoder_release(&m.bi);
    cross_encoder_release(&m.cross);
    return rc;
}
