/* loss_order.c - losses of which only the labels' order counts. */
#include <math.h>

#include "nn/loss_parts.h"

static const double UNIT_FLOOR = 1e-12;

/* ---- the score of AnglE: | cos + sum (b p - a q) | ---- */

/* Unit rows as two halves; an odd number of channels gets one 0 more. */
struct halves {
    const float *x;
    double norm;
    size_t half, C;
};

static struct halves halves_of(const float *x, size_t C)
{
    struct halves h = { x, 0.0, (C + 1) / 2, C };

    for (size_t c = 0; c < C; c++)
        h.norm += (double)x[c] * (double)x[c];
    h.norm = fmax(sqrt(h.norm), UNIT_FLOOR);
    return h;
}

static double at(const struct halves *h, size_t c)
{
    return c < h->C ? (double)h->x[c] / h->norm : 0.0;
}

/* cos + t, signed. */
static double inner(const struct halves *u, const struct halves *v)
{
    double sum = 0.0;

    for (size_t c = 0; c < u->half; c++) {
        double a = at(u, c), b = at(u, u->half + c);
        double p = at(v, c), q = at(v, v->half + c);

        sum += a * p + b * q + b * p - a * q;
    }
    return sum;
}

/* d inner / d unit u, channel c of the whole row. */
static double slope_u(const struct halves *v, size_t c)
{
    size_t h = v->half;

    return c < h ? at(v, c) - at(v, h + c) : at(v, c) + at(v, c - h);
}

static double slope_v(const struct halves *u, size_t c)
{
    size_t h = u->half;

    return c < h ? at(u, c) + at(u, h + c) : at(u, c) - at(u, c - h);
}

typedef double slope_fn(const struct halves *other, size_t c);

/* Through the normalisation: (g - unit (unit . g)) / norm. */
static void add_slope(float *dx, double k, const struct halves *own,
                      const struct halves *other, slope_fn *slope)
{
    double along = 0.0;

    for (size_t c = 0; c < own->C; c++)
        along += at(own, c) * slope(other, c);
    for (size_t c = 0; c < own->C; c++)
        dx[c] +=
            (float)(k * (slope(other, c) - at(own, c) * along) / own->norm);
}

static double angle_score(const float *a, const float *b, size_t C)
{
    struct halves u = halves_of(a, C), v = halves_of(b, C);

    return fabs(inner(&u, &v));
}

static void angle_score_bwd(float *da, float *db, double k, const float *a,
                            const float *b, size_t C)
{
    struct halves u = halves_of(a, C), v = halves_of(b, C);
    double sign = inner(&u, &v) < 0.0 ? -k : k;

    add_slope(da, sign, &u, &v, slope_u);
    add_slope(db, sign, &v, &u, slope_v);
}

/* ---- order ---- */

/*
 * log(1 + sum over label[i] < label[j] of exp(scale (s[i] - s[j]))); ds becomes
 * its gradient.
 */
static double order(double *ds, const double *s, const float *label,
                    double scale, size_t B)
{
    double max = 0.0, sum = 0.0, value;

    for (size_t i = 0; i < B; i++)
        for (size_t j = 0; j < B; j++)
            if (label[i] < label[j])
                max = fmax(max, scale * (s[i] - s[j]));
    for (size_t i = 0; i < B; i++)
        for (size_t j = 0; j < B; j++)
            if (label[i] < label[j])
                sum += exp(scale * (s[i] - s[j]) - max);
    value = max + log(exp(-max) + sum);
    for (size_t i = 0; i < B; i++)
        ds[i] = 0.0;
    for (size_t i = 0; i < B; i++)
        for (size_t j = 0; j < B; j++)
            if (label[i] < label[j]) {
                double p = scale * exp(scale * (s[i] - s[j]) - value);

                ds[i] += p;
                ds[j] -= p;
            }
    return value;
}

size_t loss_order_scratch(size_t B)
{
    return 2 * B;
}

double loss_cosent(float *de, double *scratch, const float *e,
                   const uint32_t *a, const uint32_t *b, const float *label,
                   float scale, size_t B, size_t C)
{
    double *s = scratch, *ds = scratch + B, value;

    for (size_t i = 0; i < B; i++) {
        struct angle g = angle_of(e + a[i] * C, e + b[i] * C, C);

        s[i] = angle_cos(&g);
    }
    value = order(ds, s, label, (double)scale, B);
    for (size_t i = 0; de && i < B; i++) {
        const float *x = e + a[i] * C, *y = e + b[i] * C;
        struct angle g = angle_of(x, y, C);

        angle_bwd(de + a[i] * C, de + b[i] * C, ds[i], &g, x, y, C);
    }
    return value;
}

double loss_angle(float *de, double *scratch, const float *e, const uint32_t *a,
                  const uint32_t *b, const float *label, float scale, size_t B,
                  size_t C)
{
    double *s = scratch, *ds = scratch + B, value;

    for (size_t i = 0; i < B; i++)
        s[i] = angle_score(e + a[i] * C, e + b[i] * C, C);
    value = order(ds, s, label, (double)scale, B);
    for (size_t i = 0; de && i < B; i++)
        angle_score_bwd(de + a[i] * C, de + b[i] * C, ds[i], e + a[i] * C,
                        e + b[i] * C, C);
    return value;
}
