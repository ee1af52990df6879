/*
 * bench_gemm.c - linear layers of MiniLM and BERT-base, one thread: OpenBLAS
 * with bias, then our panels in each precision and instruction set, rounding of
 * the input rows included. They take turns, so that a busy machine slows all of
 * them, and the time is the thread's own. Prints TSV: shape, path, GFLOP/s,
 * ratio to OpenBLAS and to OpenBLAS's rate on the first, large product; best of
 * 15.
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
static const struct path {
    const char *name, *isa;
    enum precision precision;
    enum cpu_feature needs;
} paths[] = {
    { "f32 avx512", "auto", PRECISION_F32, CPU_AVX512 },
    { "f32 avx2", "avx2", PRECISION_F32, CPU_AVX2 },
    { "bf16 avx512-bf16", "auto", PRECISION_BF16, CPU_BF16 },
    { "int8 avx512-vnni", "auto", PRECISION_INT8, CPU_VNNI },
    { "int8 avx512", "avx512", PRECISION_INT8, CPU_AVX512 },
    { "int8 avx2", "avx2", PRECISION_INT8, CPU_AVX2 },
};

enum { PATHS = sizeof(paths) / sizeof(paths[0]), RUNS = 15, BIG = 2048 * 3072 };
static char *rows_memory;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double once(const struct shape *s, const struct panel *p, float *c,
                   const float *a, const float *b, const float *bias)
{
    double flop = 2.0 * (double)s->M * (double)s->N * (double)s->K;
    size_t calls = (size_t)(1e9 / flop) + 1;
    double begin = now();

    for (size_t i = 0; i < calls; i++) {
        if (p) {
            struct panel_rows rows =
                panel_rows(rows_memory, a, s->K, p->precision, s->M, s->K);

            panel_fwd(c, s->N, &rows, p, PANEL_BIAS, s->M);
        } else {
            gemm_nt(c, a, b, bias, s->M, s->N, s->K);
        }
    }
    return flop * (double)calls / (now() - begin) * 1e-9;
}

static bool use(const struct path *p)
{
    struct err err = ERR_INIT;

    if (cpu_init(p->isa, &err) < 0 || !cpu_has(p->needs))
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
    struct err err = ERR_INIT;
    double large = 0.0;

    rows_memory = aligned_alloc(64, BIG * sizeof(float));
    if (!a || !b || !c || !memory || !rows_memory || cpu_init("auto", &err) < 0)
        return 1;
    gemm_init();
    for (size_t i = 0; i < BIG; i++)
        a[i] = b[i] = (float)(i * 2654435761u % 1000) / 500.0f - 1.0f;
    printf("# %s, %s, OpenBLAS %s, 1 thread\n", cpu_name(), cpu_isa(),
           gemm_core());
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const struct shape *s = &shapes[i];
        double blas = 0.0, ours[PATHS] = { 0.0 };

        for (int run = 0; run < RUNS; run++) {
            blas = larger(blas, once(s, NULL, c, a, b, b));
            for (size_t k = 0; k < PATHS; k++) {
                if (!use(&paths[k]))
                    continue;
                panel_pack(&p, memory, paths[k].precision, b, b, s->N, s->K);
                ours[k] = larger(ours[k], once(s, &p, c, a, b, b));
            }
        }
        large = i == 0 ? blas : large;
        printf("%zux%zux%zu\tf32 openblas\t%.1f\n", s->M, s->N, s->K, blas);
        for (size_t k = 0; k < PATHS; k++)
            printf("\t%s\t%.1f\t%.2f\t%.2f\n", paths[k].name, ours[k],
                   ours[k] / blas, ours[k] / large);
    }
    free(a);
    free(b);
    free(c);
    free(memory);
    free(rows_memory);
    return 0;
}
