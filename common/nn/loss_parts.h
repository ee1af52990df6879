/*
 * loss_parts.h - cosines and distances with their gradients, for the files of
 * loss.h. Nobody else includes this.
 */
#ifndef NN_LOSS_PARTS_H
#define NN_LOSS_PARTS_H

#include "nn/loss.h"

/* What a cosine and its gradient need of two rows. */
struct angle {
    double dot, norm_a, norm_b; /* norms at least 1e-8 */
};
struct angle angle_of(const float *a, const float *b, size_t C);
double angle_cos(const struct angle *g);
/* Add k * d cos(a, b) to da and db: d/da = b / (|a||b|) - cos * a / |a|^2. */
void angle_bwd(float *da, float *db, double k, const struct angle *g,
               const float *a, const float *b, size_t C);

double loss_distance(enum loss_distance d, const float *a, const float *b,
                     size_t C);
/* Add k * d distance to da and db. */
void loss_distance_bwd(float *da, float *db, double k, enum loss_distance d,
                       const float *a, const float *b, size_t C);

#endif
