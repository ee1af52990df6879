#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "nn/gemm.h"
#include "nn/loss.h"

/* ---- values in float64, from the reference implementation ---- */

/* Rows 0-3 U, 4-7 V, 8-11 N. */
static const float small[12 * 4] = {
    1, 2,  3, 4, 2, -1, 0,  1, 0, 1, -2, 2,  3,  0, 1, -1, /* U */
    2, 1,  4, 3, 1, 1,  -1, 0, 1, 0, -1, 3,  -1, 2, 0, 1,  /* V */
    1, -1, 1, 2, 2, 0,  1,  1, 0, 2, 2,  -1, 1,  1, 1, 1,  /* N */
};
static const uint32_t u_rows[] = { 0, 1, 2, 3, 16, 17 };
static const uint32_t vn_rows[] = { 4, 5, 6, 7, 8, 9, 10, 11 };
static const float labels[] = { 0.9f, 0.2f, 0.7f, 0.2f };
static const float classes[] = { 1, 0, 1, 0 };
static const float margins[] = { 1, 2, 0, -1 };
static float scratch[4096];
static double work[64];

static void values_match_the_published_table(void **state)
{
    static const float z[] = { 2, -1, 0.5f, -3 };
    const uint32_t *u = u_rows, *v = vn_rows, *n = vn_rows + 4;
    const float *target[4];

    (void)state;
    gemm_init();
    assert_near("cosine", loss_cosine(NULL, small, u, v, labels, 4, 4),
                0.1231446730, 0.0, 1e-7);
    assert_near("mnrl", loss_mnrl(NULL, scratch, small, u, v, 20, 4, 4, 4),
                6.3973755369, 0.0, 1e-5);
    assert_near("mnrl negatives",
                loss_mnrl(NULL, scratch, small, u, v, 20, 4, 8, 4),
                9.3436692122, 0.0, 1e-5);
    assert_near("triplet",
                loss_triplet(NULL, small, u, v, n, LOSS_EUCLIDEAN, 5, 4, 4),
                4.5023531524, 0.0, 1e-9);
    assert_near("triplet cosine",
                loss_triplet(NULL, small, u, v, n, LOSS_COSINE, 0.5f, 4, 4),
                0.6997490699, 0.0, 1e-9);
    assert_near("cosent",
                loss_cosent(NULL, work, small, u, v, labels, 20, 4, 4),
                0.0726262223, 0.0, 1e-7);
    assert_near("angle", loss_angle(NULL, work, small, u, v, labels, 20, 4, 4),
                13.0059720731, 0.0, 1e-5);
    assert_near("mnrl symmetric",
                loss_mnrl_symmetric(NULL, scratch, small, u, v, 20, 4, 4, 4),
                6.7111505897, 0.0, 1e-5);
    assert_near(
        "contrastive",
        loss_contrastive(NULL, small, u, v, classes, LOSS_COSINE, 0.5f, 4, 4),
        0.0053560733, 0.0, 1e-8);
    assert_near("contrastive euclidean",
                loss_contrastive(NULL, small, u, v, classes, LOSS_EUCLIDEAN,
                                 0.5f, 4, 4),
                0.9999995, 0.0, 1e-6);
    assert_near("online contrastive",
                loss_online_contrastive(NULL, small, u, v, classes, LOSS_COSINE,
                                        0.5f, 4, 4),
                0.0, 0.0, 0.0);
    for (size_t i = 0; i < 4; i++)
        target[i] = small + (4 + i) * 4;
    assert_near("mse", loss_mse(NULL, small, u, target, 4, 4), 2.5, 0.0, 1e-9);
    assert_near("margin mse",
                loss_margin_mse(NULL, small, u, v, n, margins, 4, 4), 126.25,
                0.0, 1e-9);
    assert_near("follow", loss_follow(NULL, small, u, target, 4, 4),
                1.0 - (0.9333 + 0.2357 + 0.8040 - 0.4924) / 4.0, 0.0, 1e-4);
    assert_near("bce", loss_bce(NULL, z, labels, 1, 4), 0.5282135086, 0.0,
                1e-7);
    assert_near("bce weighted", loss_bce(NULL, z, labels, 2, 4), 0.8578282352,
                0.0, 1e-7);
}

