#include "nn/panel_turn.h"

#include <assert.h>
#include <string.h>

enum { BLOCK = PANEL_COLS };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t filled(size_t N)
{
    return (N + PANEL_COLS - 1) / PANEL_COLS * PANEL_COLS;
}

void panel_open(struct panel *p, void *memory, size_t N, size_t K)
{
    char *bias = (char *)memory + filled(N) * K * sizeof(float);

    memset(bias, 0, filled(N) * sizeof(float));
    *p = (struct panel){ .precision = PRECISION_F32,
                         .N = N,
                         .K = K,
                         .w = memory,
                         .bias = (const float *)bias };
}

/* to[j * ldt + i] = from[i * ldf + j] for i < I, j < J */
static void block(float *to, size_t ldt, const float *from, size_t ldf,
                  size_t I, size_t J)
{
    for (size_t i = 0; i < I; i++)
        for (size_t j = 0; j < J; j++)
            to[j * ldt + i] = from[i * ldf + j];
}

/* The same with I = J = BLOCK, known when it is compiled. */
static void full_block(float *to, size_t ldt, const float *from, size_t ldf)
{
    block(to, ldt, from, ldf, BLOCK, BLOCK);
}

void panel_fill(const struct panel *p, const float *w, const float *bias,
                size_t begin, size_t end)
{
    const size_t K = p->K;
    float *out = (float *)(char *)p->w;

    assert(begin % PANEL_COLS == 0 && end <= p->N);
    for (size_t n = begin; n < end; n += PANEL_COLS) {
        for (size_t k = 0; k < K; k += BLOCK) {
            float *to = out + n * K + k * PANEL_COLS;

            size_t N = least(end - n, BLOCK), Ks = least(K - k, BLOCK);

            if (N == BLOCK && Ks == BLOCK) {
                full_block(to, PANEL_COLS, w + n * K + k, K);
                continue;
            }
            if (N < BLOCK)
                memset(to, 0, Ks * PANEL_STEP);
            block(to, PANEL_COLS, w + n * K + k, K, N, Ks);
        }
    }
    if (bias)
        memcpy((float *)p->bias + begin, bias + begin,
               (end - begin) * sizeof(*bias));
}

void panel_turn(const struct panel *p, const float *b, size_t ldb, size_t begin,
                size_t end)
{
    float *out = (float *)(char *)p->w;

    assert(begin % PANEL_COLS == 0 && end <= p->N);
    for (size_t n = begin; n < end; n += PANEL_COLS) {
        size_t cols = least(end - n, PANEL_COLS);
        float *to = out + n * p->K;

        if (cols == PANEL_COLS) {
            for (size_t k = 0; k < p->K; k++)
                memcpy(to + k * PANEL_COLS, b + k * ldb + n, PANEL_STEP);
            continue;
        }
        memset(to, 0, p->K * PANEL_STEP);
        for (size_t k = 0; k < p->K; k++)
            memcpy(to + k * PANEL_COLS, b + k * ldb + n, cols * sizeof(*b));
    }
}

size_t turn_stride(size_t K)
{
    return filled(K) | 16;
}

void turn_rows(float *y, const float *x, size_t K, size_t M, size_t begin,
               size_t end)
{
    const size_t ld = turn_stride(K);

    for (size_t m = begin; m < end; m += BLOCK) {
        for (size_t k = 0; k < K; k += BLOCK) {
            size_t ms = least(end - m, BLOCK), ks = least(K - k, BLOCK);

            if (ms == BLOCK && ks == BLOCK)
                full_block(y + m * ld + k, ld, x + k * M + m, M);
            else
                block(y + m * ld + k, ld, x + k * M + m, M, ks, ms);
        }
    }
}
