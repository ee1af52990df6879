#include "nn/loss.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/elementwise.h"
#include "nn/gemm.h"
#include "nn/pooling.h"

/* What loss_cosine() and the cosine distance need of two rows. */
struct angle {
    double dot, norm_a, norm_b; /* norms at least COSINE_FLOOR */
};
static const double COSINE_FLOOR = 1e-8;

static struct angle angle_of(const float *a, const float *b, size_t C)
{
    struct angle g = { 0.0, 0.0, 0.0 };

    for (size_t c = 0; c < C; c++) {
        g.dot += (double)a[c] * (double)b[c];
        g.norm_a += (double)a[c] * (double)a[c];
        g.norm_b += (double)b[c] * (double)b[c];
    }
    g.norm_a = fmax(sqrt(g.norm_a), COSINE_FLOOR);
    g.norm_b = fmax(sqrt(g.norm_b), COSINE_FLOOR);
    return g;
}

static double angle_cos(const struct angle *g)
{
    return g->dot / (g->norm_a * g->norm_b);
}

/* Add k * d cos(a, b) to da and db: d/da = b / (|a||b|) - cos * a / |a|^2. */
static void angle_bwd(float *da, float *db, double k, const struct angle *g,
                      const float *a, const float *b, size_t C)
{
    const double cross = k / (g->norm_a * g->norm_b), cosine = angle_cos(g);
    const double own_a = k * cosine / (g->norm_a * g->norm_a);
    const double own_b = k * cosine / (g->norm_b * g->norm_b);

    for (size_t c = 0; c < C; c++) {
        double x = (double)a[c], y = (double)b[c];

        da[c] += (float)(cross * y - own_a * x);
        db[c] += (float)(cross * x - own_b * y);
    }
}

double loss_cosine(float *de, const float *e, const uint32_t *a,
                   const uint32_t *b, const float *label, size_t B, size_t C)
{
    double sum = 0.0;

    for (size_t i = 0; i < B; i++) {
        const float *e_a = e + a[i] * C, *e_b = e + b[i] * C;
        struct angle g = angle_of(e_a, e_b, C);
        double miss = angle_cos(&g) - (double)label[i];

        sum += miss * miss;
        if (de)
            angle_bwd(de + a[i] * C, de + b[i] * C, 2.0 * miss / (double)B, &g,
                      e_a, e_b, C);
    }
    return sum / (double)B;
}

static double euclidean(const float *a, const float *b, size_t C)
{
    double sum = 0.0;

    for (size_t c = 0; c < C; c++)
        sum += ((double)a[c] - (double)b[c]) * ((double)a[c] - (double)b[c]);
    return sqrt(sum);
}

/* Add k * d |a - b| to da and db; equal rows have gradient 0. */
static void euclidean_bwd(float *da, float *db, double k, const float *a,
                          const float *b, size_t C)
{
    double d = euclidean(a, b, C);

    for (size_t c = 0; d > 0.0 && c < C; c++) {
        double step = k * ((double)a[c] - (double)b[c]) / d;

        da[c] += (float)step;
        db[c] -= (float)step;
    }
}

static double distance(enum loss_distance d, const float *a, const float *b,
                       size_t C)
{
    struct angle g;

    if (d == LOSS_EUCLIDEAN)
        return euclidean(a, b, C);
    g = angle_of(a, b, C);
    return 1.0 - angle_cos(&g);
}

static void distance_bwd(float *da, float *db, double k, enum loss_distance d,
                         const float *a, const float *b, size_t C)
{
    struct angle g;

    if (d == LOSS_EUCLIDEAN) {
        euclidean_bwd(da, db, k, a, b, C);
        return;
    }
    g = angle_of(a, b, C);
    angle_bwd(da, db, -k, &g, a, b, C);
}

double loss_triplet(float *de, const float *e, const uint32_t *anchor,
                    const uint32_t *pos, const uint32_t *neg,
                    enum loss_distance d, float margin, size_t B, size_t C)
{
    double sum = 0.0, k = 1.0 / (double)B;

    for (size_t i = 0; i < B; i++) {
        size_t a = anchor[i] * C, p = pos[i] * C, n = neg[i] * C;
        double miss = distance(d, e + a, e + p, C) -
                      distance(d, e + a, e + n, C) + (double)margin;

        if (!(miss > 0.0))
            continue;
        sum += miss;
        if (de) {
            distance_bwd(de + a, de + p, k, d, e + a, e + p, C);
            distance_bwd(de + a, de + n, -k, d, e + a, e + n, C);
        }
    }
    return sum / (double)B;
}

double loss_bce(float *dz, const float *z, const float *label, float weight,
                size_t B)
{
    const double w = (double)weight;
    double sum = 0.0;

    for (size_t i = 0; i < B; i++) {
        double x = (double)z[i], y = (double)label[i];
        double tail = log1p(exp(-fabs(x)));
        double log_yes = fmin(x, 0.0) - tail; /* log sigmoid(x) */
        double log_no = -fmax(x, 0.0) - tail; /* log sigmoid(-x) */

        sum -= w * y * log_yes + (1.0 - y) * log_no;
        if (dz)
            dz[i] = (float)(((1.0 - y) * exp(log_yes) - w * y * exp(log_no)) /
                            (double)B);
    }
    return sum / (double)B;
}

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

double loss_mnrl(float *de, float *scratch, const float *e,
                 const uint32_t *anchor, const uint32_t *doc, float scale,
                 size_t B, size_t M, size_t C)
{
    struct mnrl w = mnrl_places(scratch, B, M, C);
    double sum = 0.0, k = 1.0 / (double)B;

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
    return sum / (double)B;
}
