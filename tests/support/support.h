/*
 * support.h - what unit tests share. Included first by every one of them.
 *
 * The macros add the place of the call, so that a failure names the test's
 * line and not this file's.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs the four above it: keep it in a block of its own */

#include <stdbool.h>

#include "base/err.h"

enum { SUPPORT_PATH = 512 }; /* bytes that support_shared() may write */

/* rc is 0, or the test fails with the message that the tested code left. */
#define assert_ok(rc, err) assert_ok_((rc), (err), __FILE__, __LINE__)
void assert_ok_(int rc, const struct err *err, const char *file, int line);

/* Every |got[i]-want[i]| <= atol + rtol*|want[i]|, and no NaN. The message has
 * label, index, both values and how many others are off. */
#define assert_close(label, got, want, n, rtol, atol) \
    assert_close_((label), (got), (want), (n), (rtol), (atol), __FILE__, \
                  __LINE__)
void assert_close_(const char *label, const float *got, const float *want,
                   size_t n, double rtol, double atol, const char *file,
                   int line);

/* The same for one double. */
#define assert_near(label, got, want, rtol, atol) \
    assert_near_((label), (got), (want), (rtol), (atol), __FILE__, __LINE__)
void assert_near_(const char *label, double got, double want, double rtol,
                  double atol, const char *file, int line);

/* n values uniform in [-1, 1) that depend on seed only. */
void fill_random(float *x, size_t n, uint64_t seed);

/*
 * Is grad the gradient of f with respect to x[0..n)? f(ctx) computes the
 * scalar anew from x, which is moved and put back. Along three random
 * directions, and along every axis when n <= 16, dot(grad, direction) must
 * agree with a central difference to 0.5%.
 */
#define assert_gradient(label, x, grad, n, f, ctx) \
    assert_gradient_((label), (x), (grad), (n), (f), (ctx), __FILE__, __LINE__)
void assert_gradient_(const char *label, float *x, const float *grad, size_t n,
                      double (*f)(void *), void *ctx, const char *file,
                      int line);

/*
 * Put the path of a file of reference data into path[SUPPORT_PATH]. False if
 * it is not on this machine: the test then says skip(). Tests run in the
 * project's root; the data lie in ../shared.
 */
bool support_shared(const char *name, char *path);

#endif
