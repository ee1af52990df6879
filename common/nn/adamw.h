/*
 * adamw.h - AdamW with decoupled decay and bias correction, and the global
 * gradient norm. Loshchilov, Hutter, "Decoupled Weight Decay Regularization",
 * ICLR 2019, arXiv:1711.05101, algorithm 2, as PyTorch has it.
 *
 * Everything works on slices of a tensor, so workers may split it anywhere:
 * the result is the same to the bit.
 */
#ifndef NN_ADAMW_H
#define NN_ADAMW_H

#include <stddef.h>
#include <stdint.h>

struct adamw {
    double lr;           /* of this step: base rate times schedule_factor() */
    double beta1, beta2; /* 0.9, 0.999 */
    double eps;          /* 1e-8 */
    double decay;        /* 0 for biases and LayerNorm */
    double clip;         /* clip_factor(); multiplies every gradient */
    double fix1, fix2;   /* 1 - beta^k: filled by adamw_begin() */
};

/* Set the bias corrections for update number k, from 1. */
void adamw_begin(struct adamw *a, uint64_t k);
/* What the step multiplies a parameter by that has no moments and no gradient;
 * it does nothing else to it. */
float adamw_keep(const struct adamw *a);

/*
 * On elements [begin,end) of one tensor, g = clip * gradient:
 * p -= lr*decay*p;  m = beta1*m + (1-beta1)*g;  v = beta2*v + (1-beta2)*g^2;
 * p -= lr * (m / fix1) / (sqrt(v / fix2) + eps)
 *
 *   p, m, v  in and out; m and v begin as 0
 *   g        in
 */
void adamw_step(float *p, float *m, float *v, const float *g,
                const struct adamw *a, size_t begin, size_t end);

/*
 * Sum of squares of g[0..n), in double. For the global norm give every chunk
 * of GRAD_CHUNK elements of every tensor one call and one place in an array,
 * so that grad_norm() adds in the same order for any number of workers.
 */
enum { GRAD_CHUNK = 65536 };
double grad_sumsq(const float *g, size_t n);
/* sqrt of the sum of partial[0..n) */
double grad_norm(const double *partial, size_t n);
/* min(1, max / (norm + 1e-6)); 1 when max <= 0 (no clipping) */
double clip_factor(double norm, double max);

#endif
