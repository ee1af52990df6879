#include "support/support.h"

#include <string.h>

#include "base/cpu.h"
#include "nn/adamw.h"
#include "nn/kernels_isa.h"

enum { N = 3, C = 395, ALL = N * C };

/* What every kernel of one table makes of the same inputs. */
struct results {
    float gelu[ALL], dgelu[ALL], softmax[C], dsoftmax[C];
    float norm[ALL], mean[N], rstd[N], dnorm[ALL], dgamma[C], dbeta[C];
    float dbias[C], sum[ALL], axpy[ALL], dot, dropped[C];
    float p[ALL], m[ALL], v[ALL];
};
static struct results narrow, wide;

static void run(const struct kernels *k, struct results *r)
{
    static float x[ALL], dy[ALL], gamma_[C];
    struct adamw a = { 1e-3, 0.9, 0.999, 1e-8, 0.01, 0.5, 0, 0 };

    memset(r, 0, sizeof(*r));
    fill_random(x, ALL, 1);
    fill_random(dy, ALL, 2);
    fill_random(gamma_, C, 3);
    for (size_t i = 0; i < ALL; i++)
        x[i] *= 6.0f;
    k->gelu_fwd(r->gelu, x, ALL);
    k->gelu_bwd(r->dgelu, dy, x, ALL);
    k->softmax_fwd(r->softmax, x, dy, 3.0f, C);
    k->softmax_bwd(r->dsoftmax, dy, r->softmax, 3.0f, C);
    k->layernorm_fwd(r->norm, r->mean, r->rstd, x, gamma_, dy, 1e-12f, N, C);
    k->layernorm_bwd_x(r->dnorm, dy, x, gamma_, r->mean, r->rstd, N, C);
    k->layernorm_bwd_params(r->dgamma, r->dbeta, dy, x, r->mean, r->rstd, 1, C,
                            N, C);
    k->bias_bwd(r->dbias, dy, 1, C, N, C);
    k->add(r->sum, x, ALL);
    k->axpy(r->axpy, 0.3f, x, ALL);
    r->dot = k->dot(x, dy, ALL);
    k->dropout_row(r->dropped, x, 6554, 1.1f, 99, 1, C);
    fill_random(r->p, ALL, 4);
    adamw_begin(&a, 1);
    k->adamw_step(r->p, r->m, r->v, dy, &a, ALL);
    adamw_begin(&a, 2);
    k->adamw_step(r->p, r->m, r->v, x, &a, ALL);
}

static void avx2_and_avx512_give_the_same_bits(void **state)
{
    static const struct kernels avx2 = KERNELS_TABLE(_avx2);
    static const struct kernels avx512 = KERNELS_TABLE(_avx512);
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(cpu_init("auto", &err), &err);
    if (!cpu_has(CPU_AVX512))
        skip();
    run(&avx2, &narrow);
    run(&avx512, &wide);
    assert_memory_equal(&narrow, &wide, sizeof(narrow));
}

static void init_takes_the_widest_that_isa_allows(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(cpu_init("base", &err), &err);
    kernels_init();
    assert_true(kernels.gelu_fwd == gelu_fwd_c);
    if (cpu_init("avx2", &err) == 0) {
        kernels_init();
        assert_true(kernels.gelu_fwd == gelu_fwd_avx2);
        assert_true(kernels.adamw_step == adamw_step_avx2);
    }
    if (cpu_init("avx512", &err) == 0) {
        kernels_init();
        assert_true(kernels.gelu_fwd == gelu_fwd_avx512);
        assert_true(kernels.adamw_step == adamw_step_avx512);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avx2_and_avx512_give_the_same_bits),
        cmocka_unit_test(init_takes_the_widest_that_isa_allows),
    };

    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
