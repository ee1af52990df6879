#include "nn/panel_turn.h"

#include <assert.h>
#include <string.h>

#include "nn/kernels.h"

enum { BLOCK = PANEL_COLS };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t filled(size_t N)
{
    return (N + PANEL_COLS - 1) / PANEL_COLS * PANEL_COLS;
}

/* Steps of 64 bytes for K numbers; in bf16 a step holds two. */
static size_t steps(enum precision precision, size_t K)
{
    assert(precision != PRECISION_INT8);
    return precision == PRECISION_BF16 ? (K + 1) / 2 : K;
}

static char *step_of(const struct panel *p, size_t n, size_t k)
{
    size_t at = n / PANEL_COLS * steps(p->precision, p->K);

    return (char *)p->w + (at + steps(p->precision, k)) * PANEL_STEP;
}

void panel_open(struct panel *p, void *memory, enum precision precision,
                size_t N, size_t K)
{
    char *bias = (char *)memory +
                 filled(N) / PANEL_COLS * steps(precision, K) * PANEL_STEP;

    memset(bias, 0, filled(N) * sizeof(float));
    *p = (struct panel){ .precision = precision,
                         .N = N,
                         .K = K,
                         .w = memory,
                         .bias = (const float *)bias };
}

/* to[j * ldt + i] = from[i * ldf + j] for i < I, j < J. Whatever the bits are:
 * two numbers of bf16 go through as one. */
static void block(uint32_t *to, size_t ldt, const uint32_t *from, size_t ldf,
                  size_t I, size_t J)
{
    for (size_t i = 0; i < I; i++)
        for (size_t j = 0; j < J; j++)
            to[j * ldt + i] = from[i * ldf + j];
}

/* The same with I = J = BLOCK, known when it is compiled. */
static void full_block(uint32_t *to, size_t ldt, const uint32_t *from,
                       size_t ldf)
{
    block(to, ldt, from, ldf, BLOCK, BLOCK);
}

static void any_block(uint32_t *to, size_t ldt, const uint32_t *from,
                      size_t ldf, size_t I, size_t J)
{
    if (I == BLOCK && J == BLOCK)
        full_block(to, ldt, from, ldf);
    else
        block(to, ldt, from, ldf, I, J);
}

/* ---- panels ---- */

/* Steps from k of outputs [n, n + N): up to BLOCK of each. */
static void fill_block(const struct panel *p, const float *w, size_t n,
                       size_t N, size_t k)
{
    uint32_t half[BLOCK * BLOCK], *to = (uint32_t *)step_of(p, n, k);
    const size_t depth = p->precision == PRECISION_BF16 ? 2 : 1;
    size_t Ks = least(p->K - k, BLOCK * depth);
    size_t J = steps(p->precision, Ks);

    if (N < BLOCK)
        memset(to, 0, J * PANEL_STEP);
    if (depth == 1) {
        any_block(to, BLOCK, (const uint32_t *)(w + n * p->K + k), p->K, N, J);
        return;
    }
    for (size_t i = 0; i < N; i++)
        kernels.panel_halve((uint16_t *)(half + i * BLOCK),
                            w + (n + i) * p->K + k, Ks);
    any_block(to, BLOCK, half, BLOCK, N, J);
}

void panel_fill(const struct panel *p, const float *w, const float *bias,
                size_t begin, size_t end)
{
    const size_t depth = p->precision == PRECISION_BF16 ? 2 : 1;

    assert(begin % PANEL_COLS == 0 && end <= p->N);
    for (size_t n = begin; n < end; n += PANEL_COLS)
        for (size_t k = 0; k < p->K; k += BLOCK * depth)
            fill_block(p, w, n, least(end - n, BLOCK), k);
    if (bias)
        memcpy((float *)p->bias + begin, bias + begin,
               (end - begin) * sizeof(*bias));
}

/* A step of two rows of b; the second may be missing. */
static void turn_two(uint32_t *to, const float *b, size_t ldb, size_t rows,
                     size_t cols)
{
    uint16_t half[2][PANEL_COLS] = { { 0 } };

    for (size_t i = 0; i < rows; i++)
        kernels.panel_halve(half[i], b + i * ldb, cols);
    for (size_t i = 0; i < PANEL_COLS; i++)
        to[i] = half[0][i] | (uint32_t)half[1][i] << 16;
}

static void turn_one(float *to, const float *b, size_t cols)
{
    if (cols == PANEL_COLS) {
        memcpy(to, b, PANEL_STEP);
        return;
    }
    memset(to, 0, PANEL_STEP);
    memcpy(to, b, cols * sizeof(*b));
}

void panel_turn(const struct panel *p, const float *b, size_t ldb, size_t begin,
                size_t end)
{
    assert(begin % PANEL_COLS == 0 && end <= p->N);
    for (size_t n = begin; n < end; n += PANEL_COLS) {
        size_t cols = least(end - n, PANEL_COLS);
        char *to = step_of(p, n, 0);

        if (p->precision == PRECISION_BF16)
            for (size_t k = 0; k < p->K; k += 2, to += PANEL_STEP)
                turn_two((uint32_t *)to, b + k * ldb + n, ldb,
                         least(p->K - k, 2), cols);
        else
            for (size_t k = 0; k < p->K; k++, to += PANEL_STEP)
                turn_one((float *)to, b + k * ldb + n, cols);
    }
}

/* ---- rows ---- */

/* Bytes from row to row: a distance at which the rows of a tile do not meet in
 * one set of the L1 cache. */
static size_t stride(enum precision precision, size_t K)
{
    return (filled(K) | 16) * sizeof(float) /
           (precision == PRECISION_BF16 ? 2 : 1);
}

size_t turn_bytes(enum precision precision, size_t M, size_t K)
{
    return M * stride(precision, K);
}

/* Rows [m, m + M), columns [k, k + K) of the transpose. */
static void turn_block(char *y, size_t ld, enum precision precision,
                       const float *x, size_t ldx, size_t M, size_t K)
{
    uint32_t turned[BLOCK * BLOCK] = { 0 };
    const uint32_t *from = (const uint32_t *)x;

    if (precision != PRECISION_BF16) {
        any_block((uint32_t *)y, ld / sizeof(*from), from, ldx, K, M);
        return;
    }
    any_block(turned, BLOCK, from, ldx, K, M);
    for (size_t m = 0; m < M; m++)
        kernels.panel_halve((uint16_t *)(y + m * ld),
                            (const float *)turned + m * BLOCK, K);
}

struct panel_rows turn_rows(void *memory, enum precision precision,
                            const float *x, size_t K, size_t M, size_t begin,
                            size_t end)
{
    const size_t ld = stride(precision, K);
    const size_t size = precision == PRECISION_BF16 ? 2 : 4;
    char *y = memory;

    for (size_t m = begin; m < end; m += BLOCK)
        for (size_t k = 0; k < K; k += BLOCK)
            turn_block(y + m * ld + k * size, ld, precision, x + k * M + m, M,
                       least(end - m, BLOCK), least(K - k, BLOCK));
    return (struct panel_rows){
        .precision = precision, .K = K, .x = y + begin * ld, .ld = ld
    };
}
