/*
 * bench_gemm.c - linear layers of MiniLM and BERT-base, one thread: OpenBLAS
 * with bias, then our panels, each instruction set. The three take turns, so
 * that a busy machine slows all of them. Prints TSV: shape, isa, GFLOP/s,
 * ratio to OpenBLAS and to OpenBLAS's rate on a large product; best of 15.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cpu.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/panel.h"

static const struct shape {
    size_t M, N, K;
} shapes[] = {
    { 2048, 1536, 384 }, { 256, 1152, 384 }, { 256, 384, 384 },
    { 256, 1536, 384 },  { 256, 384, 1536 }, { 64, 1152, 384 },
    { 64, 1536, 384 },   { 64, 384, 1536 },  { 32, 1152, 384 },
    { 32, 384, 1536 },   { 256, 3072, 768 }, { 256, 768, 3072 },
};
static const char *const isas[] = { "avx512", "avx2" };

enum { ISAS = 2, RUNS = 15, BIG = 2048 * 3072 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double once(const struct shape *s, const struct panel *p, float *c,
                   const float *a, const float *b, const float *bias)
{
    double flop = 2.0 * (double)s->M * (double)s->N * (double)s->K;
    size_t calls = (size_t)(1e9 / flop) + 1;
    double begin = now();

    for (size_t i = 0; i < calls; i++) {
        if (p)
            panel_fwd(c, s->N, a, s->K, p, PANEL_BIAS, s->M);
        else
            gemm_nt(c, a, b, bias, s->M, s->N, s->K);
    }
    return flop * (double)calls / (now() - begin) * 1e-9;
}

static bool use(const char *isa)
{
    struct err err = ERR_INIT;

    if (cpu_init(isa, &err) < 0)
        return false;
    kernels_init();
    return true;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

int main(void)
{
    float *a = aligned_alloc(64, BIG * sizeof(float));
    float *b = aligned_alloc(64, BIG * sizeof(float));
    float *c = aligned_alloc(64, BIG * sizeof(float));
    float *memory = aligned_alloc(64, BIG * sizeof(float));
    struct panel p;
    double large = 0.0;

    if (!a || !b || !c || !memory || !use("auto"))
        return 1;
    gemm_init();
    for (size_t i = 0; i < BIG; i++)
        a[i] = b[i] = (float)(i * 2654435761u % 1000) / 500.0f - 1.0f;
    printf("# %s, %s, OpenBLAS %s, 1 thread\n", cpu_name(), cpu_isa(),
           gemm_core());
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const struct shape *s = &shapes[i];
        double blas = 0.0, ours[ISAS] = { 0.0 };

        panel_pack(&p, memory, b, b, s->N, s->K);
        for (int run = 0; run < RUNS; run++) {
            blas = larger(blas, once(s, NULL, c, a, b, b));
            for (size_t k = 0; k < ISAS; k++)
                if (use(isas[k]))
                    ours[k] = larger(ours[k], once(s, &p, c, a, b, b));
        }
        large = i == 0 ? blas : large;
        printf("%zux%zux%zu\topenblas\t%.1f\n", s->M, s->N, s->K, blas);
        for (size_t k = 0; k < ISAS; k++)
            printf("\t%s\t%.1f\t%.2f\t%.2f\n", isas[k], ours[k], ours[k] / blas,
                   ours[k] / large);
    }
    free(a);
    free(b);
    free(c);
    free(memory);
    return 0;
}
