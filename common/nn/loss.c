#include "nn/loss.h"

#include <math.h>

#include "nn/loss_parts.h"

static const double COSINE_FLOOR = 1e-8;

struct angle angle_of(const float *a, const float *b, size_t C)
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

double angle_cos(const struct angle *g)
{
    return g->dot / (g->norm_a * g->norm_b);
}

/* Add k * d cos(a, b) to da and db: d/da = b / (|a||b|) - cos * a / |a|^2. */
void angle_bwd(float *da, float *db, double k, const struct angle *g,
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

static double manhattan(const float *a, const float *b, size_t C)
{
    double sum = 0.0;

    for (size_t c = 0; c < C; c++)
        sum += fabs((double)a[c] - (double)b[c]);
    return sum;
}

static void manhattan_bwd(float *da, float *db, double k, const float *a,
                          const float *b, size_t C)
{
    for (size_t c = 0; c < C; c++) {
        float step = (float)(a[c] > b[c] ? k : a[c] < b[c] ? -k : 0.0);

        da[c] += step;
        db[c] -= step;
    }
}

double loss_distance(enum loss_distance d, const float *a, const float *b,
                     size_t C)
{
    struct angle g;

    if (d == LOSS_EUCLIDEAN)
        return euclidean(a, b, C);
    if (d == LOSS_MANHATTAN)
        return manhattan(a, b, C);
    g = angle_of(a, b, C);
    return 1.0 - angle_cos(&g);
}

void loss_distance_bwd(float *da, float *db, double k, enum loss_distance d,
                       const float *a, const float *b, size_t C)
{
    struct angle g;

    if (d == LOSS_EUCLIDEAN) {
        euclidean_bwd(da, db, k, a, b, C);
        return;
    }
    if (d == LOSS_MANHATTAN) {
        manhattan_bwd(da, db, k, a, b, C);
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
        double miss = loss_distance(d, e + a, e + p, C) -
                      loss_distance(d, e + a, e + n, C) + (double)margin;

        if (!(miss > 0.0))
            continue;
        sum += miss;
        if (de) {
            loss_distance_bwd(de + a, de + p, k, d, e + a, e + p, C);
            loss_distance_bwd(de + a, de + n, -k, d, e + a, e + n, C);
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
