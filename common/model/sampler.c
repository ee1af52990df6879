#include "model/sampler.h"

#include <stdlib.h>

#include "base/progress.h"
#include "base/rng.h"
#include "mine/bm25.h"
#include "mine/sample.h"
#include "mine/topk.h"
#include "model/bi_encoder.h"
#include "nn/pooling.h"
#include "store/stage.h"
#include "text/words.h"

enum { GRAIN = 64, QUERIES = 4096 };

/* ---- random ---- */

int sampler_random(struct pool *p, size_t k, uint64_t seed, struct err *err)
{
    uint32_t n = writer_texts(p->writer);
    size_t want = k * n, got = 0;
    struct sample_pair *pair = malloc((want + 1) * sizeof(*pair));
    struct rng rng;
    int rc = pair ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold %zu pairs", want);

    rng_init(&rng, seed, 0);
    if (rc == 0)
        rc = sample_random(pair, &got, want, n, &p->known, &rng, err);
    for (size_t i = 0; rc == 0 && i < got; i++)
        rc = pool_write(p, pair[i].a, pair[i].b, ORIGIN_RANDOM, err);
    free(pair);
    return rc;
}

/* ---- bm25 ---- */

struct word_index {
    struct intern vocabulary;
    struct buf terms; /* u32 each */
    size_t *offset;   /* [n+1] */
    struct bm25 *bm25;
    struct bm25_scratch **scratch; /* [workers] */
    struct bm25_hit *hit;          /* [QUERIES,k] */
    uint32_t *found;               /* [QUERIES] */
    size_t k, first, workers;
};

static int add_term(void *ctx, struct span term, struct err *err)
{
    struct word_index *ix = ctx;
    uint32_t id;
    bool added;
    int rc = intern_add(&ix->vocabulary, term, &id, &added, err);

    return rc < 0 ? rc : buf_append(&ix->terms, &id, sizeof(id), err);
}

static const uint32_t *terms_of(const struct word_index *ix)
{
    return (const uint32_t *)(const void *)ix->terms.ptr;
}

static int build_index(struct word_index *ix, const struct pool *p, double k1,
                       double b, size_t workers, struct err *err)
{
    uint32_t n = writer_texts(p->writer);
    int rc = 0;

    ix->workers = workers;
    ix->offset = calloc((size_t)n + 1, sizeof(*ix->offset));
    ix->scratch = calloc(workers, sizeof(*ix->scratch));
    ix->hit = malloc(QUERIES * ix->k * sizeof(*ix->hit));
    ix->found = malloc(QUERIES * sizeof(*ix->found));
    if (!ix->offset || !ix->scratch || !ix->hit || !ix->found)
        return ERR_SET(err, ERR_NOMEM, "cannot index %u texts", n);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = words_each(writer_get(p->writer, i), add_term, ix, err);
        ix->offset[i + 1] = ix->terms.len / sizeof(uint32_t);
    }
    if (rc == 0)
        rc = bm25_new(&ix->bm25, terms_of(ix), ix->offset, n, ix->vocabulary.n,
                      k1, b, err);
    for (size_t i = 0; rc == 0 && i < workers; i++)
        rc = bm25_scratch_new(&ix->scratch[i], ix->bm25, err);
    return rc;
}

static void free_index(struct word_index *ix)
{
    for (size_t i = 0; ix->scratch && i < ix->workers; i++)
        bm25_scratch_free(ix->scratch[i]);
    free(ix->scratch);
    bm25_free(ix->bm25);
    intern_release(&ix->vocabulary);
    buf_release(&ix->terms);
    free(ix->offset);
    free(ix->hit);
    free(ix->found);
}

static void query(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct word_index *ix = ctx;

    for (size_t i = begin; i < end; i++) {
        size_t q = ix->first + i;

        ix->found[i] = (uint32_t)bm25_query(
            ix->bm25, ix->scratch[worker], ix->hit + i * ix->k, ix->k,
            terms_of(ix) + ix->offset[q], ix->offset[q + 1] - ix->offset[q],
            (uint32_t)q);
    }
}

