#include "nn/panel_round.h"

#include <math.h>

#include "nn/panel.h"

enum { LARGEST = PANEL_LEVELS, LEAST = 64, STEP = 7 };

static float held(float x, float most)
{
    x = x < most ? x : most;
    return x > -most ? x : -most;
}

/* Both give up half of what is too much: of an odd number, q[1] more. */
static void round_two(float q[2], float x, float y)
{
    float more, half;

    q[0] = held(rintf(x), PANEL_LEVELS);
    q[1] = held(rintf(y), PANEL_LEVELS);
    more = q[0] + q[1];
    more -= held(more, PANEL_PAIR);
    half = rintf(0.5f * more);
    q[0] -= half;
    q[1] -= more - half;
}

void panel_round_pair(int q[2], const float *w, size_t left, float scale)
{
    float inverse = scale > 0.0f ? 1.0f / scale : 0.0f, r[2];

    round_two(r, w[0] * inverse, left > 1 ? w[1] * inverse : 0.0f);
    q[0] = (int)r[0];
    q[1] = (int)r[1];
}

/* Sum of squared errors in steps of the scale. */
static float loss(const float *w, size_t K, float inverse)
{
    float sum = 0.0f;

    for (size_t k = 0; k < K; k += 2) {
        float x = w[k] * inverse, y = k + 1 < K ? w[k + 1] * inverse : 0.0f;
        float q[2];

        round_two(q, x, y);
        sum += (x - q[0]) * (x - q[0]) + (y - q[1]) * (y - q[1]);
    }
    return sum;
}

float panel_round_scale(const float *w, size_t K)
{
    float most = 0.0f, best = 0.0f, least = INFINITY;

    for (size_t k = 0; k < K; k++)
        most = fabsf(w[k]) > most ? fabsf(w[k]) : most;
    for (int to = LARGEST; most > 0.0f && to >= LEAST; to -= STEP) {
        float scale = most / (float)to;
        float sum = loss(w, K, 1.0f / scale) / (float)(to * to);

        if (sum < least) {
            least = sum;
            best = scale;
        }
    }
    return best;
}
