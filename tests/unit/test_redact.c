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
    static const char want[] = "sk-CANA, RY/4f2a, c+x=; none is required";
    static const char *const other[] = {
        key, NULL, "", "none", "is", "e", "sk-no-key-required"
    };
    char text[] = "sk-CANA, RY/4f2a, c+x=; none is required";

    (void)state;
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        assert_false(redact(text, strlen(text), other[i]));
        assert_string_equal(text, want);
    }
    assert_false(redact(text, 0, key));
    assert_true(redact(text, strlen(text), "required"));
    assert_string_equal(text, "sk-CANA, RY/4f2a, c+x=; none is ********");
}

static void pieces_of_a_long_key_are_blotted_out(void **state)
{
    static const struct {
        const char *text, *want;
    } row[] = {
        { "sk-CANARY/4f2...", "*************..." },
        { "(CANARY/4)", "(********)" },
        { "=x+c9a2f4/YRANAC-ks", "*******************" }, /* backwards */
        { "4f2a9c+x and f2a9c+x= and 4f2a9c+", "******** and ******** and "
                                               "4f2a9c+" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char copy[64];

        snprintf(copy, sizeof(copy), "%s", row[i].text);
        assert_true(redact(copy, strlen(copy), key));
        assert_string_equal(copy, row[i].want);
    }
}

/* ---- answers ---- */

static void a_key_that_reading_puts_together_is_found(void **state)
{
#define SAY(text) "{\"choices\":[{\"message\":{\"content\":\"" text "\"}}]}"
#define EVENT(text, end) \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}" end "}]}\n\n"
    static const struct {
        const char *body;
        bool changes;
    } row[] = {
        { SAY("is sk-CANARY/4f2a9c+x="), true },
        { SAY("is sk-CA\\u004e\\u0041RY\\/4\\u00662a9c+x="), true },
        { SAY("is sk-CA\\\\u004eARY\\\\u002F4f2a9c+x="), true },
        { EVENT("sk-CA", "") EVENT("NARY/4", "")
              EVENT("f2a9c+x=", ",\"finish_reason\":\"stop\""),
          true },
        { SAY("\\u0022sk-CA\\u006"), false },
        { SAY("caf\\u00e9 \\u0041"), false },
        { EVENT("sk-CA", "") EVENT("nary", ",\"finish_reason\":\"stop\""),
          false },
        { EVENT("sk-CA", "") EVENT("NARY/4", ""), false }, /* cut */
        { "", false },
        { "\\u00", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct buf b = BUF_INIT(4096);
        struct err err = ERR_INIT;

        assert_ok(buf_puts(&b, row[i].body, &err), &err);
        assert_ok(redact_body(&b, key, &err), &err);
        if ((strcmp(buf_str(&b), row[i].body) != 0) != row[i].changes ||
            (strstr(buf_str(&b), "****") != NULL) != row[i].changes)
            fail_msg("%s became %s", row[i].body, buf_str(&b));
        buf_release(&b);
    }
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
        cmocka_unit_test(pieces_of_a_long_key_are_blotted_out),
        cmocka_unit_test(a_key_that_reading_puts_together_is_found),
        cmocka_unit_test(a_key_behind_a_nul_byte_is_found),
    };

    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
