#include "support/support.h"

#include <string.h>

#include "llm/context.h"

/* Answers in a row; 0 where none tells of a cut, else the number of that one.
 */
static int told_by(const double (*row)[3], int n, struct err *err)
{
    struct context c = { 0 };

    for (int i = 0; i < n; i++) {
        const struct chat_usage u = { row[i][1], -1.0, row[i][2], -1.0 };

        if (context_look(&c, "o/m", row[i][0], &u, err) < 0)
            return i + 1;
    }
    return 0;
}

/* bytes of the request, tokens in, tokens out */
static void cut_prompts_are_told_from_short_ones(void **state)
{
    static const double fine[][3] = { { 4000, 1000, 90 }, { 4000, 1001, 90 },
                                      { 900, 10, 5 },     { 900, 10, 5 },
                                      { 900, 10, 5 },     { 4000, -1, -1 } },
                        once[][3] = { { 40000, 2048, 9 },
                                      { 40000, 2048, 9 },
                                      { 4000, 1000, 9 },
                                      { 40000, 2048, 9 },
                                      { 40000, 2048, 8 } },
                        cut[][3] = { { 40000, 2048, 9 },
                                     { 40000, 2048, 8 },
                                     { 40000, 2048, 7 } };
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(told_by(fine, 6, &err), 0);
    assert_int_equal(told_by(once, 5, &err), 0);
    assert_int_equal(told_by(cut, 3, &err), 3);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.msg, "o/m read 2048 tokens of a request of 40000 "
                                 "bytes: its context is too short");
}

static void totals_that_are_a_context_each_time_are_told(void **state)
{
    static const double full[][3] = { { 9000, 3000, 50 }, { 9000, 4000, 96 },
                                      { 9000, 4001, 95 }, { 9000, 3996, 100 },
                                      { 9000, 4095, 1 },  { 9000, 4000, 96 },
                                      { 9000, 4000, 96 } },
                        equal[][3] = { { 900, 30, 20 }, { 900, 30, 20 },
                                       { 900, 30, 20 }, { 900, 30, 20 },
                                       { 900, 30, 20 }, { 900, 30, 20 } };
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(told_by(equal, 6, &err), 0);
    assert_int_equal(told_by(full, 7, &err), 6);
    assert_non_null(strstr(err.msg, "took 4096 tokens for each of 5 answers"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_prompts_are_told_from_short_ones),
        cmocka_unit_test(totals_that_are_a_context_each_time_are_told),
    };

    return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
