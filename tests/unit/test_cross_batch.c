/* Losses of a cross-encoder on logits. bce and mse alone are in test_loss.c. */
#include "support/support.h"

#include <math.h>

#include "model/cross_batch.h"

enum { B = 3 };

static const float logits[2 * B] = { 1.5f, -0.25f, 0.75f, 0.5f, 0.5f, -1.0f };
static const float targets[B] = { 0.5f, 0.25f, 1.0f };

static void fill(struct cross_batch *x, const char *loss)
{
    struct err err = ERR_INIT;

    assert_ok(cross_batch_init(x, cross_loss_find(loss), B, &err), &err);
    x->B = B;
    for (size_t i = 0; i < B; i++)
        x->target[i] = targets[i];
}

static void the_margin_is_that_of_two_logits(void **state)
{
    struct cross_batch x;
    float dz[2 * B] = { 0 };

    (void)state;
    fill(&x, "margin-mse");
    /* margins 1, -0.75, 1.75; off by 0.5, -1, 0.75 */
    assert_true(fabs(cross_batch_loss(&x, dz, logits, 2 * B, 1) -
                     (0.25 + 1.0 + 0.5625) / 3.0) < 1e-12);
    for (size_t i = 0; i < B; i++)
        assert_true(dz[i] == -dz[B + i]);
    cross_batch_release(&x);
}

static void gradients_are_those_of_the_values(void **state)
{
    static const char *const name[] = { "bce", "mse", "margin-mse" };
    const float h = 1e-3f;

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct cross_batch x;
        float dz[2 * B] = { 0 }, none[2 * B] = { 0 };
        size_t n = k == 2 ? 2 * B : B;

        fill(&x, name[k]);
        (void)cross_batch_loss(&x, dz, logits, n, 1);
        for (size_t i = 0; i < n; i++) {
            float z[2 * B];
            double up, down;

            for (size_t j = 0; j < 2 * B; j++)
                z[j] = logits[j];
            z[i] = logits[i] + h;
            up = cross_batch_loss(&x, none, z, n, 1);
            z[i] = logits[i] - h;
            down = cross_batch_loss(&x, none, z, n, 1);
            assert_true(fabs((up - down) / 2e-3 - (double)dz[i]) < 1e-4);
        }
        cross_batch_release(&x);
    }
}

static void each_loss_says_what_its_scores_are(void **state)
{
    (void)state;
    assert_int_equal(cross_loss_find("bce")->activation, ACTIVATION_SIGMOID);
    assert_int_equal(cross_loss_find("mse")->activation, ACTIVATION_IDENTITY);
    assert_int_equal(cross_loss_find("margin-mse")->activation,
                     ACTIVATION_IDENTITY);
    assert_null(cross_loss_find("cosine"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_margin_is_that_of_two_logits),
        cmocka_unit_test(gradients_are_those_of_the_values),
        cmocka_unit_test(each_loss_says_what_its_scores_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
