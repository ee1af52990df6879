#include "nn/panel.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/gelu.h"
#include "nn/kernels.h"
#include "nn/kernels_isa.h"
#include "nn/panel_round.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t rounded_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static size_t filled(size_t N)
{
    return rounded_up(N, PANEL_COLS);
}

/* Numbers of k in a step. */
static size_t depth(enum precision precision)
{
    switch (precision) {
    case PRECISION_F32:
        return 1;
    case PRECISION_BF16:
        return 2;
    case PRECISION_INT8:
        return 4;
    }
    return 0;
}

static size_t steps(enum precision precision, size_t K)
{
    return (K + depth(precision) - 1) / depth(precision);
}

/* ---- packing ---- */

size_t panel_bytes(enum precision precision, size_t N, size_t K)
{
    size_t numbers = precision == PRECISION_INT8 ? 3 : 1; /* of each output */

    return filled(N) / PANEL_COLS * PANEL_STEP *
           (steps(precision, K) + numbers);
}

static uint16_t bf16_of(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof(u));
    if (isnan(x))
        return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

/* Output n's numbers go to `to`, which has room for d of k every 64 bytes. */
static void pack_f32(float *to, const float *w, size_t K)
{
    for (size_t k = 0; k < K; k++)
        to[k * PANEL_COLS] = w[k];
}

static void pack_bf16(uint16_t *to, const float *w, size_t K)
{
    for (size_t k = 0; k < K; k++)
        to[k / 2 * 2 * PANEL_COLS + k % 2] = bf16_of(w[k]);
}

static void pack_int8(int8_t *to, float *scale, int32_t *total, const float *w,
                      size_t K)
{
    *scale = panel_round_scale(w, K);
    *total = 0;
    for (size_t k = 0; k < K; k += 2) {
        int q[2];

        panel_round_pair(q, w + k, K - k, *scale);
        for (size_t i = 0; i < 2 && k + i < K; i++)
            to[(k + i) / 4 * 4 * PANEL_COLS + (k + i) % 4] = (int8_t)q[i];
        *total += q[0] + q[1];
    }
}

void panel_pack(struct panel *p, void *memory, enum precision precision,
                const float *w, const float *bias, size_t N, size_t K)
{
    const size_t panel = steps(precision, K) * PANEL_STEP;
    char *out = memory;
    float *out_bias = (float *)(out + filled(N) / PANEL_COLS * panel);
    float *scale = out_bias + filled(N);
    int32_t *total = (int32_t *)(scale + filled(N));

    assert(K <= PANEL_MOST);
    memset(memory, 0, panel_bytes(precision, N, K));
    for (size_t n = 0; n < N; n++) {
        char *to = out + n / PANEL_COLS * panel + n % PANEL_COLS * 4;
        const float *w_n = w + n * K;

        switch (precision) {
        case PRECISION_F32:
            pack_f32((float *)to, w_n, K);
            break;
        case PRECISION_BF16:
            pack_bf16((uint16_t *)to, w_n, K);
            break;
        case PRECISION_INT8:
            pack_int8((int8_t *)to, &scale[n], &total[n], w_n, K);
            break;
        }
    }
    if (bias)
        memcpy(out_bias, bias, N * sizeof(*bias));
    *p = (struct panel){ precision, N, K, out, out_bias, NULL, NULL };
    if (precision == PRECISION_INT8) {
        p->scale = scale;
        p->total = total;
    }
}

/* ---- input rows ---- */

/* Bytes of a converted row. */
static size_t row_bytes(enum precision precision, size_t K)
{
    return rounded_up(K, 16) * (precision == PRECISION_INT8 ? 1 : 2);
}

size_t panel_rows_bytes(enum precision precision, size_t M, size_t K)
{
    size_t bytes = M * row_bytes(precision, K);

    if (precision == PRECISION_F32)
        return 0;
    if (precision == PRECISION_INT8)
        bytes += M * (sizeof(float) + sizeof(int32_t));
    return rounded_up(bytes, 64);
}

