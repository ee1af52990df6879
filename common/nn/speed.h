/*
 * speed.h - how fast this CPU multiplies, for the log.
 */
#ifndef NN_SPEED_H
#define NN_SPEED_H

#include "nn/precision.h"

/* GFLOP/s of one thread on products 64x1536x384, rounding of the input rows
 * included: the best of a few within 50 ms. 0 without memory. */
double speed_of_products(enum precision precision);

#endif
