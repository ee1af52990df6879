#include "support/support.h"

#include <stdatomic.h>
#include <string.h>

#include "base/workers.h"

enum { N = 10007, GRAIN = 64 };

struct job {
    unsigned char hits[N]; /* of each element */
    size_t begin[N], end[N];
    atomic_size_t calls;
    atomic_size_t worst; /* highest worker number */
};

static void mark(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct job *j = ctx;
    size_t worst = atomic_load(&j->worst);

    atomic_fetch_add(&j->calls, 1);
    while (worker > worst &&
           !atomic_compare_exchange_weak(&j->worst, &worst, worker))
        ;
    for (size_t i = begin; i < end; i++) {
        j->hits[i]++;
        j->begin[i] = begin;
        j->end[i] = end;
    }
}

static void each_element_once_in_fixed_chunks(void **state)
{
    static const size_t count[] = { 1, 2, 3, 8 };
    static struct job j;

    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct workers *w = NULL;
        struct err err = ERR_INIT;

        memset(&j, 0, sizeof(j));
        assert_ok(workers_start(&w, count[c], &err), &err);
        assert_int_equal(workers_count(w), count[c]);
        workers_run(w, N, GRAIN, mark, &j);
        workers_stop(w);
        for (size_t i = 0; i < N; i++) {
            size_t end = (i / GRAIN + 1) * GRAIN;

            assert_int_equal(j.hits[i], 1);
            assert_int_equal(j.begin[i], i / GRAIN * GRAIN);
            assert_int_equal(j.end[i], end < N ? end : N);
        }
        assert_int_equal(j.calls, (N + GRAIN - 1) / GRAIN);
        assert_true(j.worst < count[c]);
    }
}

static void add_up(void *ctx, size_t begin, size_t end, size_t worker)
{
    atomic_size_t *sum = ctx;

    (void)worker;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(sum, i);
}

static void many_short_jobs_in_a_row(void **state)
{
    struct workers *w = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(workers_start(&w, 4, &err), &err);
    for (size_t n = 0; n < 3000; n++) {
        atomic_size_t sum = 0;

        workers_run(w, n % 17, 1 + n % 3, add_up, &sum);
        assert_int_equal(sum, (n % 17) * (n % 17 ? n % 17 - 1 : 0) / 2);
    }
    workers_stop(w);
}

static void zero_means_the_cpus_we_may_use(void **state)
{
    struct workers *w = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(workers_start(&w, 0, &err), &err);
    assert_true(workers_count(w) >= 1);
    workers_stop(w);
    workers_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_element_once_in_fixed_chunks),
        cmocka_unit_test(many_short_jobs_in_a_row),
        cmocka_unit_test(zero_means_the_cpus_we_may_use),
    };

    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
