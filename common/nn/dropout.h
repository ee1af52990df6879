/*
 * dropout.h - dropout whose mask is a function of (seed, row, column), so that
 * the backward pass draws it anew and threads do not matter.
 * Srivastava et al., "Dropout", JMLR 15, 2014.
 *
 * Element c of row r is dropped when 16 bits, number c % 4 of
 * rng_at(seed, r * ceil(C / 4) + c / 4), are below round(p * 65536).
 */
#ifndef NN_DROPOUT_H
#define NN_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * y = dropped ? 0 : x / (1 - p). The backward pass is the same call on dy.
 *
 *   y     [N,C] out   may alias x
 *   x     [N,C] in
 *   p                 in [0, 1), rounded to a multiple of 2^-16; 0 copies
 *   seed              one for each step, layer and place
 *   row               number of the first row in the whole batch
 */
void dropout_fwd(float *y, const float *x, float p, uint64_t seed, uint64_t row,
                 size_t N, size_t C);

#endif
