/*
 * pair-builder - candidate pairs for the cross-encoder to score.
 *
 * in:  texts (any stores)      out: unordered pairs without labels
 *
 * Samplers (Thakur et al., "Augmented SBERT", 2021, arXiv:2010.08240): random,
 * bm25 (top-k per text by BM25), semantic (top-k by cosine of a bi-encoder).
 * Never proposed: a text with itself, a pair twice or mirrored, a pair that a
 * --texts store already has (gold), a text of an --exclude store (dev, test).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/progress.h"
#include "mine/bm25.h"
#include "mine/sample.h"
#include "mine/topk.h"
#include "model/bi_encoder.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/pooling.h"
#include "store/stage.h"
#include "text/words.h"

enum { GRAIN = 64, QUERIES = 4096 };

struct args {
    struct stage_args common;
    struct opt_list texts, exclude;
    const char *out, *sampler, *model;
    int64_t top_k;
    double k1, b;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATHS('i', "texts", struct args, texts, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED,
                  "store whose texts to pair; its own pairs "
                  "are known and not proposed"),
    OPT_ROW_PATHS('x', "exclude", struct args, exclude, OPT_IN_STORE, "STORE",
                  0, "store whose texts must not occur (dev, test)"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of pairs to make"),
    OPT_ROW_CHOICE(0, "sampler", struct args, sampler, "bm25",
                   "random|bm25|semantic", 0, "how to choose pairs"),
    OPT_ROW_INT('k', "top-k", struct args, top_k, "5", 1, 1000, 0,
                "pairs to look for per text"),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL", 0,
                 "semantic: bi-encoder"),
    OPT_ROW_REAL(0, "k1", struct args, k1, "1.2", 0, 10, 0,
                 "bm25: saturation of term counts"),
    OPT_ROW_REAL(0, "b", struct args, b, "0.75", 0, 1, 0,
                 "bm25: weight of the text's length"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "pair-builder",
    .summary = "Build candidate pairs from texts.",
    .example = "pair-builder --texts gold.lmdb --texts pool.lmdb --sampler "
               "bm25 --top-k 5 --out cand.lmdb",
    .opts = rows,
    .version = 1,
};

struct work {
    const struct args *args;
    struct stage *stage;
    struct workers *workers;
    struct intern banned; /* texts of --exclude */
    struct store *out;
    struct writer *writer; /* its texts are the pool */
    struct pairset known;
    uint64_t excluded; /* texts left out */
    uint64_t gold;     /* pairs that were known before */
};

/* ---- texts ---- */

static int load_banned(struct work *x, const char *path, struct err *err)
{
    struct store *s;
    struct texts t = { NULL, NULL, 0 };
    int rc = store_open(&s, path, err);

    if (rc == 0)
        rc = texts_load(&t, s, err);
    for (uint32_t i = 0; rc == 0 && i < t.n; i++) {
        uint32_t number;
        bool added;

        rc = intern_add(&x->banned, t.text[i], &number, &added, err);
    }
    texts_release(&t);
    store_close(s);
    return rc;
}

/* The pairs of a store, in the pool's ordinals, are known. */
static int note_known(struct work *x, struct store *s, const int64_t *place,
                      struct err *err)
{
    struct pairs p;
    int rc = pairs_load(&p, s, err);

    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        int64_t a = place[p.pair[i].a], b = place[p.pair[i].b];
        bool added;

        if (a >= 0 && b >= 0 && a != b)
            rc = pairset_add(&x->known, (uint32_t)a, (uint32_t)b, &added, err);
    }
    pairs_release(&p);
    return rc;
}

static int load_pool(struct work *x, const char *path, struct err *err)
{
    struct store *s;
    struct texts t = { NULL, NULL, 0 };
    int64_t *place = NULL;
    int rc = store_open(&s, path, err);

    if (rc == 0)
        rc = texts_load(&t, s, err);
    if (rc == 0) {
        place = malloc(((size_t)t.n + 1) * sizeof(*place));
        rc = place ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold the pool");
    }
    for (uint32_t i = 0; rc == 0 && i < t.n; i++) {
        uint32_t ordinal;

        place[i] = -1;
        if (intern_find(&x->banned, t.text[i]) >= 0) {
            x->excluded++;
            continue;
        }
        rc = writer_text(x->writer, t.text[i], t.attr[i], &ordinal, err);
        place[i] = ordinal;
    }
    if (rc == 0)
        rc = note_known(x, s, place, err);
    free(place);
    texts_release(&t);
    store_close(s);
    return rc;
}

/* ---- proposals ---- */

