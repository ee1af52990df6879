#include "model/quantize.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "model/evaluate.h"
#include "store/records.h"

enum { LEAST = 10 };

/* The sample: texts of pair i are text[i] and text[n + i]. */
struct sample {
    struct store *in;
    struct texts texts; /* the spans point into it */
    struct span *text;
    size_t n;
};

static void release_sample(struct sample *s)
{
    free(s->text);
    texts_release(&s->texts);
    store_close(s->in);
}

/* Every (total / n)th pair. */
static int pick(struct sample *s, uint64_t total, struct err *err)
{
    struct store_cursor *c;
    size_t taken = 0;
    int rc = store_cursor_open(&c, s->in, STORE_PAIRS, (struct blob){ NULL, 0 },
                               err);

    for (uint64_t i = 0; rc == 0 && taken < s->n; i++) {
        struct blob key, payload;
        struct pair p;

        rc = store_cursor_next(c, &key, &payload, err);
        if (rc != 0 || i != taken * total / s->n)
            continue;
        rc = pair_decode(&p, payload, s->texts.n, err);
        if (rc == 0) {
            s->text[taken] = s->texts.text[p.a];
            s->text[s->n + taken++] = s->texts.text[p.b];
        }
    }
    store_cursor_close(c);
    return rc == 1 ? 0 : rc;
}

static int take_sample(struct sample *s, const char *store, size_t limit,
                       struct err *err)
{
    uint64_t total = 0;
    int rc = store_open(&s->in, store, err);

    if (rc == 0)
        rc = store_count(s->in, STORE_PAIRS, &total, err);
    if (rc == 0 && total < LEAST)
        rc = ERR_SET(err, ERR_FORMAT, "%s has %llu pairs, expected %d or more",
                     store, (unsigned long long)total, LEAST);
    if (rc == 0)
        rc = texts_load(&s->texts, s->in, err);
    if (rc < 0)
        return rc;
    s->n = total < limit ? (size_t)total : limit;
    s->text = calloc(2 * s->n, sizeof(*s->text));
    if (!s->text)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu pairs", s->n);
    return pick(s, total, err);
}

/* ---- scores ---- */

struct subject {
    bool is_cross;
    struct cross_encoder cross;
    struct bi_encoder bi;
};

static int open_subject(struct subject *m, const char *folder, struct err *err)
{
    struct model_config c;
    int rc = model_config_load(&c, folder, err);

    if (rc < 0)
        return rc;
    m->is_cross = c.kind == MODEL_CROSS;
    return m->is_cross ? cross_encoder_load(&m->cross, folder, 0, err)
                       : bi_encoder_load(&m->bi, folder, err);
}

static int score_cross(double *score, struct subject *m, const struct sample *s,
                       struct workers *w, struct err *err)
{
    float *y = calloc(s->n, sizeof(*y));
    int rc = y ? cross_encoder_score_texts(&m->cross, y, s->text,
                                           s->text + s->n, s->n, w, err)
               : ERR_SET(err, ERR_NOMEM, "no memory for %zu scores", s->n);

    for (size_t i = 0; rc == 0 && i < s->n; i++)
        score[i] = (double)y[i];
    free(y);
    return rc;
}

static int score_bi(double *score, struct subject *m, const struct sample *s,
                    struct workers *w, struct err *err)
{
    size_t dim = bi_encoder_dim(&m->bi);
    float *y = calloc(2 * s->n * dim, sizeof(*y));
    int rc = y ? bi_encoder_encode_texts(&m->bi, y, s->text, 2 * s->n, w, err)
               : ERR_SET(err, ERR_NOMEM, "no memory for %zu vectors", s->n);

    if (rc == 0)
        similarity_rows(score, SIM_COSINE, y, y + s->n * dim, s->n, dim);
    free(y);
    return rc;
}

static int score_in(double *score, struct subject *m, enum precision p,
                    const struct sample *s, struct workers *w, struct err *err)
{
    int rc = m->is_cross ? cross_encoder_freeze(&m->cross, p, err)
                         : bi_encoder_freeze(&m->bi, p, err);

    if (rc < 0)
        return rc;
    return m->is_cross ? score_cross(score, m, s, w, err)
                       : score_bi(score, m, s, w, err);
}

