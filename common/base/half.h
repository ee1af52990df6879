/*
 * half.h - IEEE 754 binary16, to write weights in half the space.
 */
#ifndef BASE_HALF_H
#define BASE_HALF_H

#include <stdint.h>

/* The nearest half, ties to even. Over 65,519 it is infinity: the caller
 * refuses that. NaN stays NaN. */
uint16_t half_from(float x);

#endif
