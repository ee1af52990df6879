#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "net/redact.h"

static const char key[] = "sk-CANARY/4f2a9c+x=";

static void every_form_of_the_key_is_blotted_out(void **state)
{
    static const char *const text[] = {
        "Bearer sk-CANARY/4f2a9c+x= is wrong",
        "sk-CANARY/4f2a9c+x=sk-CANARY/4f2a9c+x=",
        "{\"error\":\"sk-CANARY\\/4f2a9c+x= is wrong\"}",
        "?key=sk-CANARY%2F4f2a9c%2Bx%3D&a=b",
        "?key=sk-CANARY%2f4f2a9c%2bx%3d&a=b",
        /* base64 of it alone, and behind one and two other bytes */
        "c2stQ0FOQVJZLzRmMmE5Yyt4PQ==",
        "YXNrLUNBTkFSWS80ZjJhOWMreD0=",
        "YWJzay1DQU5BUlkvNGYyYTljK3g9",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        char copy[200];

        snprintf(copy, sizeof(copy), "%s", text[i]);
        redact(copy, strlen(copy), key);
        if (strstr(copy, "CANARY") || strstr(copy, "4f2a9c") ||
            strstr(copy, "NBTk") || strstr(copy, "Q0FOQV") ||
            strstr(copy, "DQU5B") || !strchr(copy, '*'))
            fail_msg("%s became %s", text[i], copy);
        assert_int_equal(strlen(copy), strlen(text[i]));
    }
}

static void nothing_else_is_touched(void **state)
{
    char text[] = "sk-CANARY, sk-CANARY/4f2a9c+x, and a short one: ab";

    (void)state;
    redact(text, strlen(text), key);
    redact(text, strlen(text), NULL);
    redact(text, strlen(text), "");
    redact(text, 0, key);
    assert_string_equal(text,
                        "sk-CANARY, sk-CANARY/4f2a9c+x, and a short one: ab");
    redact(text, strlen(text), "ab");
    assert_string_equal(text,
                        "sk-CANARY, sk-CANARY/4f2a9c+x, and a short one: **");
}

static void a_key_behind_a_nul_byte_is_found(void **state)
{
    char text[] = "a\0sk-CANARY/4f2a9c+x=";

    (void)state;
    redact(text, sizeof(text) - 1, key);
    assert_null(strstr(text + 2, "CANARY"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_the_key_is_blotted_out),
        cmocka_unit_test(nothing_else_is_touched),
        cmocka_unit_test(a_key_behind_a_nul_byte_is_found),
    };

    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
