#include "model/subject.h"

#include <stdlib.h>
#include <string.h>

#include "store/stage.h"

int subject_load(struct subject *s, const char *name, enum precision precision,
                 struct err *err)
{
    struct model_config c;
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, name, err);

    *s = (struct subject){ .name = file_base(name) };
    if (rc == 0)
        rc = model_config_load(&c, folder, err);
    if (rc < 0)
        return rc;
    s->is_cross = c.kind == MODEL_CROSS;
    rc = s->is_cross ? cross_encoder_load(&s->cross, folder, 0, err)
                     : bi_encoder_load(&s->bi, folder, err);
    if (rc == 0)
        rc = s->is_cross ? cross_encoder_freeze(&s->cross, precision, err)
                         : bi_encoder_freeze(&s->bi, precision, err);
    if (rc < 0)
        subject_release(s);
    return rc;
}

void subject_release(struct subject *s)
{
    bi_encoder_release(&s->bi);
    cross_encoder_release(&s->cross);
    *s = (struct subject){ 0 };
}

int subject_tokenise(const void *model, struct token_table *t,
                     const struct span *text, size_t n, struct workers *w,
                     struct err *err)
{
    const struct subject *s = model;

    return s->is_cross ? cross_encoder_tokenise(&s->cross, t, text, n, w, err)
                       : bi_encoder_tokenise(&s->bi, t, text, n, w, err);
}

size_t subject_lists(const struct subject *s)
{
    return s->is_cross ? 1 : SIM_COUNT;
}

const char *subject_list(const struct subject *s, size_t list)
{
    return s->is_cross ? "cross-encoder"
                       : similarity_name((enum similarity)list);
}

size_t subject_main(const struct subject *s)
{
    for (size_t k = 0; !s->is_cross && k < SIM_COUNT; k++)
        if (strcmp(similarity_name((enum similarity)k),
                   s->bi.config.similarity) == 0)
            return k;
    return 0;
}

static int score_bi(struct subject *s, double *score,
                    const struct token_table *t, const uint32_t *a,
                    const uint32_t *b, size_t n, struct workers *w,
                    struct err *err)
{
    size_t dim = bi_encoder_dim(&s->bi);
    float *v = malloc((t->n + 1) * dim * sizeof(*v));
    uint32_t *all = malloc((t->n + 1) * sizeof(*all));
    int rc = v && all ? 0 : ERR_SET(err, ERR_NOMEM, "%zu vectors", t->n);

    for (size_t i = 0; rc == 0 && i < t->n; i++)
        all[i] = (uint32_t)i;
    if (rc == 0)
        rc = bi_encoder_encode(&s->bi, v, t, all, t->n, w, err);
    for (size_t k = 0; rc == 0 && k < SIM_COUNT; k++)
        for (size_t i = 0; i < n; i++)
            similarity_rows(&score[k * n + i], (enum similarity)k,
                            v + a[i] * dim, v + b[i] * dim, 1, dim);
    free(all);
    free(v);
    return rc;
}

static int score_cross(struct subject *s, double *score,
                       const struct token_table *t, const uint32_t *a,
                       const uint32_t *b, size_t n, struct workers *w,
                       struct err *err)
{
    float *z = malloc((n + 1) * sizeof(*z));
    int rc = z ? 0 : ERR_SET(err, ERR_NOMEM, "%zu scores", n);

    if (rc == 0)
        rc = cross_encoder_logits(&s->cross, z, t, a, b, n, w, err);
    if (rc == 0)
        cross_encoder_activate(&s->cross, z, n);
    for (size_t i = 0; rc == 0 && i < n; i++)
        score[i] = (double)z[i];
    free(z);
    return rc;
}

int subject_score(struct subject *s, double *score, const struct token_table *t,
                  const uint32_t *a, const uint32_t *b, size_t n,
                  struct workers *w, struct err *err)
{
    return s->is_cross ? score_cross(s, score, t, a, b, n, w, err)
                       : score_bi(s, score, t, a, b, n, w, err);
}
