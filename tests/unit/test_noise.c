#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/noise.h"

static void begin(struct noise *x, enum noise_kind kind, double ratio)
{
    struct err err = ERR_INIT;

    assert_ok(noise_init(x, kind, ratio, NOISE_WORDS, &err), &err);
}

static const char *make(struct noise *x, const char *text, uint64_t seed)
{
    struct err err = ERR_INIT;
    struct rng rng;

    rng_init(&rng, seed, 0);
    assert_ok(noise_make(x, span_of(text), &rng, &err), &err);
    return buf_str(&x->text);
}

static void words_are_deleted_at_the_asked_rate(void **state)
{
    const char *text = "The quick brown fox, number 12, jumps over 3 lazy dogs";
    struct noise x;

    (void)state;
    begin(&x, NOISE_DELETE, 0.6);
    for (uint64_t s = 0; s < 2000; s++)
        make(&x, text, s);
    assert_int_equal(x.seen, 2000 * 13);
    assert_near("rate", (double)x.chosen / (double)x.seen,
                x.expected / (double)x.seen, 0.0, 0.01);
    assert_near("expected", x.expected / (double)x.seen,
                0.6 - pow(0.6, 13) / 13.0, 0.0, 1e-12);
    noise_release(&x);
}

/* Everything is chosen, so chance keeps exactly one. */
static void one_word_always_stays(void **state)
{
    struct noise x;

    (void)state;
    begin(&x, NOISE_DELETE, 1.0);
    for (uint64_t s = 0; s < 50; s++) {
        const char *got = make(&x, "one two three", s);

        assert_true(strcmp(got, "one") == 0 || strcmp(got, "two") == 0 ||
                    strcmp(got, "three") == 0);
    }
    assert_string_equal(make(&x, "alone", 1), "alone");
    assert_string_equal(make(&x, "", 1), "");
    assert_string_equal(make(&x, "   ", 1), "   ");
    noise_release(&x);
}

static void chinese_characters_are_words_and_stay_together(void **state)
{
    struct noise x;
    bool shorter = false;

    (void)state;
    begin(&x, NOISE_DELETE, 0.5);
    for (uint64_t s = 0; s < 50; s++) {
        const char *got = make(&x, "我不想退款，买了iPhone 15", s);

        shorter |= strstr(got, "我退款") || strstr(got, "想退，");
        assert_null(strstr(got, "我 "));
        assert_null(strstr(got, "Phone1"));
    }
    assert_true(shorter);
    assert_true(x.seen == 50 * 10);
    noise_release(&x);
}

static void nothing_chosen_leaves_the_text(void **state)
{
    static const enum noise_kind kinds[] = { NOISE_MASK, NOISE_SHUFFLE };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct noise x;

        begin(&x, kinds[i], 0.0);
        assert_string_equal(make(&x, "a,  b\tc!", 3), "a,  b\tc!");
        assert_int_equal(x.masks, 0);
        noise_release(&x);
    }
}

static void masks_stand_where_words_stood(void **state)
{
    struct noise x;

    (void)state;
    begin(&x, NOISE_MASK, 1.0);
    make(&x, "ab cd", 1);
    assert_int_equal(x.masks, 1);
    if (strcmp(buf_str(&x.text), " cd") == 0)
        assert_int_equal(x.mask[0], 0);
    else {
        assert_string_equal(buf_str(&x.text), "ab ");
        assert_int_equal(x.mask[0], 3);
    }
    noise_release(&x);
}

static void a_shuffle_keeps_every_word(void **state)
{
    struct noise x;
    bool moved = false;

    (void)state;
    begin(&x, NOISE_SHUFFLE, 0.7);
    for (uint64_t s = 0; s < 50; s++) {
        const char *got = make(&x, "aa bb cc dd ee", s);

        assert_int_equal(strlen(got), 14);
        assert_non_null(strstr(got, "aa"));
        assert_non_null(strstr(got, "bb"));
        assert_non_null(strstr(got, "cc"));
        assert_non_null(strstr(got, "dd"));
        assert_non_null(strstr(got, "ee"));
        moved |= strcmp(got, "aa bb cc dd ee") != 0;
    }
    assert_true(moved);
    noise_release(&x);
}

static void words_are_what_the_user_says(void **state)
{
    struct noise x;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(noise_init(&x, NOISE_DELETE, 1.0, "[^;]+", &err), &err);
    make(&x, "first part;second part", 5);
    assert_int_equal(x.seen, 2);
    noise_release(&x);
    assert_int_equal(noise_init(&x, NOISE_DELETE, 1.0, "(", &err), ERR_FORMAT);
    noise_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_deleted_at_the_asked_rate),
        cmocka_unit_test(one_word_always_stays),
        cmocka_unit_test(chinese_characters_are_words_and_stay_together),
        cmocka_unit_test(nothing_chosen_leaves_the_text),
        cmocka_unit_test(masks_stand_where_words_stood),
        cmocka_unit_test(a_shuffle_keeps_every_word),
        cmocka_unit_test(words_are_what_the_user_says),
    };

    return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
