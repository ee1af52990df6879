#include "support/support.h"

#include <math.h>
#include <string.h>

#include "nn/attention.h"
#include "nn/attention_infer.h"
#include "nn/dropout.h"
#include "nn/gemm.h"
#include "support/variants.h"

enum { LEN = 40, C = 24, H = 3, D = C / H, R = 48, REL = 2 * R - 1 };
static const uint64_t seed = 123;
static float qkv[LEN * 3 * C], rel[H * REL], y[LEN * C], want[LEN * C];
static float probs[H * LEN * LEN], scratch[LEN * LEN], w[LEN * C];
static float dqkv[LEN * 3 * C], drel[H * REL];

static double at(size_t part, size_t i, size_t h, size_t d)
{
    return (double)qkv[i * 3 * C + part * C + h * D + d];
}

/* What head h of row i gives to row j: logit, in double. */
static double logit(const struct attention *a, size_t h, size_t i, size_t j)
{
    double s = 0.0;

    for (size_t d = 0; d < D; d++)
        s += at(0, i, h, d) * at(1, j, h, d);
    s /= sqrt((double)D);
    if (a->rel)
        s += (double)a->rel[h * REL + j + a->R - 1 - i];
    return a->causal && j > i ? -INFINITY : s;
}

static void reference_row(const struct attention *a, size_t h, size_t i,
                          size_t len)
{
    float ones[LEN], mask[LEN];
    double sum = 0.0;

    for (size_t j = 0; j < len; j++) {
        sum += exp(logit(a, h, i, j));
        ones[j] = 1.0f;
    }
    dropout_fwd(mask, ones, a->drop, seed, h * len + i, 1, len);
    for (size_t d = 0; d < D; d++) {
        double out = 0.0;

        for (size_t j = 0; j < len; j++)
            out +=
                exp(logit(a, h, i, j)) / sum * (double)mask[j] * at(2, j, h, d);
        want[i * C + h * D + d] = (float)out;
    }
}

static const struct attention cases[] = {
    { H, C, false, 0.0f, 0, NULL }, { H, C, true, 0.0f, 0, NULL },
    { H, C, false, 0.0f, R, rel },  { H, C, false, 0.3f, 0, NULL },
    { H, C, true, 0.2f, R, rel },
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };
static const size_t lengths[] = { 1, 2, 5, 16, 33, 40 };

static void fill(void)
{
    gemm_init();
    fill_random(qkv, LEN * 3 * C, 1);
    fill_random(rel, H * REL, 2);
    fill_random(w, LEN * C, 3);
}

static void fwd_of(const char *isa)
{
    fill();
    for (size_t k = 0; k < CASES * 6; k++) {
        const struct attention *a = &cases[k % CASES];
        size_t len = lengths[k / CASES];

        for (size_t i = 0; i < len * H; i++)
            reference_row(a, i % H, i / H, len);
        attention_fwd(y, probs, scratch, qkv, a, seed, len);
        assert_close(isa, y, want, len * C, 1e-5, 1e-6);
        attention_fwd(y, NULL, scratch, qkv, a, seed, len);
        assert_close("probs not kept", y, want, len * C, 1e-5, 1e-6);
    }
}

static void fwd_matches_double_precision(void **state)
{
    (void)state;
    for_each_variant(fwd_of);
}

static void infer_of(const char *isa)
{
    static _Alignas(64) float room[8192];

    fill();
    for (size_t k = 0; k < CASES * 6; k++) {
        const struct attention *a = &cases[k % CASES];
        size_t len = lengths[k / CASES];

        if (a->drop > 0.0f)
            continue;
        for (size_t i = 0; i < len * H; i++)
            reference_row(a, i % H, i / H, len);
        assert_true(attention_infer_scratch(a, len) <= 8192);
        attention_infer_fwd(y, room, qkv, a, len);
        assert_close(isa, y, want, len * C, 1e-5, 1e-6);
    }
}

static void infer_is_the_same_by_other_means(void **state)
{
    (void)state;
    for_each_variant(infer_of);
}

static void cls_of(const char *isa)
{
    fill();
    for (size_t k = 0; k < 12; k++) {
        const struct attention *a = &cases[k % 2 * 2];
        size_t len = lengths[k / 2];
        float one[C];

        for (size_t h = 0; h < H; h++)
            reference_row(a, h, 0, len);
        attention_cls_fwd(one, scratch, qkv, qkv + C, qkv + 2 * C, 3 * C, a,
                          len);
        assert_close(isa, one, want, C, 1e-5, 1e-6);
    }
}

static void cls_is_row_0_of_the_whole(void **state)
{
    (void)state;
    for_each_variant(cls_of);
}

struct probe {
    const struct attention *a;
    size_t len;
};

static double loss(void *ctx)
{
    const struct probe *p = ctx;
    double sum = 0.0;

    attention_fwd(y, probs, scratch, qkv, p->a, seed, p->len);
    for (size_t i = 0; i < p->len * C; i++)
        sum += (double)w[i] * (double)y[i];
    return sum;
}

static void gradient_of(const char *isa)
{
    fill();
    for (size_t k = 0; k < CASES * 6; k++) {
        struct probe p = { &cases[k % CASES], lengths[k / CASES] };
        float *drel_k = p.a->rel ? drel : NULL;

        (void)loss(&p);
        memset(drel, 0, sizeof(drel));
        attention_bwd(dqkv, drel_k, scratch, w, qkv, probs, p.a, seed, p.len);
        assert_gradient(isa, qkv, dqkv, p.len * 3 * C, loss, &p);
        if (drel_k && p.len > 1)
            assert_gradient("rel", rel, drel, H * REL, loss, &p);
    }
}

static void bwd_agrees_with_differences(void **state)
{
    (void)state;
    for_each_variant(gradient_of);
}

static void bwd_adds_to_drel(void **state)
{
    float once[H * REL];

    (void)state;
    fill();
    attention_fwd(y, probs, scratch, qkv, &cases[2], seed, 5);
    memset(drel, 0, sizeof(drel));
    attention_bwd(dqkv, drel, scratch, w, qkv, probs, &cases[2], seed, 5);
    for (size_t i = 0; i < H * REL; i++)
        once[i] = 2.0f * drel[i];
    attention_bwd(dqkv, drel, scratch, w, qkv, probs, &cases[2], seed, 5);
    assert_close("drel", drel, once, H * REL, 1e-5, 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fwd_matches_double_precision),
        cmocka_unit_test(infer_is_the_same_by_other_means),
        cmocka_unit_test(cls_is_row_0_of_the_whole),
        cmocka_unit_test(bwd_agrees_with_differences),
        cmocka_unit_test(bwd_adds_to_drel),
    };

    return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}
