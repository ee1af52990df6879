/*
 * bench_encoder.c - the encoder alone, one thread, random weights: MiniLM-L6
 * as a cross-encoder (CLS only) and as a bi-encoder (all tokens), chunks of
 * equal sequences. Prints TSV: model, tokens a sequence, precision, tokens/s,
 * GFLOP/s of the products and attention that were done, and their part of the
 * same precision's large products in the same run; best of 7, in the thread's
 * CPU time, so that other work on the machine disturbs little.
 * With arguments, one case for a profiler: PRECISION LENGTH SECONDS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "model/encoder.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/speed.h"

static const size_t lengths[] = { 12, 30, 60, 120 };
static const struct model_config minilm = {
    .kind = MODEL_CROSS,
    .V = 1000,
    .P = 512,
    .S = 2,
    .C = 384,
    .H = 12,
    .F = 1536,
    .L = 6,
    .eps = 1e-12f,
    .labels = 1,
    .max_len = 512,
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct trial {
    struct weights w;
    struct infer_weights iw;
    struct packed p;
    float *y, *scratch;
    enum encoder_rows rows;
};

static int open_trial(struct trial *t, enum precision precision, size_t length,
                      struct err *err)
{
    uint32_t id[512];
    size_t n;
    int rc = infer_weights_init(&t->iw, &minilm, &t->w, precision, err);

    packed_reset(&t->p);
    for (size_t i = 0; i < length; i++)
        id[i] = (uint32_t)(i * 37 % minilm.V);
    while (rc == 0 && t->p.T + length <= ENCODER_CHUNK)
        rc = packed_add(&t->p, id, NULL, length, err);
    n = encoder_scratch(&minilm, precision, t->p.T, length);
    t->y = malloc(t->p.T * minilm.C * sizeof(float));
    t->scratch = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    if (rc == 0 && (!t->y || !t->scratch))
        rc = ERR_SET(err, ERR_NOMEM, "%zu floats", n);
    return rc;
}

static void close_trial(struct trial *t)
{
    infer_weights_release(&t->iw);
    free(t->y);
    free(t->scratch);
}

static double rate(struct trial *t, double seconds)
{
    double best = 0.0;

    for (int k = 0; k < 7; k++) {
        double begin = now(), used;
        size_t calls = 0;

        do {
            encoder_forward(t->y, t->scratch, &minilm, &t->iw, &t->p, t->rows);
            calls++;
            used = now() - begin;
        } while (used < seconds / 7.0);
        if ((double)(calls * t->p.T) / used > best)
            best = (double)(calls * t->p.T) / used;
    }
    return best;
}

/* Flop a token that the encoder does. */
static double flop(size_t length, enum encoder_rows rows)
{
    const double C = (double)minilm.C, F = (double)minilm.F, n = (double)length;
    double layer = 8.0 * C * C + 4.0 * C * F + 4.0 * C * n;
    double last = 4.0 * C * C + (4.0 * C * C + 4.0 * C * F) / n + 4.0 * C;

    return (double)minilm.L * layer - (rows == ENCODER_CLS ? layer - last : 0);
}

static int run(struct trial *t, enum precision precision, size_t length,
               double seconds, struct err *err)
{
    int rc = open_trial(t, precision, length, err);
    double tokens = rc == 0 ? rate(t, seconds) : 0.0;
    double done = tokens * flop(length, t->rows) * 1e-9;

    printf("%s\t%zu\t%s\t%.0f\t%.1f\t%.2f\n",
           t->rows == ENCODER_CLS ? "cross" : "bi", length,
           precision_name(precision), tokens, done,
           done / speed_of_products(precision));
    close_trial(t);
    return rc;
}

static int run_all(struct trial *t, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(lengths) / sizeof(*lengths); i++) {
        for (enum precision p = PRECISION_F32; p <= PRECISION_INT8; p++) {
            if (p == PRECISION_BF16 && !cpu_has(CPU_BF16))
                continue;
            t->rows = ENCODER_CLS;
            if (rc == 0)
                rc = run(t, p, lengths[i], 0.5, err);
            t->rows = ENCODER_TOKENS;
            if (rc == 0)
                rc = run(t, p, lengths[i], 0.5, err);
        }
    }
    return rc;
}

int main(int argc, char **argv)
{
    static struct trial t;
    const char *isa = getenv("BENCH_ISA");
    struct err err = ERR_INIT;
    int rc = cpu_init(isa ? isa : "auto", &err);

    gemm_init();
    kernels_init();
    if (rc == 0)
        rc = weights_init(&t.w, &minilm, WEIGHTS_CLASSIFIER, &err);
    if (rc == 0)
        weights_random(&t.w, 0.02f, 1);
    printf("# %s, %s, 1 thread, chunks of %d tokens\n", cpu_name(), cpu_isa(),
           ENCODER_CHUNK);
    if (rc == 0 && argc == 4)
        rc =
            run(&t, (enum precision)strtol(argv[1], NULL, 10),
                (size_t)strtol(argv[2], NULL, 10), strtod(argv[3], NULL), &err);
    else if (rc == 0)
        rc = run_all(&t, &err);
    if (rc < 0)
        printf("# %s\n", err.msg);
    packed_release(&t.p);
    weights_release(&t.w);
    return rc < 0;
}
