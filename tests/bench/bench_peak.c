/*
 * bench_peak - how fast this machine's multiply-add instructions are: the floor
 * that a product can reach at best. Independent chains in registers, no memory.
 *
 *   bench_peak [THREADS]
 *
 * Prints one JSON line for all threads together: CPU, instruction set, 1e9
 * operations a second in f32, bf16 and int8 (a multiply and an add are two;
 * bf16 is null where the CPU has none). BENCH_ISA is as --isa.
 */
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cpu.h"
#include "base/workers.h"

enum { ROUNDS = 200000, TRIES = 15 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The instruction on each of 16 registers, ROUNDS times. They are named in the
 * text, so that nothing is moved around it. */
/* clang-format off */
#define ALL(OP, R) \
    OP(R, 0) OP(R, 1) OP(R, 2) OP(R, 3) OP(R, 4) OP(R, 5) \
    OP(R, 6) OP(R, 7) OP(R, 8) OP(R, 9) OP(R, 10) OP(R, 11)
/* clang-format on */
#define CLOBBER \
    "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define LOOP(NAME, OP, R) \
    static void NAME(void) \
    { \
        long n = ROUNDS; \
        __asm__ volatile("vpxor %%xmm15, %%xmm15, %%xmm15\n" \
                         "vpxor %%xmm14, %%xmm14, %%xmm14\n1:\n" ALL( \
                             OP, R) "dec %0\njnz 1b\nvzeroupper\n" \
                         : "+r"(n) \
                         : \
                         : CLOBBER); \
    }
#define FMA(R, I) "vfmadd231ps %%" R "15, %%" R "14, %%" R #I "\n"
#define DPBF16(R, I) "vdpbf16ps %%" R "15, %%" R "14, %%" R #I "\n"
#define DPBUSD(R, I) "vpdpbusd %%" R "15, %%" R "14, %%" R #I "\n"
/* three instructions: the two products' sum, widened, added */
#define MADD(R, I) \
    "vpmaddubsw %%" R "15, %%" R "14, %%" R "12\n" \
    "vpmaddwd %%" R "12, %%" R "14, %%" R "13\n" \
    "vpaddd %%" R "13, %%" R #I ", %%" R #I "\n"

LOOP(fma_256, FMA, "ymm")
LOOP(fma_512, FMA, "zmm")
LOOP(bf16_512, DPBF16, "zmm")
LOOP(int8_256, MADD, "ymm")
LOOP(int8_512, DPBUSD, "zmm")

enum { PER_ROUND = 12 }; /* of ALL */

struct job {
    void (*loop)(void);
};

static void one(void *ctx, size_t begin, size_t end, size_t worker)
{
    const struct job *j = ctx;

    (void)worker;
    for (size_t i = begin; i < end; i++)
        j->loop();
}

/* 1e9 operations a second, each instruction doing `ops`; best of TRIES. */
static double rate(struct workers *w, void (*loop)(void), double ops)
{
    size_t threads = workers_count(w);
    struct job j = { loop };
    double best = 0.0;

    for (int i = 0; i < TRIES; i++) {
        double begin = now(), r;

        workers_run(w, threads * 4, 1, one, &j);
        r = (double)threads * 4 * ROUNDS * PER_ROUND * ops * 1e-9 /
            (now() - begin);
        best = r > best ? r : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    const char *isa = getenv("BENCH_ISA");
    size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 2;
    struct workers *w = NULL;
    struct err err = ERR_INIT;
    bool wide;
    int rc = cpu_init(isa ? isa : "auto", &err);

    if (rc == 0 && !cpu_has(CPU_AVX2))
        rc = ERR_SET(&err, ERR_USAGE, "no AVX2 on this CPU");
    if (rc == 0)
        rc = workers_start(&w, threads, &err);
    if (rc < 0) {
        fprintf(stderr, "bench_peak: %s\n", err.msg);
        return 1;
    }
    wide = cpu_has(CPU_AVX512);
    printf("{\"cpu\": \"%s\", \"isa\": \"%s\", \"threads\": %zu, \"f32\": "
           "%.1f, ",
           cpu_name(), cpu_isa(), threads,
           wide ? rate(w, fma_512, 32) : rate(w, fma_256, 16));
    if (cpu_has(CPU_BF16))
        printf("\"bf16\": %.1f, ", rate(w, bf16_512, 64));
    else
        printf("\"bf16\": null, ");
    printf("\"int8\": %.1f}\n",
           cpu_has(CPU_VNNI) ? rate(w, int8_512, 128) : rate(w, int8_256, 64));
    workers_stop(w);
    return 0;
}
