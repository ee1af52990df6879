#include "nn/panel_round.h"

#include <math.h>

#include "nn/panel.h"

enum { LARGEST = PANEL_LEVELS, LEAST = 64, STEP = 7 };

static float held(float x, float most)
{
    return fminf(fmaxf(x, -most), most);
}

/* Both give up half of what is too much. */
static void round_two(float q[2], const float w[2], float scale)
{
    q[0] = held(rintf(w[0] / scale), PANEL_LEVELS);
    q[1] = held(rintf(w[1] / scale), PANEL_LEVELS);
    if (fabsf(q[0] + q[1]) > PANEL_PAIR) {
        float more = q[0] + q[1] - copysignf(PANEL_PAIR, q[0]);

        q[0] -= rintf(0.5f * more);
        q[1] -= more - rintf(0.5f * more);
    }
}

void panel_round_pair(int q[2], const float *w, size_t left, float scale)
{
    const float two[2] = { w[0], left > 1 ? w[1] : 0.0f };
    float r[2] = { 0.0f, 0.0f };

    if (scale > 0.0f)
        round_two(r, two, scale);
    q[0] = (int)r[0];
    q[1] = (int)r[1];
}

static double loss(const float *w, size_t K, float scale)
{
    double sum = 0.0;

    for (size_t k = 0; k < K; k += 2) {
        const float two[2] = { w[k], k + 1 < K ? w[k + 1] : 0.0f };
        float r[2];
        double d, e;

        round_two(r, two, scale);
        d = (double)(two[0] - r[0] * scale);
        e = (double)(two[1] - r[1] * scale);
        sum += d * d + e * e;
    }
    return sum;
}

float panel_round_scale(const float *w, size_t K)
{
    float most = 0.0f, best = 0.0f;
    double least = INFINITY;

    for (size_t k = 0; k < K; k++)
        most = fmaxf(most, fabsf(w[k]));
    for (int to = LARGEST; most > 0.0f && to >= LEAST; to -= STEP) {
        float scale = most / (float)to;
        double sum = loss(w, K, scale);

        if (sum < least) {
            least = sum;
            best = scale;
        }
    }
    return best;
}
