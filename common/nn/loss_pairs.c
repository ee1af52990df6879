/* loss_pairs.c - losses on pairs of two classes, and those that follow a
 * teacher. */
#include <math.h>

#include "nn/loss_parts.h"

/* ---- 0 or 1 ---- */

double loss_contrastive(float *de, const float *e, const uint32_t *a,
                        const uint32_t *b, const float *label,
                        enum loss_distance d, float margin, size_t B, size_t C)
{
    double sum = 0.0;

    for (size_t i = 0; i < B; i++) {
        size_t x = a[i] * C, z = b[i] * C;
        double y = (double)label[i];
        double far = loss_distance(d, e + x, e + z, C);
        double miss = fmax((double)margin - far, 0.0);

        sum += 0.5 * (y * far * far + (1.0 - y) * miss * miss);
        if (de)
            loss_distance_bwd(de + x, de + z,
                              (y * far - (1.0 - y) * miss) / (double)B, d,
                              e + x, e + z, C);
    }
    return sum / (double)B;
}

/* Of the distances of one class. */
struct range {
    double min, max, sum;
    size_t n;
};

static void take(struct range *r, double x)
{
    r->min = r->n == 0 || x < r->min ? x : r->min;
    r->max = r->n == 0 || x > r->max ? x : r->max;
    r->sum += x;
    r->n++;
}

double loss_online_contrastive(float *de, const float *e, const uint32_t *a,
                               const uint32_t *b, const float *label,
                               enum loss_distance d, float margin, size_t B,
                               size_t C)
{
    struct range yes = { 0 }, no = { 0 };
    double sum = 0.0, low, high;

    for (size_t i = 0; i < B; i++)
        if (label[i] == 1.0f || label[i] == 0.0f)
            take(label[i] == 1.0f ? &yes : &no,
                 loss_distance(d, e + a[i] * C, e + b[i] * C, C));
    /* the hard ones: positives beyond the nearest negative, and so on */
    low = no.n ? no.min : yes.n ? yes.sum / (double)yes.n : 0.0;
    high = yes.n ? yes.max : no.n ? no.sum / (double)no.n : 0.0;
    for (size_t i = 0; i < B; i++) {
        size_t x = a[i] * C, z = b[i] * C;
        double far = loss_distance(d, e + x, e + z, C), k = 0.0;
        double miss = fmax((double)margin - far, 0.0);

        if (label[i] == 1.0f && far > low) {
            sum += far * far;
            k = 2.0 * far;
        } else if (label[i] == 0.0f && far < high) {
            sum += miss * miss;
            k = -2.0 * miss;
        }
        if (de && k != 0.0)
            loss_distance_bwd(de + x, de + z, k, d, e + x, e + z, C);
    }
    return sum;
}

/* ---- after a teacher ---- */

double loss_mse(float *de, const float *e, const uint32_t *row,
                const float *const *target, size_t n, size_t C)
{
    double sum = 0.0, k = 1.0 / ((double)n * (double)C);

    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < C; c++) {
            double miss = (double)e[row[i] * C + c] - (double)target[i][c];

            sum += miss * miss;
            if (de)
                de[row[i] * C + c] += (float)(2.0 * k * miss);
        }
    return sum * k;
}

/* cos(x, t) alone moves x: t is the teacher's. */
static void towards(float *dx, double k, const struct angle *g, const float *x,
                    const float *t, size_t C)
{
    const double cross = k / (g->norm_a * g->norm_b);
    const double own = k * angle_cos(g) / (g->norm_a * g->norm_a);

    for (size_t c = 0; c < C; c++)
        dx[c] += (float)(cross * (double)t[c] - own * (double)x[c]);
}

double loss_follow(float *de, const float *e, const uint32_t *row,
                   const float *const *target, size_t n, size_t C)
{
    double sum = 0.0, k = 1.0 / (double)n;

    for (size_t i = 0; i < n; i++) {
        const float *x = e + row[i] * C;
        struct angle g = angle_of(x, target[i], C);

        sum += 1.0 - angle_cos(&g);
        if (de)
            towards(de + row[i] * C, -k, &g, x, target[i], C);
    }
    return sum * k;
}

double loss_margin_mse(float *de, const float *e, const uint32_t *anchor,
                       const uint32_t *pos, const uint32_t *neg,
                       const float *margin, size_t B, size_t C)
{
    double sum = 0.0;

    for (size_t i = 0; i < B; i++) {
        size_t a = anchor[i] * C, p = pos[i] * C, n = neg[i] * C;
        double miss = -(double)margin[i], k;

        for (size_t c = 0; c < C; c++)
            miss += (double)e[a + c] * ((double)e[p + c] - (double)e[n + c]);
        sum += miss * miss;
        k = 2.0 * miss / (double)B;
        for (size_t c = 0; de && c < C; c++) {
            double x = (double)e[a + c];

            de[a + c] += (float)(k * ((double)e[p + c] - (double)e[n + c]));
            de[p + c] += (float)(k * x);
            de[n + c] -= (float)(k * x);
        }
    }
    return sum / (double)B;
}

double loss_logit_mse(float *dz, const float *z, const float *target, size_t B)
{
    double sum = 0.0;

    for (size_t i = 0; i < B; i++) {
        double miss = (double)z[i] - (double)target[i];

        sum += miss * miss;
        if (dz)
            dz[i] = (float)(2.0 * miss / (double)B);
    }
    return sum / (double)B;
}