struct panel_rows panel_rows(void *memory, const float *x, size_t ldx,
                             enum precision precision, size_t M, size_t K)
{
    const size_t ld = row_bytes(precision, K);
    char *y = memory;
    float *scale = (float *)(y + M * ld);
    int32_t *zero = (int32_t *)(scale + M);
    struct panel_rows a = { .precision = precision, .K = K, .x = y, .ld = ld };

    switch (precision) {
    case PRECISION_F32:
        a.x = (const char *)x;
        a.ld = ldx * sizeof(*x);
        break;
    case PRECISION_BF16:
        for (size_t m = 0; m < M; m++)
            kernels.panel_halve((uint16_t *)(y + m * ld), x + m * ldx, K);
        break;
    case PRECISION_INT8:
        for (size_t m = 0; m < M; m++)
            kernels.panel_quantise((uint8_t *)y + m * ld, &scale[m], &zero[m],
                                   x + m * ldx, K);
        a.scale = scale;
        a.zero = zero;
        break;
    }
    return a;
}

/* ---- the product ---- */

static panel_sums_fn *sums_of(enum precision precision)
{
    switch (precision) {
    case PRECISION_F32:
        return kernels.panel_sums_f32;
    case PRECISION_BF16:
        return kernels.panel_sums_bf16;
    case PRECISION_INT8:
        return kernels.panel_sums_int8;
    }
    return NULL;
}

void panel_fwd(float *c, size_t ldc, const struct panel_rows *a,
               const struct panel *p, enum panel_then then, size_t M)
{
    _Alignas(64) float part[PANEL_BLOCK * PANEL_WIDTH];
    panel_sums_fn *sums = sums_of(p->precision);
    const size_t k = steps(p->precision, p->K);

    assert(a->precision == p->precision && a->K == p->K && p->N <= ldc);
    for (size_t m = 0; m < M; m += PANEL_BLOCK) {
        size_t ms = least(M - m, PANEL_BLOCK);

        for (size_t n = 0; n < p->N; n += PANEL_WIDTH) {
            size_t ns = least(p->N - n, PANEL_WIDTH);

            sums(part, a->x + m * a->ld, a->ld,
                 p->w + n / PANEL_COLS * k * PANEL_STEP, k, ms,
                 filled(ns) / PANEL_COLS);
            kernels.panel_finish(c + m * ldc + n, ldc, part, a, p, then, m, n,
                                 ms, ns);
        }
    }
}

/* ---- portable variants ---- */

void panel_sums_f32_c(void *part, const char *a, size_t lda, const char *w,
                      size_t steps, size_t M, size_t P)
{
    for (size_t m = 0; m < M; m++) {
        for (size_t p = 0; p < P; p++) {
            float *sum = (float *)part + m * PANEL_WIDTH + p * PANEL_COLS;
            const float *a_m = (const float *)(a + m * lda);
            const float *w_p = (const float *)(w + p * steps * PANEL_STEP);

            memset(sum, 0, PANEL_COLS * sizeof(*sum));
            for (size_t k = 0; k < steps; k++)
                for (size_t i = 0; i < PANEL_COLS; i++)
                    sum[i] += a_m[k] * w_p[k * PANEL_COLS + i];
        }
    }
}

static float bf16_value(uint16_t x)
{
    uint32_t u = (uint32_t)x << 16;
    float y;

    memcpy(&y, &u, sizeof(y));
    return y;
}

