#include "model/bi_encoder.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/infer.h"

static int load(struct bi_encoder *m, const char *folder, struct err *err)
{
    struct model_config *c = &m->config;
    unsigned found;
    int rc = model_config_load(c, folder, err);

    if (rc == 0 && c->kind == MODEL_CROSS)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s: is a CrossEncoder, expected a SentenceTransformer",
                     folder);
    if (rc == 0)
        rc = infer_body(m->folder, c, folder, err);
    if (rc == 0)
        rc = infer_tokenizer(&m->tokenizer, c, m->folder, err);
    if (rc == 0)
        rc = weights_init(&m->weights, c, WEIGHTS_BODY, err);
    if (rc == 0)
        rc = weights_load(&m->weights, &found, m->folder, err);
    if (rc < 0)
        return rc;
    /* Never used, but the library misses it in what we save. */
    if (!(found & WEIGHTS_FOUND_POOLER))
        weights_random_pooler(&m->weights, c->init_range, 0);
    c->kind = MODEL_BI;
    return 0;
}

int bi_encoder_load(struct bi_encoder *m, const char *folder, struct err *err)
{
    int rc;

    *m = (struct bi_encoder){ .scratch = ARENA_INIT };
    rc = load(m, folder, err);
    if (rc < 0)
        bi_encoder_release(m);
    return rc;
}

int bi_encoder_freeze(struct bi_encoder *m, enum precision precision,
                      struct err *err)
{
    infer_weights_release(&m->packed);
    return infer_weights_init(&m->packed, &m->config, &m->weights, precision,
                              err);
}

void bi_encoder_release(struct bi_encoder *m)
{
    arena_release(&m->scratch);
    infer_weights_release(&m->packed);
    tokenizer_free(m->tokenizer);
    weights_release(&m->weights);
    *m = (struct bi_encoder){ .scratch = ARENA_INIT };
}

int bi_encoder_save(const struct bi_encoder *m, const char *folder,
                    struct err *err)
{
    struct model_config c = m->config;
    char path[FILE_PATH_MAX];
    int rc = file_mkdirs(folder, err);

    c.body[0] = '\0';
    if (rc == 0)
        rc = file_join(path, folder, "model.safetensors", err);
    if (rc == 0)
        rc = model_config_copy_tokenizer(folder, m->folder, m->config.layout, 0,
                                         err);
    if (rc == 0)
        rc = weights_save(&m->weights, path, false, err);
    return rc < 0 ? rc : model_config_save(&c, folder, err);
}

size_t bi_encoder_dim(const struct bi_encoder *m)
{
    return model_config_dim(&m->config);
}

int bi_encoder_tokenise(const struct bi_encoder *m, struct token_table *t,
                        const struct span *text, size_t n, struct workers *w,
                        struct err *err)
{
    return infer_tokenise(t, &m->config, m->tokenizer, text, n, w, err);
}

int bi_encoder_encode(struct bi_encoder *m, float *y,
                      const struct token_table *t, const uint32_t *which,
                      size_t n, struct workers *w, struct err *err)
{
    const struct infer job = { .config = &m->config,
                               .weights = &m->weights,
                               .packed = m->packed.w ? &m->packed : NULL,
                               .tokenizer = m->tokenizer,
                               .table = t,
                               .a = which,
                               .n = n };

    return infer_run(y, &job, &m->scratch, w, err);
}

int bi_encoder_encode_texts(struct bi_encoder *m, float *y,
                            const struct span *text, size_t n,
                            struct workers *w, struct err *err)
{
    struct token_table t = TOKEN_TABLE_INIT;
    uint32_t *which = calloc(n + 1, sizeof(*which));
    int rc;

    if (!which)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu texts", n);
    for (size_t i = 0; i < n; i++)
        which[i] = (uint32_t)i;
    rc = bi_encoder_tokenise(m, &t, text, n, w, err);
    if (rc == 0)
        rc = bi_encoder_encode(m, y, &t, which, n, w, err);
    token_table_release(&t);
    free(which);
    return rc;
}
