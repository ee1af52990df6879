#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"

void assert_ok_(int rc, const struct err *err, const char *file, int line)
{
    if (rc == 0)
        return;
    print_error("status %d (%s): %s\n", rc, err_name(rc), err->msg);
    _fail(file, line);
}

static bool close_enough(double got, double want, double rtol, double atol)
{
    return got == want || fabs(got - want) <= atol + rtol * fabs(want);
}

void assert_near_(const char *label, double got, double want, double rtol,
                  double atol, const char *file, int line)
{
    if (close_enough(got, want, rtol, atol))
        return;
    print_error("%s: got %.12g, want %.12g, difference %.3g\n", label, got,
                want, got - want);
    _fail(file, line);
}

void assert_close_(const char *label, const float *got, const float *want,
                   size_t n, double rtol, double atol, const char *file,
                   int line)
{
    size_t first = n, off = 0;

    for (size_t i = 0; i < n; i++) {
        if (close_enough((double)got[i], (double)want[i], rtol, atol))
            continue;
        if (off == 0)
            first = i;
        off++;
    }
    if (off == 0)
        return;
    print_error("%s[%zu]: got %.9g, want %.9g, difference %.3g; "
                "%zu of %zu are off\n",
                label, first, (double)got[first], (double)want[first],
                (double)got[first] - (double)want[first], off, n);
    _fail(file, line);
}

void fill_random(float *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(rng_at(seed, i) >> 40) * 0x1p-23f - 1.0f;
}

struct probe {
    float *x, *x0, *v; /* the variable, its first value, a direction */
    const float *grad;
    size_t n;
    double (*f)(void *);
    void *ctx;
};

static double value_at(const struct probe *p, double t)
{
    for (size_t i = 0; i < p->n; i++)
        p->x[i] = (float)((double)p->x0[i] + t * (double)p->v[i]);
    return p->f(p->ctx);
}

/* Five points: the error is O(h^4), so h can be large enough that rounding
 * in a float f() does not show. */
static double slope(const struct probe *p)
{
    const double h = 1e-2;
    double near = value_at(p, h) - value_at(p, -h);
    double far = value_at(p, 2 * h) - value_at(p, -2 * h);

    memcpy(p->x, p->x0, p->n * sizeof(*p->x));
    return (8 * near - far) / (12 * h);
}

static bool agrees(const struct probe *p, const char *label, const char *way,
                   size_t which)
{
    double told = 0.0, norm = 0.0, seen, scale;

    for (size_t i = 0; i < p->n; i++) {
        told += (double)p->grad[i] * (double)p->v[i];
        norm += (double)p->grad[i] * (double)p->grad[i];
    }
    seen = slope(p);
    scale = fmax(fmax(fabs(told), fabs(seen)), 0.1 * sqrt(norm));
    if (fabs(told - seen) <= 5e-3 * scale + 2e-6)
        return true;
    print_error("gradient of %s along %s %zu: backward says %.7g, "
                "differences say %.7g\n",
                label, way, which, told, seen);
    return false;
}

void assert_gradient_(const char *label, float *x, const float *grad, size_t n,
                      double (*f)(void *), void *ctx, const char *file,
                      int line)
{
    struct probe p = { x, NULL, NULL, grad, n, f, ctx };
    bool good = true;

    p.x0 = malloc(n * sizeof(*x));
    p.v = malloc(n * sizeof(*x));
    if (p.x0 == NULL || p.v == NULL)
        fail_msg("no memory for %zu values", n);
    memcpy(p.x0, x, n * sizeof(*x));
    for (size_t k = 0; good && k < 3; k++) {
        fill_random(p.v, n, 0xD1FF + k);
        good = agrees(&p, label, "direction", k);
    }
    for (size_t i = 0; good && n <= 16 && i < n; i++) {
        memset(p.v, 0, n * sizeof(*x));
        p.v[i] = 1.0f;
        good = agrees(&p, label, "axis", i);
    }
    free(p.x0);
    free(p.v);
    if (!good)
        _fail(file, line);
}

bool support_shared(const char *name, char *path)
{
    int n = snprintf(path, SUPPORT_PATH, "../shared/%s", name);

    return n > 0 && n < SUPPORT_PATH && access(path, R_OK) == 0;
}