void panel_sums_bf16_c(void *part, const char *a, size_t lda, const char *w,
                       size_t steps, size_t M, size_t P)
{
    for (size_t m = 0; m < M; m++) {
        for (size_t i = 0; i < P * PANEL_COLS; i++) {
            const uint16_t *a_m = (const uint16_t *)(a + m * lda);
            const char *w_p = w + i / PANEL_COLS * steps * PANEL_STEP;
            const uint16_t *w_i = (const uint16_t *)w_p + i % PANEL_COLS * 2;
            float sum = 0.0f;

            for (size_t k = 0; k < 2 * steps; k++)
                sum += bf16_value(a_m[k]) *
                       bf16_value(w_i[k / 2 * 2 * PANEL_COLS + k % 2]);
            ((float *)part)[m * PANEL_WIDTH + i] = sum;
        }
    }
}

void panel_sums_int8_c(void *part, const char *a, size_t lda, const char *w,
                       size_t steps, size_t M, size_t P)
{
    for (size_t m = 0; m < M; m++) {
        for (size_t i = 0; i < P * PANEL_COLS; i++) {
            const uint8_t *a_m = (const uint8_t *)(a + m * lda);
            const char *w_p = w + i / PANEL_COLS * steps * PANEL_STEP;
            const int8_t *w_i = (const int8_t *)w_p + i % PANEL_COLS * 4;
            int32_t sum = 0;

            for (size_t k = 0; k < 4 * steps; k++)
                sum += a_m[k] * w_i[k / 4 * 4 * PANEL_COLS + k % 4];
            ((int32_t *)part)[m * PANEL_WIDTH + i] = sum;
        }
    }
}

static float value_c(const void *part, const struct panel_rows *a,
                     const struct panel *p, size_t at, size_t m, size_t n)
{
    int32_t sum;

    if (p->precision != PRECISION_INT8)
        return ((const float *)part)[at] + p->bias[n];
    sum = ((const int32_t *)part)[at] - a->zero[m] * p->total[n];
    return (float)sum * (a->scale[m] * p->scale[n]) + p->bias[n];
}

static float clamped(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static float quick_gelu(float x)
{
    static const float phi[] = PANEL_PHI;
    float near = clamped(x, -PANEL_FAR, PANEL_FAR), p = phi[0];

    for (size_t i = 1; i < PANEL_PHI_TERMS; i++)
        p = p * near * near + phi[i];
    return x * clamped(0.5f + near * p, 0.0f, 1.0f);
}

void panel_finish_c(float *c, size_t ldc, const void *part,
                    const struct panel_rows *a, const struct panel *p,
                    enum panel_then then, size_t m, size_t n, size_t M,
                    size_t N)
{
    for (size_t r = 0; r < M; r++) {
        for (size_t i = 0; i < N; i++) {
            float x = value_c(part, a, p, r * PANEL_WIDTH + i, m + r, n + i);

            if (then == PANEL_GELU && p->precision != PRECISION_F32)
                x = quick_gelu(x);
            else if (then == PANEL_GELU)
                gelu_fwd_c(&x, &x, 1);
            c[r * ldc + i] = then == PANEL_ADD ? c[r * ldc + i] + x : x;
        }
    }
}

void panel_quantise_c(uint8_t *q, float *scale, int32_t *zero, const float *x,
                      size_t K)
{
    float low = 0.0f, high = 0.0f, bad = 0.0f, inverse;

    for (size_t k = 0; k < K; k++) {
        low = x[k] < low ? x[k] : low;
        high = x[k] > high ? x[k] : high;
        bad += x[k] * 0.0f;
    }
    *scale = (high - low) / 255.0f + bad; /* 0, or NaN */
    inverse = high > low ? 255.0f / (high - low) : 0.0f;
    *zero = (int32_t)lrintf(-low * inverse);
    for (size_t k = 0; k < rounded_up(K, 16); k++) {
        long v = *zero + (k < K ? lrintf(x[k] * inverse) : 0);

        q[k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

void panel_halve_c(uint16_t *y, const float *x, size_t K)
{
    for (size_t k = 0; k < K; k++)
        y[k] = bf16_of(x[k]);
    if (K % 2)
        y[K] = 0;
}
