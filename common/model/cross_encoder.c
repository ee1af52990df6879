#include "model/cross_encoder.h"

#include <math.h>
#include <stdlib.h>

#include "model/infer.h"

void cross_encoder_new_head(struct cross_encoder *m, uint64_t seed)
{
    if (m->fresh_pooler)
        weights_random_pooler(&m->weights, m->config.init_range, seed);
    if (m->fresh)
        weights_random_classifier(&m->weights, m->config.init_range, seed);
}

/* What a folder that was no cross-encoder lacks. */
static int complete(struct cross_encoder *m, bool cross, unsigned found,
                    uint64_t seed, struct err *err)
{
    const unsigned both = WEIGHTS_FOUND_POOLER | WEIGHTS_FOUND_CLASSIFIER;

    if (cross && found != both)
        return ERR_SET(err, ERR_FORMAT, "%s: a CrossEncoder without %s",
                       m->folder,
                       found & WEIGHTS_FOUND_POOLER ? "classifier" : "pooler");
    m->fresh = !cross;
    m->fresh_pooler = !(found & WEIGHTS_FOUND_POOLER);
    cross_encoder_new_head(m, seed);
    return 0;
}

static int load(struct cross_encoder *m, const char *folder, uint64_t seed,
                struct err *err)
{
    struct model_config *c = &m->config;
    unsigned found;
    bool cross;
    int rc = model_config_load(c, folder, err);

    if (rc < 0)
        return rc;
    cross = c->kind == MODEL_CROSS;
    if (cross && c->labels != 1)
        return ERR_SET(err, ERR_FORMAT,
                       "%s: a classifier of %zu labels, expected 1", folder,
                       c->labels);
    c->labels = 1;
    rc = infer_body(m->folder, c, folder, err);
    if (rc == 0)
        rc = infer_tokenizer(&m->tokenizer, c, m->folder, err);
    if (rc == 0)
        rc = weights_init(&m->weights, c, WEIGHTS_CLASSIFIER, err);
    if (rc == 0)
        rc = weights_load(&m->weights, &found, m->folder, err);
    if (rc == 0)
        rc = complete(m, cross, found, seed, err);
    if (rc == 0 && !cross)
        c->activation = ACTIVATION_SIGMOID;
    c->kind = MODEL_CROSS;
    return rc;
}

int cross_encoder_load(struct cross_encoder *m, const char *folder,
                       uint64_t seed, struct err *err)
{
    int rc;

    *m = (struct cross_encoder){ .scratch = ARENA_INIT };
    rc = load(m, folder, seed, err);
    if (rc < 0)
        cross_encoder_release(m);
    return rc;
}

int cross_encoder_freeze(struct cross_encoder *m, enum precision precision,
                         struct err *err)
{
    infer_weights_release(&m->packed);
    return infer_weights_init(&m->packed, &m->config, &m->weights, precision,
                              err);
}

void cross_encoder_release(struct cross_encoder *m)
{
    arena_release(&m->scratch);
    infer_weights_release(&m->packed);
    tokenizer_free(m->tokenizer);
    weights_release(&m->weights);
    *m = (struct cross_encoder){ .scratch = ARENA_INIT };
}

int cross_encoder_save(const struct cross_encoder *m, const char *folder,
                       struct err *err)
{
    const struct model_config *c = &m->config;
    char path[FILE_PATH_MAX];
    int rc = file_mkdirs(folder, err);

    if (rc == 0)
        rc = file_join(path, folder, "model.safetensors", err);
    if (rc == 0)
        rc = model_config_copy_tokenizer(folder, m->folder, c->layout,
                                         c->max_len, err);
    if (rc == 0)
        rc = weights_save(&m->weights, path, true, err);
    return rc < 0 ? rc : model_config_save(c, folder, err);
}

int cross_encoder_tokenise(const struct cross_encoder *m, struct token_table *t,
                           const struct span *text, size_t n, struct workers *w,
                           struct err *err)
{
    return infer_tokenise(t, &m->config, m->tokenizer, text, n, w, err);
}

int cross_encoder_logits(struct cross_encoder *m, float *logit,
                         const struct token_table *t, const uint32_t *a,
                         const uint32_t *b, size_t n, struct workers *w,
                         struct err *err)
{
    const struct infer job = { .config = &m->config,
                               .weights = &m->weights,
                               .packed = m->packed.w ? &m->packed : NULL,
                               .tokenizer = m->tokenizer,
                               .table = t,
                               .a = a,
                               .b = b,
                               .n = n };

    return infer_run(logit, &job, &m->scratch, w, err);
}

void cross_encoder_activate(const struct cross_encoder *m, float *logit,
                            size_t n)
{
    if (m->config.activation == ACTIVATION_IDENTITY)
        return;
    for (size_t i = 0; i < n; i++)
        logit[i] = (float)(1.0 / (1.0 + exp(-(double)logit[i])));
}

static int tokenise_both(const struct cross_encoder *m, struct token_table *t,
                         const struct span *a, const struct span *b, size_t n,
                         struct workers *w, struct err *err)
{
    int rc = cross_encoder_tokenise(m, t, a, n, w, err);

    return rc < 0 ? rc : cross_encoder_tokenise(m, t, b, n, w, err);
}

int cross_encoder_score_texts(struct cross_encoder *m, float *score,
                              const struct span *a, const struct span *b,
                              size_t n, struct workers *w, struct err *err)
{
    struct token_table t = TOKEN_TABLE_INIT;
    uint32_t *which = calloc(2 * n + 1, sizeof(*which));
    int rc;

    if (!which)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu pairs", n);
    for (size_t i = 0; i < 2 * n; i++)
        which[i] = (uint32_t)i;
    rc = tokenise_both(m, &t, a, b, n, w, err);
    if (rc == 0)
        rc = cross_encoder_logits(m, score, &t, which, which + n, n, w, err);
    if (rc == 0)
        cross_encoder_activate(m, score, n);
    token_table_release(&t);
    free(which);
    return rc;
}
