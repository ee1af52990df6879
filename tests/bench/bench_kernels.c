/*
 * bench_kernels.c - the kernels of nn, one thread, each instruction set.
 * Prints TSV: name, isa, ns per element (or row), GB/s or GFLOP/s; best of 7.
 * Sizes are those of MiniLM-L6-H384 at 64 tokens; "sgemm" is the yardstick.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "nn/adamw.h"
#include "nn/attention.h"
#include "nn/dropout.h"
#include "nn/elementwise.h"
#include "nn/gelu.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/layernorm.h"
#include "nn/loss.h"
#include "nn/softmax.h"

enum { T = 64, C = 384, F = 1536, H = 12, N = 256, BIG = 4 << 20 };
static float *x, *y, *z, *w, mean[BIG / C], rstd[BIG / C];
static const struct attention plain = { .H = H, .C = C };
static const struct attention dropping = { .H = H, .C = C, .drop = 0.1f };
static const struct adamw adam = { 1e-5, 0.9, 0.999, 1e-8, 0.01, 1, 0.1, 1e-3 };

static void gelu_f(void)
{
    gelu_fwd(y, x, (size_t)T * F);
}
static void gelu_b(void)
{
    gelu_bwd(y, z, x, (size_t)T * F);
}
static void softmax_f(void)
{
    for (size_t i = 0; i < (size_t)H * T; i++)
        softmax_fwd(y + i * T, x + i * T, NULL, 0.2f, T);
}
static void softmax_b(void)
{
    for (size_t i = 0; i < (size_t)H * T; i++)
        softmax_bwd(y + i * T, x + i * T, z + i * T, 0.2f, T);
}
static void norm_f(void)
{
    layernorm_fwd(y, mean, rstd, x, w, w, 1e-12f, T, C);
}
static void norm_b(void)
{
    layernorm_bwd_x(y, z, x, w, mean, rstd, T, C);
}
static void norm_p(void)
{
    layernorm_bwd_params(y, w, z, x, mean, rstd, 0, C, 2048, C);
}
static void bias_b(void)
{
    bias_bwd(y, x, 0, C, 2048, C);
}
static void add_f(void)
{
    add_fwd(y, x, (size_t)T * C);
}
static void drop_f(void)
{
    dropout_fwd(y, x, 0.1f, 1, 0, T, C);
}
static void adam_f(void)
{
    adamw_step(y, z, w, x, &adam, 0, BIG);
}
static void sumsq(void)
{
    y[0] += (float)grad_sumsq(x, BIG);
}
static void attention_f(void)
{
    attention_fwd(y, z, w, x, &plain, 1, T);
}
static void attention_s(void)
{
    attention_fwd(y, z, w, x, &plain, 1, 12);
}
static void attention_d(void)
{
    attention_fwd(y, z, w, x, &dropping, 1, T);
}
static void attention_b(void)
{
    attention_bwd(y, NULL, w, x + (1 << 20), x, z, &dropping, 1, T);
}
static void attention_c(void)
{
    attention_cls_fwd(y, w, x, x + C, x + 2 * C, 3 * C, &plain, T);
}
static void sgemm(void)
{
    gemm_nt(y, x, z, w, N, F, C);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double best_seconds(void (*f)(void))
{
    double best = 1e9;

    f();
    for (int k = 0; k < 7; k++) {
        size_t calls = 0;
        double begin = now(), t;

        do {
            f();
            calls++;
            t = now() - begin;
        } while (t < 0.02);
        best = t / (double)calls < best ? t / (double)calls : best;
    }
    return best;
}

static const struct row {
    const char *name, *unit;
    void (*f)(void);
    double units, work; /* per call; work in bytes or flop */
} rows[] = {
    { "gelu_fwd", "element", gelu_f, T *F, 8.0 * T *F },
    { "gelu_bwd", "element", gelu_b, T *F, 12.0 * T *F },
    { "softmax_fwd", "element", softmax_f, H *T *T, 8.0 * H *T *T },
    { "softmax_bwd", "element", softmax_b, H *T *T, 12.0 * H *T *T },
    { "layernorm_fwd", "row", norm_f, T, 8.0 * T *C },
    { "layernorm_bwd_x", "row", norm_b, T, 12.0 * T *C },
    { "layernorm_bwd_params", "row", norm_p, 2048, 8.0 * 2048 * C },
    { "bias_bwd", "row", bias_b, 2048, 4.0 * 2048 * C },
    { "add", "element", add_f, T *C, 12.0 * T *C },
    { "dropout", "element", drop_f, T *C, 8.0 * T *C },
    { "adamw", "element", adam_f, BIG, 28.0 * BIG },
    { "grad_sumsq", "element", sumsq, BIG, 4.0 * BIG },
    { "attention_fwd 64", "token", attention_f, T, 4.0 * T *T *C },
    { "attention_fwd 12", "token", attention_s, 12, 4.0 * 12 * 12 * C },
    { "attention_fwd drop", "token", attention_d, T, 4.0 * T *T *C },
    { "attention_bwd drop", "token", attention_b, T, 8.0 * T *T *C },
    { "attention_cls_fwd", "sequence", attention_c, 1, 4.0 * T *C },
    { "sgemm 256x1536x384", "row", sgemm, N, 2.0 * N *F *C },
};

static void run(const char *isa)
{
    struct err err = ERR_INIT;

    if (cpu_init(isa, &err) < 0)
        return;
    kernels_init();
    for (size_t i = 0; i < BIG; i++) {
        x[i] = (float)(i * 2654435761u % 1000) / 250.0f - 2.0f;
        z[i] = w[i] = (float)(i * 40503u % 1000) / 1000.0f;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double t = best_seconds(rows[i].f);

        printf("%s\t%s\t%.3f ns/%s\t%.1f G/s\n", rows[i].name, isa,
               t * 1e9 / rows[i].units, rows[i].unit, rows[i].work / t * 1e-9);
    }
}

int main(void)
{
    float **buffers[] = { &x, &y, &z, &w };
    struct err err = ERR_INIT;

    for (size_t i = 0; i < 4; i++) {
        *buffers[i] = aligned_alloc(64, BIG * sizeof(float));
        if (*buffers[i] == NULL)
            return 1;
    }
    gemm_init();
    if (cpu_init("auto", &err) < 0)
        return 1;
    printf("# %s, %s, OpenBLAS %s, 1 thread\n", cpu_name(), cpu_isa(),
           gemm_core());
    if (gemm_warning())
        printf("# %s\n", gemm_warning());
    run("base");
    run("avx2");
    run("avx512");
    for (size_t i = 0; i < 4; i++)
        free(*buffers[i]);
    return 0;
}