/* ---- values and gradients in float32, from the reference data ---- */

enum { B = 6, C = 8, ROWS = 3 * B };
static const uint32_t u6[] = { 0, 1, 2, 3, 4, 5 };
static const uint32_t vn6[] = { 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 };
static const uint32_t *const v6 = vn6, *const n6 = vn6 + B;

struct golden {
    struct json *doc;
    float e[ROWS * C], labels[B], binary[B], logits[B];
};

static size_t read_floats(float *out, const struct json_node *list, size_t max)
{
    size_t n = 0;

    for (const struct json_node *x = json_first(list); x; x = json_next(x)) {
        assert_true(n < max);
        out[n++] = (float)json_num(x, NAN);
    }
    return n;
}

static const struct json_node *golden_loss(const struct golden *g,
                                           const char *name)
{
    return json_get(json_get(json_root(g->doc), "losses"), name);
}

static int load_golden(void **state)
{
    static struct golden g;
    const struct json_node *root;
    char path[SUPPORT_PATH];
    struct err err = ERR_INIT;

    *state = NULL;
    if (!support_shared("reference/losses.json", path))
        return 0;
    assert_ok(json_load(&g.doc, path, JSON_STRICT, &err), &err);
    root = json_root(g.doc);
    assert_int_equal(read_floats(g.e, json_get(root, "u"), B * C), B * C);
    read_floats(g.e + B * C, json_get(root, "v"), B * C);
    read_floats(g.e + 2 * B * C, json_get(root, "n"), B * C);
    assert_int_equal(read_floats(g.labels, json_get(root, "labels"), B), B);
    assert_int_equal(read_floats(g.binary, json_get(root, "binary"), B), B);
    read_floats(g.logits,
                json_get(golden_loss(&g, "BinaryCrossEntropyLoss"), "logits"),
                B);
    gemm_init();
    *state = &g;
    return 0;
}

static int free_golden(void **state)
{
    struct golden *g = *state;

    if (g)
        json_free(g->doc);
    return 0;
}

/* value and the gradients of u, v, n end to end in got */
static void compare(const struct golden *g, const char *name, double value,
                    const float *got)
{
    const struct json_node *loss = golden_loss(g, name);
    float want[ROWS * C];
    size_t n = 0;

    assert_non_null(loss);
    for (const struct json_node *x = json_first(json_get(loss, "grads")); x;
         x = json_next(x))
        n += read_floats(want + n, x, ROWS * C - n);
    assert_true(n >= B);
    assert_near(name, value, json_num(json_get(loss, "value"), NAN), 1e-6,
                1e-6);
    assert_close(name, got, want, n, 1e-5, 1e-5);
}

