#include "support/support.h"

#include <string.h>

#include "base/utf8.h"

static void valid_finds_the_first_bad_sequence(void **state)
{
    static const struct {
        const char *text;
        size_t at; /* SIZE_MAX: valid */
        const char *why;
    } row[] = {
        { "", SIZE_MAX, "empty" },
        { "plain", SIZE_MAX, "ASCII" },
        { "\xc2\x80 \xe0\xa0\x80 \xf0\x90\x80\x80", SIZE_MAX, "the lowest" },
        { "\xdf\xbf \xef\xbf\xbf \xf4\x8f\xbf\xbf", SIZE_MAX, "the highest" },
        { "\xed\x9f\xbf\xee\x80\x80", SIZE_MAX, "around the surrogates" },
        { "a\x80", 1, "continuation alone" },
        { "\xc1\xbf", 0, "overlong, 2 bytes" },
        { "\xe0\x9f\xbf", 0, "overlong, 3 bytes" },
        { "\xf0\x8f\xbf\xbf", 0, "overlong, 4 bytes" },
        { "ab\xed\xa0\x80", 2, "surrogate" },
        { "\xf4\x90\x80\x80", 0, "above U+10FFFF" },
        { "\xf5\x80\x80\x80", 0, "above U+10FFFF" },
        { "x\xff", 1, "no such byte" },
        { "\xe6\x9c", 0, "cut after 2 of 3" },
        { "\xf0\x90\x80", 0, "cut after 3 of 4" },
        { "\xe6\x9c\xe6", 0, "a start inside" },
        { "\xf0\x90\x80\x41", 0, "ASCII inside" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        size_t n = strlen(row[i].text);

        if (utf8_valid(row[i].text, n) !=
            (row[i].at == SIZE_MAX ? n : row[i].at))
            fail_msg("%s", row[i].why);
    }
    assert_int_equal(utf8_valid("a\0b", 3), 3);
}

static void count_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_count("", 0), 0);
    assert_int_equal(utf8_count("a\xc3\xa9\xe6\x9c\xba\xf0\x9f\x98\x80", 10),
                     4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_finds_the_first_bad_sequence),
        cmocka_unit_test(count_counts_code_points),
    };

    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
