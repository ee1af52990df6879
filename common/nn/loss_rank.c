/* loss_rank.c - losses in which a batch's other rows are the negatives. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/elementwise.h"
#include "nn/gemm.h"
#include "nn/loss.h"
#include "nn/pooling.h"

/* Places in the scratch memory of loss_mnrl(). */
struct mnrl {
    float *a, *d;           /* [B,C], [M,C] unit rows */
    float *norm_a, *norm_d; /* [B], [M] */
    float *da, *dd;         /* [B,C], [M,C] gradients of the unit rows */
    float *s;               /* [B,M] cosines, then their gradients */
};

static struct mnrl mnrl_places(float *scratch, size_t B, size_t M, size_t C)
{
    struct mnrl w;

    w.a = scratch;
    w.d = w.a + B * C;
    w.da = w.d + M * C;
    w.dd = w.da + B * C;
    w.s = w.dd + M * C;
    w.norm_a = w.s + B * M;
    w.norm_d = w.norm_a + B;
    return w;
}

size_t loss_mnrl_scratch(size_t B, size_t M, size_t C)
{
    return 2 * (B + M) * C + B * M + B + M;
}

static void gather_unit(float *unit, float *norm, const float *e,
                        const uint32_t *row, size_t N, size_t C)
{
    for (size_t n = 0; n < N; n++)
        l2norm_fwd(unit + n * C, norm + n, e + row[n] * C, 1, C);
}

/* dunit is spent. */
static void scatter_unit_bwd(float *de, float *dunit, const float *unit,
                             const float *norm, const uint32_t *row, size_t N,
                             size_t C)
{
    l2norm_bwd(dunit, dunit, unit, norm, N, C);
    for (size_t n = 0; n < N; n++)
        add_fwd(de + row[n] * C, dunit + n * C, C);
}

/*
 * One row of cosines s [M], own document at `own`: returns log sum exp of
 * scale * s less scale * s[own]; s becomes its gradient times k,
 * k * scale * (softmax - [j = own]).
 */
static double mnrl_row(float *s, size_t own, double scale, double k, size_t M)
{
    double max = -INFINITY, sum = 0.0, mine = scale * (double)s[own];

    for (size_t j = 0; j < M; j++)
        max = fmax(max, scale * (double)s[j]);
    for (size_t j = 0; j < M; j++)
        sum += exp(scale * (double)s[j] - max);
    for (size_t j = 0; j < M; j++) {
        double p = exp(scale * (double)s[j] - max) / sum;

        s[j] = (float)(k * scale * (p - (j == own ? 1.0 : 0.0)));
    }
    return max + log(sum) - mine;
}

/* part: of the whole loss. */
static double ranking(float *de, float *scratch, const float *e,
                      const uint32_t *anchor, const uint32_t *doc, float scale,
                      size_t B, size_t M, size_t C, double part)
{
    struct mnrl w = mnrl_places(scratch, B, M, C);
    double sum = 0.0, k = part / (double)B;

    assert(B > 0 && M >= B);
    gather_unit(w.a, w.norm_a, e, anchor, B, C);
    gather_unit(w.d, w.norm_d, e, doc, M, C);
    gemm_nt(w.s, w.a, w.d, NULL, B, M, C);
    for (size_t i = 0; i < B; i++)
        sum += mnrl_row(w.s + i * M, i, (double)scale, k, M);
    if (de) {
        gemm_nn(w.da, w.s, w.d, 0.0f, B, C, M);
        memset(w.dd, 0, M * C * sizeof(*w.dd));
        gemm_tn_add(w.dd, w.s, w.a, 0, M, M, C, B);
        scatter_unit_bwd(de, w.da, w.a, w.norm_a, anchor, B, C);
        scatter_unit_bwd(de, w.dd, w.d, w.norm_d, doc, M, C);
    }
    return sum * k;
}

double loss_mnrl(float *de, float *scratch, const float *e,
                 const uint32_t *anchor, const uint32_t *doc, float scale,
                 size_t B, size_t M, size_t C)
{
    return ranking(de, scratch, e, anchor, doc, scale, B, M, C, 1.0);
}

double loss_mnrl_symmetric(float *de, float *scratch, const float *e,
                           const uint32_t *anchor, const uint32_t *doc,
                           float scale, size_t B, size_t M, size_t C)
{
    double there = ranking(de, scratch, e, anchor, doc, scale, B, M, C, 0.5);

    return there + ranking(de, scratch, e, doc, anchor, scale, B, B, C, 0.5);
}