static void embedding_losses_match_the_reference(void **state)
{
    const struct golden *g = *state;
    float d[10][ROWS * C] = { { 0 } };
    double l;

    if (g == NULL)
        skip();
    l = loss_cosine(d[0], g->e, u6, v6, g->labels, B, C);
    compare(g, "CosineSimilarityLoss", l, d[0]);
    l = loss_mnrl(d[1], scratch, g->e, u6, vn6, 20, B, B, C);
    compare(g, "MultipleNegativesRankingLoss", l, d[1]);
    l = loss_mnrl(d[2], scratch, g->e, u6, vn6, 20, B, 2 * B, C);
    compare(g, "MultipleNegativesRankingLoss+negatives", l, d[2]);
    l = loss_triplet(d[3], g->e, u6, v6, n6, LOSS_EUCLIDEAN, 5, B, C);
    compare(g, "TripletLoss", l, d[3]);
    l = loss_triplet(d[4], g->e, u6, v6, n6, LOSS_COSINE, 0.5f, B, C);
    compare(g, "TripletLoss-cosine-0.5", l, d[4]);
    l = loss_cosent(d[5], work, g->e, u6, v6, g->labels, 20, B, C);
    compare(g, "CoSENTLoss", l, d[5]);
    l = loss_angle(d[6], work, g->e, u6, v6, g->labels, 20, B, C);
    compare(g, "AnglELoss", l, d[6]);
    l = loss_mnrl_symmetric(d[7], scratch, g->e, u6, v6, 20, B, B, C);
    compare(g, "MultipleNegativesSymmetricRankingLoss", l, d[7]);
    l = loss_contrastive(d[8], g->e, u6, v6, g->binary, LOSS_COSINE, 0.5f, B,
                         C);
    compare(g, "ContrastiveLoss", l, d[8]);
    l = loss_online_contrastive(d[9], g->e, u6, v6, g->binary, LOSS_COSINE,
                                0.5f, B, C);
    compare(g, "OnlineContrastiveLoss", l, d[9]);
}

static void bce_matches_the_reference(void **state)
{
    const struct golden *g = *state;
    float dz[B];
    double l;

    if (g == NULL)
        skip();
    l = loss_bce(dz, g->logits, g->labels, 1, B);
    compare(g, "BinaryCrossEntropyLoss", l, dz);
}

/* ---- gradients by differences, with rows that have several parts ---- */

/* Row 1 is anchor and document; documents of one row are shared. */
static const uint32_t shared_a[] = { 0, 1, 2 }, shared_b[] = { 1, 3, 3 };
static const uint32_t shared_d[] = { 3, 4, 1, 5, 6, 6, 0 };
static const uint32_t shared_n[] = { 5, 4, 0 };
enum { SHARED = 7, W = 5 };
struct probe {
    float e[SHARED * W];
    double (*loss)(float *de, const float *e);
};

static double mnrl(float *de, const float *e)
{
    return loss_mnrl(de, scratch, e, shared_a, shared_d, 5, 3, 7, W);
}
static double cosine(float *de, const float *e)
{
    return loss_cosine(de, e, shared_a, shared_b, labels, 3, W);
}
static double triplet(float *de, const float *e)
{
    return loss_triplet(de, e, shared_a, shared_b, shared_n, LOSS_EUCLIDEAN, 5,
                        3, W);
}
static double triplet_cosine(float *de, const float *e)
{
    return loss_triplet(de, e, shared_a, shared_b, shared_n, LOSS_COSINE, 2.5f,
                        3, W);
}
static double bce(float *dz, const float *z)
{
    return loss_bce(dz, z, labels, 3, 4);
}

static double symmetric(float *de, const float *e)
{
    return loss_mnrl_symmetric(de, scratch, e, shared_a, shared_d, 5, 3, 7, W);
}
static double cosent(float *de, const float *e)
{
    return loss_cosent(de, work, e, shared_a, shared_b, labels, 3, 3, W);
}
static double angle(float *de, const float *e)
{
    return loss_angle(de, work, e, shared_a, shared_b, labels, 3, 3, W);
}
static double contrastive(float *de, const float *e)
{
    return loss_contrastive(de, e, shared_a, shared_b, classes, LOSS_EUCLIDEAN,
                            4, 3, W);
}
static double online(float *de, const float *e)
{
    return loss_online_contrastive(de, e, shared_a, shared_b, classes,
                                   LOSS_COSINE, 2.5f, 3, W);
}
static const float *const fixed[] = { small, small + 7, small + 13 };
static double mse(float *de, const float *e)
{
    return loss_mse(de, e, shared_b, fixed, 3, W);
}
static double follow(float *de, const float *e)
{
    return loss_follow(de, e, shared_b, fixed, 3, W);
}
static double margin_mse(float *de, const float *e)
{
    return loss_margin_mse(de, e, shared_a, shared_b, shared_n, margins, 3, W);
}
static double logit_mse(float *dz, const float *z)
{
    return loss_logit_mse(dz, z, labels, 4);
}

