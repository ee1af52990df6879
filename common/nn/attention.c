#include "nn/attention.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/dropout.h"
#include "nn/elementwise.h"
#include "nn/gemm.h"
#include "nn/softmax.h"

size_t attention_scratch(size_t len)
{
    return len * len;
}

size_t attention_probs(const struct attention *a, size_t len)
{
    return a->H * len * len;
}

static void check(const struct attention *a, size_t len)
{
    assert(len > 0 && a->H > 0 && a->C % a->H == 0);
    assert(a->rel == NULL || len <= a->R);
}

static float inverse_sqrt_d(const struct attention *a)
{
    return 1.0f / sqrtf((float)(a->C / a->H));
}

/* Of head h's relative positions, the one that row i has for row 0. */
static size_t rel_at(const struct attention *a, size_t h, size_t i)
{
    return h * (2 * a->R - 1) + a->R - 1 - i;
}

/* p [len,len]: logits in, probabilities out. */
static void softmax_rows(float *p, const struct attention *a, size_t h,
                         size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const float *rel_i = a->rel ? a->rel + rel_at(a, h, i) : NULL;
        float *p_i = p + i * len;
        size_t seen = a->causal ? i + 1 : len;

        softmax_fwd(p_i, p_i, rel_i, 1.0f, seen);
        memset(p_i + seen, 0, (len - seen) * sizeof(*p_i));
    }
}

void attention_fwd(float *y, float *probs, float *scratch, const float *qkv,
                   const struct attention *a, uint64_t seed, size_t len)
{
    const size_t D = a->C / a->H, ld = 3 * a->C;
    const float scale = inverse_sqrt_d(a);

    check(a, len);
    for (size_t h = 0; h < a->H; h++) {
        const float *q = qkv + h * D, *k = q + a->C, *v = k + a->C;
        float *p = probs ? probs + h * len * len : scratch;
        const float *dropped = p;

        gemm_strided(GEMM_NT, p, len, q, ld, k, ld, scale, 0.0f, len, len, D);
        softmax_rows(p, a, h, len);
        if (a->drop > 0.0f) {
            dropout_fwd(scratch, p, a->drop, seed, h * len, len, len);
            dropped = scratch;
        }
        gemm_strided(GEMM_NN, y + h * D, a->C, dropped, len, v, ld, 1.0f, 0.0f,
                     len, D, len);
    }
}

void attention_cls_fwd(float *y, float *scratch, const float *q, const float *k,
                       const float *v, size_t ld, const struct attention *a,
                       size_t len)
{
    const size_t D = a->C / a->H;
    const float scale = inverse_sqrt_d(a);

    check(a, len);
    memset(y, 0, a->C * sizeof(*y));
    for (size_t h = 0; h < a->H; h++) {
        const float *rel_0 = a->rel ? a->rel + rel_at(a, h, 0) : NULL;

        for (size_t j = 0; j < len; j++)
            scratch[j] = dot(q + h * D, k + j * ld + h * D, D);
        softmax_fwd(scratch, scratch, rel_0, scale, len);
        for (size_t j = 0; j < len; j++)
            axpy(y + h * D, scratch[j], v + j * ld + h * D, D);
    }
}

/* From dP to the gradient of the logits, in place. Masked columns have P = 0,
 * which makes their gradient 0. */
static void softmax_rows_bwd(float *dp, float *drel, const float *p,
                             const struct attention *a, size_t h, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        softmax_bwd(dp + i * len, dp + i * len, p + i * len, 1.0f, len);
        if (drel)
            add_fwd(drel + rel_at(a, h, i), dp + i * len, len);
    }
}

/*
 * The forward pass of a head was S = scale * Q K^T; P = softmax(S + rel);
 * E = dropout(P); y = E V. So, backwards: dV = E^T dy; dE = dy V^T;
 * dP = dropout(dE) with the same mask; dS; dQ = scale * dS K;
 * dK = scale * dS^T Q.
 */
void attention_bwd(float *dqkv, float *drel, float *scratch, const float *dy,
                   const float *qkv, const float *probs,
                   const struct attention *a, uint64_t seed, size_t len)
{
    const size_t C = a->C, D = C / a->H, ld = 3 * C;
    const float scale = inverse_sqrt_d(a);

    check(a, len);
    assert((drel == NULL) == (a->rel == NULL));
    for (size_t h = 0; h < a->H; h++) {
        const float *q = qkv + h * D, *k = q + C, *v = k + C,
                    *dy_h = dy + h * D;
        const float *p = probs + h * len * len, *e = p;
        float *dq = dqkv + h * D, *dk = dq + C, *dv = dk + C, *ds = scratch;

        if (a->drop > 0.0f) {
            dropout_fwd(scratch, p, a->drop, seed, h * len, len, len);
            e = scratch;
        }
        gemm_strided(GEMM_TN, dv, ld, e, len, dy_h, C, 1.0f, 0.0f, len, D, len);
        gemm_strided(GEMM_NT, ds, len, dy_h, C, v, ld, 1.0f, 0.0f, len, len, D);
        if (a->drop > 0.0f)
            dropout_fwd(ds, ds, a->drop, seed, h * len, len, len);
        softmax_rows_bwd(ds, drel, p, a, h, len);
        gemm_strided(GEMM_NN, dq, ld, ds, len, k, ld, scale, 0.0f, len, D, len);
        gemm_strided(GEMM_TN, dk, ld, ds, len, q, ld, scale, 0.0f, len, D, len);
    }
}