static int compare(struct quantize *out, struct subject *m,
                   const struct sample *s, struct workers *w, struct err *err)
{
    double *f32 = calloc(2 * s->n, sizeof(*f32)), *y = f32 + s->n;
    int rc = f32 ? score_in(f32, m, PRECISION_F32, s, w, err)
                 : ERR_SET(err, ERR_NOMEM, "no memory for %zu scores", s->n);

    *out = (struct quantize){ .pairs = s->n, .has_bf16 = cpu_has(CPU_BF16) };
    if (rc == 0)
        rc = score_in(y, m, PRECISION_INT8, s, w, err);
    if (rc == 0)
        rc = precision_check(&out->int8, y, f32, s->n, err);
    if (rc == 0 && out->has_bf16)
        rc = score_in(y, m, PRECISION_BF16, s, w, err);
    if (rc == 0 && out->has_bf16)
        rc = precision_check(&out->bf16, y, f32, s->n, err);
    free(f32);
    return rc;
}

int quantize_measure(struct quantize *out, const char *folder,
                     const char *store, size_t limit, struct workers *w,
                     struct err *err)
{
    struct subject m = { .is_cross = false };
    struct sample s = { .in = NULL };
    int rc = open_subject(&m, folder, err);

    if (rc == 0)
        rc = take_sample(&s, store, limit, err);
    if (rc == 0)
        rc = compare(out, &m, &s, w, err);
    release_sample(&s);
    cross_encoder_release(&m.cross);
    bi_encoder_release(&m.bi);
    return rc;
}

/* ---- the receipt ---- */

int quantize_json(struct json_node **out, const struct quantize *q,
                  const char *folder, struct err *err)
{
    char digest[65];
    int rc = file_tree_digest(digest, folder, "receipt.json", err);

    if (rc < 0)
        return rc;
    *out = json_new_object();
    json_set_str(*out, "model", digest);
    json_set_num(*out, "pairs", (double)q->pairs);
    json_set(*out, "int8", precision_check_json(&q->int8));
    if (q->has_bf16)
        json_set(*out, "bf16", precision_check_json(&q->bf16));
    return 0;
}

int quantize_write(const struct quantize *q, const char *folder,
                   struct err *err)
{
    char path[FILE_PATH_MAX];
    struct buf b = BUF_INIT(16 << 20);
    struct json *doc = NULL;
    struct json_node *all = NULL, *extra, *found;
    int rc = file_join(path, folder, "receipt.json", err);

    if (rc == 0)
        rc = quantize_json(&found, q, folder, err);
    if (rc < 0)
        return rc;
    if (file_exists(path))
        rc = json_load(&doc, path, JSON_STRICT, err);
    if (rc == 0) {
        const struct json_node *old = json_get(json_root(doc), "extra");

        all = doc ? json_clone(json_root(doc)) : json_new_object();
        extra = old ? json_clone(old) : json_new_object();
        json_set(extra, "precision", found);
        json_set(all, "extra", extra);
        rc = json_print(&b, all, true, err);
    } else {
        json_node_free(found);
    }
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    json_node_free(all);
    json_free(doc);
    buf_release(&b);
    return rc;
}

int quantize_copy(const char *to, const char *from, struct err *err)
{
    struct file_list list;
    int rc = file_list(&list, from, err);

    if (rc < 0)
        return rc;
    rc = file_mkdirs(to, err);
    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        char old[FILE_PATH_MAX], new[FILE_PATH_MAX];

        if (strcmp(list.name[i], "receipt.json") == 0)
            continue;
        rc = file_join(old, from, list.name[i], err);
        if (rc == 0)
            rc = file_join(new, to, list.name[i], err);
        if (rc == 0)
            rc = file_is_dir(old) ? quantize_copy(new, old, err)
                                  : file_copy(new, old, err);
    }
    file_list_release(&list);
    return rc;
}