static double value(void *ctx)
{
    struct probe *p = ctx;

    return p->loss(NULL, p->e);
}

static void gradients_agree_with_differences(void **state)
{
    static const struct {
        const char *name;
        double (*loss)(float *, const float *);
        size_t n;
    } losses[] = {
        { "mnrl", mnrl, SHARED * W },
        { "cosine", cosine, SHARED * W },
        { "triplet", triplet, SHARED * W },
        { "triplet cosine", triplet_cosine, SHARED * W },
        { "bce", bce, 4 },
        { "symmetric", symmetric, SHARED * W },
        { "cosent", cosent, SHARED * W },
        { "angle", angle, SHARED * W },
        { "contrastive", contrastive, SHARED * W },
        { "online contrastive", online, SHARED * W },
        { "mse", mse, SHARED * W },
        { "follow", follow, SHARED * W },
        { "margin mse", margin_mse, SHARED * W },
        { "logit mse", logit_mse, 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        struct probe p;
        float de[SHARED * W] = { 0 };

        fill_random(p.e, SHARED * W, 8);
        p.loss = losses[i].loss;
        assert_near(losses[i].name, p.loss(de, p.e), p.loss(NULL, p.e), 0, 0);
        assert_gradient(losses[i].name, p.e, de, losses[i].n, value, &p);
    }
}

/* Its corners spoil differences: by hand. |0 - 3| + |0 + 1| = 4. */
static void manhattan_moves_every_channel_alike(void **state)
{
    const float e[] = { 0, 0, 3, -1 }, yes[] = { 1 };
    const float want[] = { -4, 4, 4, -4 };
    const uint32_t a[] = { 0 }, b[] = { 1 };
    float de[4] = { 0 };

    (void)state;
    assert_near("value",
                loss_contrastive(de, e, a, b, yes, LOSS_MANHATTAN, 1, 1, 2),
                8.0, 0.0, 0.0);
    assert_memory_equal(de, want, sizeof(want));
}

static void equal_rows_and_zero_rows_have_finite_gradients(void **state)
{
    float e[3 * W] = { 1, 2, 3, 4, 5, 1, 2, 3, 4, 5 }, de[3 * W] = { 0 };
    const uint32_t a[] = { 0 }, b[] = { 1, 2 }, c[] = { 2 };
    const float label[] = { 1 };

    (void)state;
    loss_cosine(de, e, a, c, label, 1, W);
    loss_cosine(de, e, c, a, label, 1, W);
    loss_triplet(de, e, a, b, c, LOSS_EUCLIDEAN, 50, 1, W);
    loss_triplet(de, e, a, b, c, LOSS_COSINE, 50, 1, W);
    loss_mnrl(de, scratch, e, a, b, 20, 1, 2, W);
    for (size_t i = 0; i < 3 * W; i++)
        assert_true(isfinite(de[i]));
}

static void extreme_logits_keep_bce_finite(void **state)
{
    static const float z[] = { 500, -500 }, label[] = { 0, 1 };
    float dz[2];

    (void)state;
    assert_near("bce", loss_bce(dz, z, label, 1, 2), 500.0, 1e-12, 0.0);
    assert_near("dz", (double)dz[0], 0.5, 0.0, 0.0);
    assert_near("dz", (double)dz[1], -0.5, 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_match_the_published_table),
        cmocka_unit_test_setup_teardown(embedding_losses_match_the_reference,
                                        load_golden, free_golden),
        cmocka_unit_test_setup_teardown(bce_matches_the_reference, load_golden,
                                        free_golden),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(manhattan_moves_every_channel_alike),
        cmocka_unit_test(equal_rows_and_zero_rows_have_finite_gradients),
        cmocka_unit_test(extreme_logits_keep_bce_finite),
    };

    return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}
