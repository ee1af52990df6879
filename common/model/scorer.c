#include "model/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/pooling.h"

enum { WINDOW = 4096 }; /* texts encoded in one call */

/* ---- loading ---- */

static int check_head(const struct cross_encoder *m, struct err *err)
{
    if (m->fresh)
        return ERR_SET(err, ERR_FORMAT,
                       "%s has no classification head: train a cross-encoder "
                       "first",
                       m->folder);
    return 0;
}

static int load_cross(struct scorer *s, const char *folder,
                      enum precision precision, struct err *err)
{
    int rc = cross_encoder_load(&s->cross, folder, 0, err);

    if (rc == 0)
        rc = check_head(&s->cross, err);
    return rc < 0 ? rc : cross_encoder_freeze(&s->cross, precision, err);
}

static int load_bi(struct scorer *s, const char *folder,
                   enum precision precision, struct err *err)
{
    int rc = bi_encoder_load(&s->bi, folder, err);

    return rc < 0 ? rc : bi_encoder_freeze(&s->bi, precision, err);
}

int scorer_load(struct scorer *s, const char *folder, bool both_orders,
                enum precision precision, struct err *err)
{
    struct model_config c;
    int rc = model_config_load(&c, folder, err);

    memset(s, 0, sizeof(*s));
    if (rc == 0 && c.kind == MODEL_PLAIN)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s is an encoder alone, with neither a classification "
                     "head nor a pooling: train a cross-encoder or a sentence "
                     "encoder first",
                     folder);
    if (rc < 0)
        return rc;
    s->table = (struct token_table)TOKEN_TABLE_INIT;
    s->is_cross = c.kind == MODEL_CROSS;
    s->both_orders = s->is_cross && both_orders;
    rc = s->is_cross ? load_cross(s, folder, precision, err)
                     : load_bi(s, folder, precision, err);
    if (rc < 0)
        scorer_release(s);
    return rc;
}

void scorer_release(struct scorer *s)
{
    cross_encoder_release(&s->cross);
    bi_encoder_release(&s->bi);
    token_table_release(&s->table);
    free(s->vector);
    memset(s, 0, sizeof(*s));
}

/* ---- texts ---- */

int scorer_tokenise(const void *model, struct token_table *t,
                    const struct span *text, size_t n, struct workers *w,
                    struct err *err)
{
    const struct scorer *s = model;

    return s->is_cross ? cross_encoder_tokenise(&s->cross, t, text, n, w, err)
                       : bi_encoder_tokenise(&s->bi, t, text, n, w, err);
}

static int encode_all(struct scorer *s, struct workers *w, struct err *err)
{
    size_t n = s->table.n, dim = bi_encoder_dim(&s->bi);
    uint32_t which[WINDOW];
    int rc = 0;

    free(s->vector);
    s->vector = calloc(n + 1, dim * sizeof(*s->vector));
    if (!s->vector)
        return ERR_SET(err, ERR_NOMEM, "%zu vectors of %zu numbers", n, dim);
    for (size_t from = 0; rc == 0 && from < n; from += WINDOW) {
        size_t here = n - from < WINDOW ? n - from : WINDOW;
        float *y = s->vector + from * dim;

        for (size_t i = 0; i < here; i++)
            which[i] = (uint32_t)(from + i);
        rc = bi_encoder_encode(&s->bi, y, &s->table, which, here, w, err);
        if (rc == 0 && !s->raw)
            l2norm_fwd(y, NULL, y, here, dim);
    }
    return rc;
}

int scorer_take(struct scorer *s, struct token_table *t, struct workers *w,
                struct err *err)
{
    token_table_release(&s->table);
    s->table = *t;
    *t = (struct token_table)TOKEN_TABLE_INIT;
    return s->is_cross ? 0 : encode_all(s, w, err);
}

int scorer_texts(struct scorer *s, const struct span *text, size_t n,
                 struct workers *w, struct err *err)
{
    struct token_table t = TOKEN_TABLE_INIT;
    int rc = scorer_tokenise(s, &t, text, n, w, err);

    if (rc == 0)
        rc = scorer_take(s, &t, w, err);
    token_table_release(&t);
    return rc;
}

/* ---- pairs ---- */

static float cosine(const float *u, const float *v, size_t dim)
{
    double sum = 0.0;

    for (size_t i = 0; i < dim; i++)
        sum += (double)u[i] * (double)v[i];
    return (float)sum;
}

/*
 * Without a sigmoid a model may be one of regression, whose logits are the
 * scores but for a little, or a ranker, whose logits are anything.
 */
static int to_unit(const struct scorer *s, float *score, size_t n,
                   struct err *err)
{
    size_t far = 0;

    for (size_t i = 0; i < n; i++) {
        far += score[i] < -0.5f || score[i] > 1.5f;
        score[i] = fminf(fmaxf(score[i], 0.0f), 1.0f);
    }
    if (10 * far <= n)
        return 0;
    return ERR_SET(err, ERR_FORMAT,
                   "%s gives raw logits (activation Identity), %zu of %zu far "
                   "from [0, 1]; scores must be in there",
                   s->cross.folder, far, n);
}

static int score_cross(struct scorer *s, float *score, const uint32_t *a,
                       const uint32_t *b, size_t n, struct workers *w,
                       struct err *err)
{
    int rc = cross_encoder_logits(&s->cross, score, &s->table, a, b, n, w, err);

    if (rc < 0)
        return rc;
    cross_encoder_activate(&s->cross, score, n);
    return s->raw || s->cross.config.activation == ACTIVATION_SIGMOID
               ? 0
               : to_unit(s, score, n, err);
}

static int score_both(struct scorer *s, float *score, float *reverse,
                      const uint32_t *a, const uint32_t *b, size_t n,
                      struct workers *w, struct err *err)
{
    int rc = score_cross(s, score, a, b, n, w, err);

    if (rc == 0)
        rc = score_cross(s, reverse, b, a, n, w, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        score[i] = 0.5f * (score[i] + reverse[i]);
    return rc;
}

int scorer_score(struct scorer *s, float *score, float *reverse,
                 const uint32_t *a, const uint32_t *b, size_t n,
                 struct workers *w, struct err *err)
{
    size_t dim = s->is_cross ? 0 : bi_encoder_dim(&s->bi);
    float *mine = NULL;
    int rc = 0;

    if (s->both_orders) {
        if (!reverse)
            reverse = mine = malloc((n + 1) * sizeof(*mine));
        rc = reverse ? score_both(s, score, reverse, a, b, n, w, err)
                     : ERR_SET(err, ERR_NOMEM, "%zu scores", n);
        free(mine);
        return rc;
    }
    for (size_t i = 0; reverse && i < n; i++)
        reverse[i] = NAN;
    if (s->is_cross)
        return score_cross(s, score, a, b, n, w, err);
    for (size_t i = 0; i < n; i++)
        score[i] = cosine(s->vector + a[i] * dim, s->vector + b[i] * dim, dim);
    return 0;
}