static int propose(struct work *x, uint32_t a, uint32_t b, enum origin origin,
                   struct err *err)
{
    struct pair p = { a < b ? a : b, a < b ? b : a,    NAN, NAN,
                      NAN,           (uint16_t)origin, 0 };
    bool added;
    int rc = pairset_add(&x->known, a, b, &added, err);

    x->stage->n.seen++;
    if (rc == 0 && !added) {
        x->stage->n.rejected++;
        return 0;
    }
    if (rc == 0)
        rc = writer_pair(x->writer, &p, NULL, err);
    x->stage->n.kept += rc == 0;
    return rc;
}

static int sample_pairs(struct work *x, struct err *err)
{
    uint32_t n = writer_texts(x->writer);
    size_t want = (size_t)x->args->top_k * n, got = 0;
    struct sample_pair *p = malloc((want + 1) * sizeof(*p));
    struct rng rng;
    int rc = p ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold %zu pairs", want);

    rng_init(&rng, (uint64_t)x->args->common.seed, 0);
    if (rc == 0)
        rc = sample_random(p, &got, want, n, &x->known, &rng, err);
    for (size_t i = 0; rc == 0 && i < got; i++) {
        struct pair r = { p[i].a < p[i].b ? p[i].a : p[i].b,
                          p[i].a < p[i].b ? p[i].b : p[i].a,
                          NAN,
                          NAN,
                          NAN,
                          ORIGIN_RANDOM,
                          0 };

        rc = writer_pair(x->writer, &r, NULL, err);
    }
    x->stage->n.seen = x->stage->n.kept = got;
    free(p);
    return rc;
}

/* ---- bm25 ---- */

struct index {
    struct intern vocabulary;
    struct buf terms; /* u32 each */
    size_t *offset;   /* [n+1] */
    struct bm25 *bm25;
    struct bm25_scratch **scratch; /* [workers] */
    struct bm25_hit *hit;          /* [QUERIES, k] */
    uint32_t *found;               /* [QUERIES] */
    size_t k, first;
};

static int add_term(void *ctx, struct span term, struct err *err)
{
    struct index *ix = ctx;
    uint32_t id;
    bool added;
    int rc = intern_add(&ix->vocabulary, term, &id, &added, err);

    return rc < 0 ? rc : buf_append(&ix->terms, &id, sizeof(id), err);
}

static const uint32_t *terms_of(const struct index *ix)
{
    return (const uint32_t *)(const void *)ix->terms.ptr;
}

static int build_index(struct work *x, struct index *ix, struct err *err)
{
    uint32_t n = writer_texts(x->writer);
    size_t w = workers_count(x->workers);
    int rc = 0;

    ix->k = (size_t)x->args->top_k;
    ix->offset = calloc((size_t)n + 1, sizeof(*ix->offset));
    ix->scratch = calloc(w, sizeof(*ix->scratch));
    ix->hit = malloc(QUERIES * ix->k * sizeof(*ix->hit));
    ix->found = malloc(QUERIES * sizeof(*ix->found));
    if (!ix->offset || !ix->scratch || !ix->hit || !ix->found)
        return ERR_SET(err, ERR_NOMEM, "cannot index %u texts", n);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = words_each(writer_get(x->writer, i), add_term, ix, err);
        ix->offset[i + 1] = ix->terms.len / sizeof(uint32_t);
    }
    if (rc == 0)
        rc = bm25_new(&ix->bm25, terms_of(ix), ix->offset, n, ix->vocabulary.n,
                      x->args->k1, x->args->b, err);
    for (size_t i = 0; rc == 0 && i < w; i++)
        rc = bm25_scratch_new(&ix->scratch[i], ix->bm25, err);
    return rc;
}

static void free_index(struct work *x, struct index *ix)
{
    for (size_t i = 0; ix->scratch && i < workers_count(x->workers); i++)
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
    struct index *ix = ctx;

    for (size_t i = begin; i < end; i++) {
        size_t q = ix->first + i;

        ix->found[i] = (uint32_t)bm25_query(
            ix->bm25, ix->scratch[worker], ix->hit + i * ix->k, ix->k,
            terms_of(ix) + ix->offset[q], ix->offset[q + 1] - ix->offset[q],
            (uint32_t)q);
    }
}