/* Queries [first, first + n), their hits proposed. */
static int query_window(struct word_index *ix, struct pool *p, size_t n,
                        struct workers *w, struct err *err)
{
    int rc = 0;

    workers_run(w, n, GRAIN, query, ix);
    for (size_t i = 0; rc == 0 && i < n; i++)
        for (size_t k = 0; rc == 0 && k < ix->found[i]; k++)
            rc = pool_propose(p, (uint32_t)(ix->first + i),
                              ix->hit[i * ix->k + k].doc, ORIGIN_BM25, err);
    return rc;
}

int sampler_bm25(struct pool *p, size_t k, double k1, double b,
                 struct workers *w, struct err *err)
{
    struct word_index ix = { .vocabulary = INTERN_INIT,
                             .terms = BUF_INIT((size_t)1 << 36),
                             .k = k };
    size_t n = writer_texts(p->writer);
    int rc = build_index(&ix, p, k1, b, workers_count(w), err);

    progress_start("texts", n);
    for (; rc == 0 && ix.first < n; ix.first += QUERIES) {
        size_t here = n - ix.first < QUERIES ? n - ix.first : QUERIES;

        rc = query_window(&ix, p, here, w, err);
        progress_update(ix.first + here, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    progress_end();
    free_index(&ix);
    return rc;
}

/* ---- semantic ---- */

/* Unit vectors [n,dim] of all texts; the caller frees *out. */
static int encode_pool(const struct pool *p, const char *model, float **out,
                       size_t *dim, struct workers *w, struct err *err)
{
    struct bi_encoder m = { 0 };
    uint32_t n = writer_texts(p->writer);
    struct span *text = malloc(((size_t)n + 1) * sizeof(*text));
    char folder[FILE_PATH_MAX];
    float *v = NULL;
    int rc = stage_model_path(folder, model, err);

    if (rc == 0)
        rc = bi_encoder_load(&m, folder, err);
    if (rc == 0)
        rc = bi_encoder_freeze(&m, PRECISION_F32, err);
    *dim = rc == 0 ? bi_encoder_dim(&m) : 0;
    if (rc == 0) {
        v = malloc(((size_t)n + 1) * *dim * sizeof(*v));
        rc = v && text ? 0
                       : ERR_SET(err, ERR_NOMEM, "cannot hold %u vectors", n);
    }
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        text[i] = writer_get(p->writer, i);
    progress_start("texts", n);
    for (uint32_t from = 0; rc == 0 && from < n; from += QUERIES) {
        uint32_t here = n - from < QUERIES ? n - from : QUERIES;

        rc = bi_encoder_encode_texts(&m, v + from * *dim, text + from, here, w,
                                     err);
        progress_update(from + here, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    progress_end();
    if (rc == 0)
        l2norm_fwd(v, NULL, v, n, *dim);
    free(text);
    bi_encoder_release(&m);
    *out = v;
    return rc;
}

int sampler_semantic(struct pool *p, size_t k, const char *model,
                     struct workers *w, struct err *err)
{
    size_t n = writer_texts(p->writer), dim;
    struct topk_hit *hit = malloc((n * k + 1) * sizeof(*hit));
    float *v = NULL;
    int rc = hit ? encode_pool(p, model, &v, &dim, w, err)
                 : ERR_SET(err, ERR_NOMEM, "cannot hold %zu neighbours", n * k);

    if (rc == 0)
        rc = topk_self(hit, v, n, k, dim, w, err);
    for (size_t i = 0; rc == 0 && i < n * k; i++)
        if (hit[i].doc != UINT32_MAX)
            rc = pool_propose(p, (uint32_t)(i / k), hit[i].doc, ORIGIN_SEMANTIC,
                              err);
    free(v);
    free(hit);
    return rc;
}
