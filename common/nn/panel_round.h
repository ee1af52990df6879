/*
 * panel_round.h - int8 weights of one output, rounded so that CPUs without
 * VNNI, which add two products in 16 bits, never saturate (panel.h).
 */
#ifndef NN_PANEL_ROUND_H
#define NN_PANEL_ROUND_H

#include <stddef.h>

/*
 * q[0], q[1] = w[0], w[1] / scale rounded to nearest even and held to
 * +-PANEL_LEVELS, their sum to +-PANEL_PAIR. Of left < 2 weights the second
 * is 0; scale 0 makes zeros.
 */
void panel_round_pair(int q[2], const float *w, size_t left, float scale);

/*
 * The scale for w[0..K) with the least sum of squared errors, of those that
 * take the largest weight to 127, 120, ... 64: a large one leaves more steps
 * for all weights, and more pairs to cut. 0 when all weights are.
 */
float panel_round_scale(const float *w, size_t K);

#endif
