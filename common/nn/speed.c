#include "nn/speed.h"

#include <time.h>

#include "base/arena.h"
#include "nn/panel.h"

enum { M = 64, N = 1536, K = 384 };

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double best_rate(float *c, const float *a, void *rows,
                        const struct panel *p)
{
    const double begin = seconds();
    double best = 1e9, last = begin, t;

    do {
        struct panel_rows r = panel_rows(rows, a, K, p->precision, M, K);

        panel_fwd(c, N, &r, p, PANEL_BIAS, M);
        t = seconds();
        best = t - last < best ? t - last : best;
        last = t;
    } while (t - begin < 0.05);
    return 2e-9 * M * N * K / best;
}

double speed_of_products(enum precision precision)
{
    struct arena arena = ARENA_INIT;
    struct err none = ERR_INIT;
    size_t weights = (size_t)N * K, inputs = (size_t)M * K;
    size_t bytes = (weights + inputs + (size_t)M * N) * sizeof(float) +
                   panel_bytes(precision, N, K) +
                   panel_rows_bytes(precision, M, K) + 5 * ARENA_ALIGN;
    float *w, *a, *c;
    struct panel p;
    double rate = 0.0;

    if (arena_init(&arena, bytes, &none) < 0)
        return 0.0;
    w = arena_alloc(&arena, weights, sizeof(*w));
    a = arena_alloc(&arena, inputs, sizeof(*a));
    c = arena_alloc(&arena, (size_t)M * N, sizeof(*c));
    if (w && a && c) {
        void *memory = arena_alloc(&arena, panel_bytes(precision, N, K), 1);
        void *rows = arena_alloc(&arena, panel_rows_bytes(precision, M, K), 1);

        for (size_t i = 0; i < weights; i++)
            w[i] = (float)(i % 7) - 3.0f;
        for (size_t i = 0; i < inputs; i++)
            a[i] = (float)(i % 5) - 2.0f;
        panel_pack(&p, memory, precision, w, NULL, N, K);
        rate = best_rate(c, a, rows, &p);
    }
    arena_release(&arena);
    return rate;
}
