#include "nn/attention_infer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/panel.h"
#include "nn/softmax.h"

static size_t filled(size_t n)
{
    return (n + PANEL_COLS - 1) / PANEL_COLS * PANEL_COLS;
}

size_t attention_infer_scratch(const struct attention *a, size_t len)
{
    const size_t D = a->C / a->H, wider = len > D ? len : D;

    return (len + D) * filled(len) + len * filled(D) + filled(wider);
}

/* Keys as a weight [len,D]: step d of a panel is channel d of 16 keys. */
static void pack_keys(float *to, const float *k, size_t ld, size_t D,
                      size_t len)
{
    for (size_t j = 0; j < len; j += PANEL_COLS, to += D * PANEL_COLS) {
        size_t n = len - j < PANEL_COLS ? len - j : PANEL_COLS;

        if (n < PANEL_COLS)
            memset(to, 0, D * PANEL_COLS * sizeof(*to));
        for (size_t i = 0; i < n; i++)
            for (size_t d = 0; d < D; d++)
                to[d * PANEL_COLS + i] = k[(j + i) * ld + d];
    }
}

/* Values as a weight [D,len]: step j of a panel is 16 channels of value j. */
static void pack_values(float *to, const float *v, size_t ld, size_t D,
                        size_t len)
{
    for (size_t d = 0; d < D; d += PANEL_COLS) {
        size_t n = D - d < PANEL_COLS ? D - d : PANEL_COLS;

        for (size_t j = 0; j < len; j++, to += PANEL_COLS) {
            if (n == PANEL_COLS) {
                memcpy(to, v + j * ld + d, PANEL_COLS * sizeof(*to));
                continue;
            }
            memset(to, 0, PANEL_COLS * sizeof(*to));
            memcpy(to, v + j * ld + d, n * sizeof(*to));
        }
    }
}

static void softmax_rows(float *p, size_t ld, const struct attention *a,
                         size_t h, size_t len)
{
    const float scale = 1.0f / sqrtf((float)(a->C / a->H));

    for (size_t i = 0; i < len; i++) {
        const float *rel =
            a->rel ? a->rel + h * (2 * a->R - 1) + a->R - 1 - i : NULL;
        size_t seen = a->causal ? i + 1 : len;

        softmax_fwd(p + i * ld, p + i * ld, rel, scale, seen);
        memset(p + i * ld + seen, 0, (len - seen) * sizeof(*p));
    }
}

void attention_infer_fwd(float *y, float *scratch, const float *qkv,
                         const struct attention *a, size_t len)
{
    const size_t D = a->C / a->H, ld = 3 * a->C, wide = filled(len);
    float *p = scratch, *keys = p + len * wide, *values = keys + D * wide;
    float *zeros = values + len * filled(D);
    const struct panel k_panel = {
        .N = len, .K = D, .w = (const char *)keys, .bias = zeros
    };
    const struct panel v_panel = {
        .N = D, .K = len, .w = (const char *)values, .bias = zeros
    };

    assert(len > 0 && a->H > 0 && a->C % a->H == 0 && a->drop <= 0.0f);
    assert(a->rel == NULL || len <= a->R);
    memset(zeros, 0, filled(len > D ? len : D) * sizeof(*zeros));
    for (size_t h = 0; h < a->H; h++) {
        const float *q = qkv + h * D, *k = q + a->C, *v = k + a->C;
        struct panel_rows rows = panel_rows(NULL, q, ld, PRECISION_F32, len, D);

        pack_keys(keys, k, ld, D, len);
        panel_fwd(p, wide, &rows, &k_panel, PANEL_BIAS, len);
        softmax_rows(p, wide, a, h, len);
        pack_values(values, v, ld, D, len);
        rows = panel_rows(NULL, p, wide, PRECISION_F32, len, len);
        panel_fwd(y + h * D, a->C, &rows, &v_panel, PANEL_BIAS, len);
    }
}
