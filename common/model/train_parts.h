/*
 * train_parts.h - what train.c (steps) and train_state.c (checkpoints) share.
 * Nobody else includes this.
 */
#ifndef MODEL_TRAIN_PARTS_H
#define MODEL_TRAIN_PARTS_H

#include "model/encoder_grad.h"
#include "model/lazy_rows.h"
#include "model/train.h"
#include "nn/adamw.h"

struct trainer {
    struct train_options o;
    struct weights *w;
    struct weights dw, m, v, best;
    struct encoder_grad *grad;
    struct workers *workers;
    double *rate;    /* [tensors] part of the step's learning rate; 0: frozen */
    double *partial; /* [chunks] of the gradient norm */
    struct chunk {
        size_t tensor, begin, end;
    } * chunk; /* GRAD_CHUNK elements of one tensor each; of the word
                  embedding, whole rows */
    size_t chunks;
    struct lazy_rows words;
    size_t word; /* the tensor that they are */
    float *y, *dy;
    size_t cap_y;
    struct adamw adamw;
    uint64_t step, batches;
    double norm, best_score;
};

#endif