static int bm25_pairs(struct work *x, struct err *err)
{
    struct index ix = { .vocabulary = INTERN_INIT,
                        .terms = BUF_INIT((size_t)1 << 36) };
    size_t n = writer_texts(x->writer);
    int rc = build_index(x, &ix, err);

    progress_start("texts", n);
    for (ix.first = 0; rc == 0 && ix.first < n; ix.first += QUERIES) {
        size_t here = n - ix.first < QUERIES ? n - ix.first : QUERIES;

        workers_run(x->workers, here, GRAIN, query, &ix);
        for (size_t i = 0; rc == 0 && i < here; i++)
            for (size_t k = 0; rc == 0 && k < ix.found[i]; k++)
                rc = propose(x, (uint32_t)(ix.first + i),
                             ix.hit[i * ix.k + k].doc, ORIGIN_BM25, err);
        progress_update(ix.first + here, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    progress_end();
    free_index(x, &ix);
    return rc;
}

/* ---- semantic ---- */

static int encode_pool(struct work *x, float **out, size_t *dim,
                       struct err *err)
{
    struct bi_encoder m = { 0 };
    uint32_t n = writer_texts(x->writer);
    struct span *text = malloc(((size_t)n + 1) * sizeof(*text));
    char folder[FILE_PATH_MAX];
    float *v = NULL;
    int rc = stage_model_path(folder, x->args->model, err);

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
        text[i] = writer_get(x->writer, i);
    progress_start("texts", n);
    for (uint32_t from = 0; rc == 0 && from < n; from += QUERIES) {
        uint32_t here = n - from < QUERIES ? n - from : QUERIES;

        rc = bi_encoder_encode_texts(&m, v + from * *dim, text + from, here,
                                     x->workers, err);
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

static int semantic_pairs(struct work *x, struct err *err)
{
    size_t n = writer_texts(x->writer), k = (size_t)x->args->top_k, dim;
    struct topk_hit *hit = malloc((n * k + 1) * sizeof(*hit));
    float *v = NULL;
    int rc = 0;

    if (!x->args->model[0])
        rc = ERR_SET(err, ERR_USAGE, "--sampler semantic needs --model");
    else if (!hit)
        rc = ERR_SET(err, ERR_NOMEM, "cannot hold %zu neighbours", n * k);
    if (rc == 0)
        rc = encode_pool(x, &v, &dim, err);
    if (rc == 0)
        rc = topk_self(hit, v, n, k, dim, x->workers, err);
    for (size_t i = 0; rc == 0 && i < n * k; i++)
        if (hit[i].doc != UINT32_MAX)
            rc =
                propose(x, (uint32_t)(i / k), hit[i].doc, ORIGIN_SEMANTIC, err);
    free(v);
    free(hit);
    return rc;
}

/* ---- run ---- */

static int build(struct work *x, struct err *err)
{
    const struct args *a = x->args;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->exclude.n; i++)
        rc = load_banned(x, a->exclude.item[i], err);
    for (size_t i = 0; rc == 0 && i < a->texts.n; i++)
        rc = load_pool(x, a->texts.item[i], err);
    if (rc < 0)
        return rc;
    x->gold = x->known.n;
    log_info("%u texts, %llu known pairs, %llu texts of excluded stores left "
             "out",
             writer_texts(x->writer), (unsigned long long)x->gold,
             (unsigned long long)x->excluded);
    if (strcmp(a->sampler, "random") == 0)
        return sample_pairs(x, err);
    if (strcmp(a->sampler, "semantic") == 0)
        return semantic_pairs(x, err);
    return bm25_pairs(x, err);
}

static void record(struct stage *st, const struct work *x)
{
    json_set_num(st->extra, "texts", (double)writer_texts(x->writer));
    json_set_num(st->extra, "known_pairs", (double)x->gold);
    json_set_num(st->extra, "excluded_texts", (double)x->excluded);
    printf("%llu candidate pairs of %u texts (%llu proposals were known, "
           "mirrored or twice)\n",
           (unsigned long long)st->n.kept, writer_texts(x->writer),
           (unsigned long long)st->n.rejected);
}

static int run(struct stage *st, struct err *err)
{
    struct work x = { .args = st->args,
                      .stage = st,
                      .banned = INTERN_INIT,
                      .known = PAIRSET_INIT };
    int rc;

    gemm_init();
    kernels_init();
    rc = workers_start(&x.workers, (size_t)x.args->common.threads, err);
    if (rc == 0)
        rc = stage_create(st, &x.out, "pairs", err);
    if (rc == 0)
        rc = writer_new(&x.writer, x.out, err);
    if (rc == 0)
        rc = build(&x, err);
    if (rc == 0) {
        record(st, &x);
        rc = stage_finish(st, x.out, err);
        x.out = NULL;
    }
    writer_free(x.writer);
    store_close(x.out);
    pairset_release(&x.known);
    intern_release(&x.banned);
    workers_stop(x.workers);
    return rc;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec spec = {
        .opts = &opts, .args = &args, .args_size = sizeof(args), .run = run
    };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
