/*
 * encode - the vector of each text.
 *
 * in:  texts (any store), a bi-encoder      out: texts with vectors
 */
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "model/bi_encoder.h"
#include "model/precision_choice.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

enum { WINDOW = 4096 };

struct args {
    struct stage_args common;
    struct opt_list texts;
    const char *model, *out;
    struct precision_choice choice;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "bi-encoder"),
    OPT_ROW_PATHS('i', "texts", struct args, texts, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED, "store whose texts to encode"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of vectors to make"),
    PRECISION_ROW(struct args, choice),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "encode",
    .summary = "Compute the vector of each text.",
    .example = "encode --model all-MiniLM-L6-v2 --texts pool.lmdb --out "
               "vectors.lmdb",
    .opts = rows,
    .version = 2,
};

struct work {
    const struct args *args;
    struct bi_encoder model;
    struct workers *workers;
    struct store *out;
    struct writer *writer;
};

/* Texts first: their ordinals are the vectors' keys. */
static int gather(struct work *x, const char *path, struct err *err)
{
    struct store *in;
    struct texts t = { NULL, NULL, 0 };
    int rc = store_open(&in, path, err);

    if (rc == 0)
        rc = texts_load(&t, in, err);
    for (uint32_t i = 0; rc == 0 && i < t.n; i++) {
        uint32_t ordinal;

        rc = writer_text(x->writer, t.text[i], t.attr[i], &ordinal, err);
    }
    texts_release(&t);
    store_close(in);
    return rc < 0 ? rc : store_commit(x->out, err);
}

/* Tokenised and encoded a window at a time: memory stays bounded. */
static int encode_window(struct work *x, uint32_t from, uint32_t n,
                         struct span *text, float *vector, struct err *err)
{
    size_t dim = bi_encoder_dim(&x->model);
    int rc;

    for (uint32_t i = 0; i < n; i++)
        text[i] = writer_get(x->writer, from + i);
    rc = bi_encoder_encode_texts(&x->model, vector, text, n, x->workers, err);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = writer_vector(x->writer, from + i, vector + i * dim, dim, err);
    return rc;
}

static int encode_all(struct work *x, struct stage *st, struct err *err)
{
    float *vector =
        malloc(WINDOW * bi_encoder_dim(&x->model) * sizeof(*vector));
    struct span *text = malloc(WINDOW * sizeof(*text));
    uint32_t total = writer_texts(x->writer);
    int rc =
        vector && text ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold a window");
    struct timespec begin, end;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    progress_start("texts", total);
    for (uint32_t from = 0; rc == 0 && from < total; from += WINDOW) {
        uint32_t n = total - from < WINDOW ? total - from : WINDOW;

        rc = encode_window(x, from, n, text, vector, err);
        progress_update(from + n, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    progress_end();
    clock_gettime(CLOCK_MONOTONIC, &end);
    json_set_num(st->run, "texts_per_second",
                 total / ((double)(end.tv_sec - begin.tv_sec) +
                          (double)(end.tv_nsec - begin.tv_nsec) * 1e-9));
    st->n.seen = st->n.kept = total;
    free(text);
    free(vector);
    return rc;
}

static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;

    return precision_choose(&a->choice, a->model, err);
}

static int run(struct stage *st, struct err *err)
{
    struct work x = { .args = st->args };
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, x.args->model, err);

    gemm_init();
    kernels_init();
    if (rc == 0)
        rc = workers_start(&x.workers, (size_t)x.args->common.threads, err);
    if (rc == 0)
        rc = bi_encoder_load(&x.model, folder, err);
    if (rc == 0)
        rc = bi_encoder_freeze(&x.model, x.args->choice.precision, err);
    if (rc == 0)
        rc = stage_create(st, &x.out, "vectors", err);
    if (rc == 0)
        rc = writer_new(&x.writer, x.out, err);
    for (size_t i = 0; rc == 0 && i < x.args->texts.n; i++)
        rc = gather(&x, x.args->texts.item[i], err);
    if (rc == 0) {
        precision_announce(&x.args->choice, x.workers);
        rc = encode_all(&x, st, err);
    }
    if (rc == 0) {
        json_set_num(st->extra, "dim", (double)bi_encoder_dim(&x.model));
        rc = stage_finish(st, x.out, err);
        x.out = NULL;
    }
    writer_free(x.writer);
    store_close(x.out);
    bi_encoder_release(&x.model);
    workers_stop(x.workers);
    return rc;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec spec = { .opts = &opts,
                                            .args = &args,
                                            .args_size = sizeof(args),
                                            .run = run,
                                            .resolve = resolve };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
