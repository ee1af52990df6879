/*
 * bench_train - training steps a second, dropout on, as peers/train.py counts
 * them: a step is tokens in, loss, gradients, clipping, AdamW.
 *
 *   bench_train MODEL PAIRS.tsv [THREADS [STEPS]]
 *
 * Prints one JSON line a task, precision of the products and batch size; step_s
 * is the median. BENCH_ISA is as --isa.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/file.h"
#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "model/train.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"

enum { BATCH_MAX = 64, WARM = 3, TEXTS_MAX = 2 * 8192 };

struct bench {
    struct workers *workers;
    struct span text[TEXTS_MAX]; /* a, b, a, b, ... */
    float score[TEXTS_MAX / 2];
    size_t n; /* texts */
    size_t steps, batch, at;
    struct packed packed;
    struct token_table table;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void take_lines(struct bench *x, char *p)
{
    while (*p && x->n + 2 <= TEXTS_MAX) {
        char *tab = strchr(p, '\t'), *tab2 = tab ? strchr(tab + 1, '\t') : NULL;
        char *nl = strchr(p, '\n');

        if (!tab2 || !nl || tab2 > nl)
            return;
        x->text[x->n] = (struct span){ p, (size_t)(tab - p) };
        x->text[x->n + 1] = (struct span){ tab + 1, (size_t)(tab2 - tab - 1) };
        x->score[x->n / 2] = strtof(tab2 + 1, NULL) / 5.0f;
        x->n += 2;
        p = nl + 1;
    }
}

static double cross_loss(void *ctx, float *dy, const float *y, size_t B,
                         size_t width)
{
    const struct bench *x = ctx;

    (void)width;
    return loss_bce(dy, y, x->score + x->at, 1.0f, B);
}

static double bi_loss(void *ctx, float *dy, const float *y, size_t B,
                      size_t width)
{
    const struct bench *x = ctx;
    uint32_t a[BATCH_MAX], b[BATCH_MAX];

    for (uint32_t i = 0; i < B / 2; i++) {
        a[i] = i;
        b[i] = (uint32_t)(B / 2) + i;
    }
    return loss_cosine(dy, y, a, b, x->score + x->at, B / 2, width);
}

static int fill(struct bench *x, const struct tokenizer *tok, size_t max_len,
                bool cross, struct err *err)
{
    int rc = 0;

    packed_reset(&x->packed);
    for (size_t side = 0; side < (cross ? 1 : 2); side++)
        for (size_t i = 0; rc == 0 && i < x->batch; i++) {
            uint32_t a = (uint32_t)(2 * (x->at + i));

            rc = cross ? packed_add_pair(&x->packed, tok, &x->table, a, a + 1,
                                         max_len, err)
                       : packed_add_single(&x->packed, tok, &x->table,
                                           a + (uint32_t)side, max_len, err);
        }
    return rc;
}

static int steps(struct bench *x, const struct model_config *c,
                 struct weights *w, const struct tokenizer *tok, bool cross,
                 enum precision precision, struct err *err)
{
    struct train_options o = { .precision = precision,
                               .steps = x->steps + WARM,
                               .lr = 2e-5,
                               .decay = 0.01,
                               .clip = 1.0,
                               .seed = 1 };
    double *times = calloc(x->steps, sizeof(*times)), sum = 0.0, loss;
    struct trainer *t = NULL;
    size_t tokens = 0;
    int rc = trainer_new(&t, c, w, x->workers, &o, err);

    for (size_t i = 0; rc == 0 && i < x->steps + WARM; i++) {
        double begin = now();

        x->at = i * x->batch % (x->n / 2 - x->batch);
        rc = fill(x, tok, c->max_len, cross, err);
        if (rc == 0)
            rc = trainer_step(t, &x->packed, cross ? cross_loss : bi_loss, x,
                              &loss, err);
        if (i < WARM)
            continue;
        times[i - WARM] = now() - begin;
        sum += times[i - WARM];
        tokens += x->packed.T;
    }
    qsort(times, x->steps, sizeof(*times), by_value);
    if (rc == 0)
        printf("{\"task\": \"%s\", \"precision\": \"%s\", \"batch\": %zu, "
               "\"threads\": %zu, \"step_s\": %.4f, \"pairs_per_s\": %.1f, "
               "\"tokens_per_s\": %.0f, \"tokens_mean\": %.1f}\n",
               cross ? "cross" : "bi", precision_name(precision), x->batch,
               workers_count(x->workers), times[x->steps / 2],
               (double)x->batch / times[x->steps / 2], (double)tokens / sum,
               (double)tokens / (double)(x->steps * x->batch));
    trainer_free(t);
    free(times);
    return rc;
}

/* All precisions and batch sizes. The weights go on from one to the next. */
static int all_steps(struct bench *x, const struct model_config *c,
                     struct weights *w, const struct tokenizer *tok, bool cross,
                     struct err *err)
{
    enum precision last = cpu_has(CPU_BF16) ? PRECISION_BF16 : PRECISION_F32;
    int rc = 0;

    for (enum precision p = PRECISION_F32; p <= last; p++)
        for (x->batch = 16; rc == 0 && x->batch <= 32; x->batch *= 2)
            rc = steps(x, c, w, tok, cross, p, err);
    return rc;
}

static int cross(struct bench *x, const char *folder, struct err *err)
{
    struct cross_encoder m = { 0 };
    int rc = cross_encoder_load(&m, folder, 1, err);

    if (rc == 0)
        rc = cross_encoder_tokenise(&m, &x->table, x->text, x->n, x->workers,
                                    err);
    if (rc == 0)
        rc = all_steps(x, &m.config, &m.weights, m.tokenizer, true, err);
    cross_encoder_release(&m);
    token_table_reset(&x->table);
    return rc;
}

static int bi(struct bench *x, const char *folder, struct err *err)
{
    struct bi_encoder m = { 0 };
    int rc = bi_encoder_load(&m, folder, err);

    if (rc == 0)
        rc = bi_encoder_tokenise(&m, &x->table, x->text, x->n, x->workers, err);
    if (rc == 0)
        rc = all_steps(x, &m.config, &m.weights, m.tokenizer, false, err);
    bi_encoder_release(&m);
    return rc;
}

int main(int argc, char **argv)
{
    static struct bench x = { .packed = PACKED_INIT,
                              .table = TOKEN_TABLE_INIT };
    struct buf b = BUF_INIT(64 << 20);
    const char *isa = getenv("BENCH_ISA");
    struct err err = ERR_INIT;
    int rc;

    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL PAIRS.tsv [THREADS [STEPS]]\n",
                argv[0]);
        return 2;
    }
    if (cpu_init(isa ? isa : "auto", &err) < 0)
        return 1;
    gemm_init();
    kernels_init();
    x.steps = argc > 4 ? strtoul(argv[4], NULL, 10) : 20;
    rc = file_read(&b, argv[2], &err);
    if (rc == 0)
        rc = workers_start(&x.workers,
                           argc > 3 ? strtoul(argv[3], NULL, 10) : 2, &err);
    if (rc == 0) {
        take_lines(&x, b.ptr);
        rc = cross(&x, argv[1], &err);
    }
    if (rc == 0)
        rc = bi(&x, argv[1], &err);
    if (rc < 0)
        fprintf(stderr, "bench_train: %s\n", err.msg);
    token_table_release(&x.table);
    packed_release(&x.packed);
    workers_stop(x.workers);
    buf_release(&b);
    return rc < 0;
}
