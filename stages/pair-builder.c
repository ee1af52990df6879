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
#include <string.h>

#include "base/log.h"
#include "model/sampler.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

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

static int fill(struct pool *p, const struct args *a, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->exclude.n; i++)
        rc = pool_ban(p, a->exclude.item[i], err);
    for (size_t i = 0; rc == 0 && i < a->texts.n; i++)
        rc = pool_add(p, a->texts.item[i], err);
    if (rc == 0)
        log_info(
            "%u texts, %zu known pairs, %llu texts of excluded stores left "
            "out",
            writer_texts(p->writer), p->known.n,
            (unsigned long long)p->excluded);
    return rc;
}

static int sample(struct pool *p, const struct args *a, struct workers *w,
                  struct err *err)
{
    size_t k = (size_t)a->top_k;

    if (strcmp(a->sampler, "random") == 0)
        return sampler_random(p, k, (uint64_t)a->common.seed, err);
    if (strcmp(a->sampler, "bm25") == 0)
        return sampler_bm25(p, k, a->k1, a->b, w, err);
    if (!a->model[0])
        return ERR_SET(err, ERR_USAGE, "--sampler semantic needs --model");
    return sampler_semantic(p, k, a->model, w, err);
}

static void record(struct stage *st, const struct pool *p, size_t gold)
{
    json_set_num(st->extra, "texts", (double)writer_texts(p->writer));
    json_set_num(st->extra, "known_pairs", (double)gold);
    json_set_num(st->extra, "excluded_texts", (double)p->excluded);
    printf("%llu candidate pairs of %u texts (%llu proposals were known, "
           "mirrored or twice)\n",
           (unsigned long long)p->kept, writer_texts(p->writer),
           (unsigned long long)p->rejected);
}

static int build(struct stage *st, struct pool *p, struct workers *w,
                 struct err *err)
{
    size_t gold;
    int rc = fill(p, st->args, err);

    gold = p->known.n;
    if (rc == 0)
        rc = sample(p, st->args, w, err);
    st->n = (struct stage_counts){ p->seen, p->kept, p->rejected, 0 };
    if (rc == 0)
        record(st, p, gold);
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct workers *w = NULL;
    struct store *out = NULL;
    struct writer *writer = NULL;
    struct pool pool;
    int rc;

    gemm_init();
    kernels_init();
    rc = workers_start(&w, (size_t)a->common.threads, err);
    if (rc == 0)
        rc = stage_create(st, &out, "pairs", err);
    if (rc == 0)
        rc = writer_new(&writer, out, err);
    pool_init(&pool, writer);
    if (rc == 0)
        rc = build(st, &pool, w, err);
    if (rc == 0) {
        rc = stage_finish(st, out, err);
        out = NULL;
    }
    pool_release(&pool);
    writer_free(writer);
    store_close(out);
    workers_stop(w);
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
