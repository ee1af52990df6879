#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "text/normalise.h"

static const struct normalise_bert uncased = { true, true, true, true };
static const struct normalise_bert cased = { true, true, false, false };

/* The stream's code points as UTF-8. */
static const char *normal(const char *text, size_t len,
                          struct normalise_bert options)
{
    static char out[512];
    struct normalise_stream s;
    size_t n = 0;

    normalise_start(&s, (struct span){ text, len }, options);
    for (;;) {
        uint32_t cp = normalise_next(&s);

        if (cp == NORMALISE_END)
            break;
        assert_true(n + 5 < sizeof(out));
        n += normalise_encode(out + n, cp);
    }
    assert_true(normalise_next(&s) == NORMALISE_END); /* and stays there */
    out[n] = '\0';
    return out;
}

static void stream_is_bert_s_normal_form(void **state)
{
    static const struct {
        const char *in, *uncased, *cased;
    } row[] = {
        { "Hello", "hello", "Hello" },
        { "Caf\xc3\xa9", "cafe", "Caf\xc3\xa9" },
        { "e\xcc\x81\xcc\xa3", "e", "e\xcc\x81\xcc\xa3" },
        { "\t\na\xc2\xa0\xe3\x80\x80z", "  a  z", "  a  z" },
        { "a\x01\x0b\x0c\xc2\x85\xe2\x80\x8b\xef\xbf\xbd"
          "b",
          "ab", "ab" },
        { "\xe6\x9c\xba\xe5\x99\xa8", " \xe6\x9c\xba  \xe5\x99\xa8 ",
          " \xe6\x9c\xba  \xe5\x99\xa8 " },
        { "\xe3\x81\x8c", "\xe3\x81\x8b", "\xe3\x81\x8c" }, /* kana: no space */
        { "\xc4\xb0", "i", "\xc4\xb0" },
        { "\xe2\x84\xaa", "k", "\xe2\x84\xaa" }, /* Kelvin */
        { "\xea\xb0\x80", "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80" },
        { "\xef\xa4\x80", " \xe8\xb1\x88 ", " \xef\xa4\x80 " },
        { "\xf0\xab\xa0\xa0", "\xf0\xab\xa0\xa0", "\xf0\xab\xa0\xa0" },
        /* two Mc, classes 224 and 216: put in canonical order by NFD */
        { "a\xe3\x80\xae\xf0\x9d\x85\xa5z", "a\xf0\x9d\x85\xa5\xe3\x80\xaez",
          "a\xe3\x80\xae\xf0\x9d\x85\xa5z" },
        { "", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        size_t n = strlen(row[i].in);

        assert_string_equal(normal(row[i].in, n, uncased), row[i].uncased);
        assert_string_equal(normal(row[i].in, n, cased), row[i].cased);
    }
}

static void lower_alone_keeps_the_dot_of_capital_i(void **state)
{
    (void)state;
    assert_string_equal(
        normal("\xc4\xb0X", 3, (struct normalise_bert){ .lower = true }),
        "i\xcc\x87x");
}

static void nul_and_bad_bytes_are_dropped(void **state)
{
    (void)state;
    assert_string_equal(normal("a\0b\xff\xc3z\xe6\x9c", 8, uncased), "abz");
}

/* Counts and sums over all code points, from the reference: its normaliser
 * and pre-tokenizer were asked about each of them (tokenizers 0.23.3). */
static void classes_are_the_reference_s(void **state)
{
    uint64_t n[5] = { 0 }, sum[5] = { 0 }, spaces = 0, lowered = 0, low_sum = 0;

    (void)state;
    for (uint32_t cp = 1; cp < 0x110000; cp++) {
        enum normalise_class c = normalise_class(cp);

        if (cp >= 0xd800 && cp < 0xe000)
            continue;
        n[c]++;
        sum[c] += cp;
        spaces += normalise_is_space(cp) ? cp : 0;
        if (normalise_lower(cp) != cp) {
            lowered++;
            low_sum += normalise_lower(cp);
        }
    }
    assert_int_equal(n[NORMALISE_PUNCT], 726);
    assert_int_equal(sum[NORMALISE_PUNCT], 20675981);
    assert_int_equal(n[NORMALISE_CONTROL], 137679);
    assert_int_equal(sum[NORMALISE_CONTROL], 137913019260);
    assert_int_equal(n[NORMALISE_MARK], 1567);
    assert_int_equal(sum[NORMALISE_MARK], 262554314);
    assert_int_equal(spaces, 141586);
    assert_int_equal(lowered, 1488);
    assert_int_equal(low_sum, 39002393);
}

static void decode_inverts_encode(void **state)
{
    (void)state;
    for (uint32_t cp = 1; cp < 0x110000; cp++) {
        char bytes[4];
        const char *p = bytes;
        size_t n;

        if (cp >= 0xd800 && cp < 0xe000)
            continue;
        n = normalise_encode(bytes, cp);
        assert_int_equal(normalise_decode(&p, bytes + n), cp);
        assert_true(p == bytes + n);
    }
}

static void decode_takes_bad_bytes_one_by_one(void **state)
{
    static const char *const bad[] = { "\xff",         "\x80",
                                       "\xc3(",        "\xe6\x9c",
                                       "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xc0\x80" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *p = bad[i];

        assert_int_equal(normalise_decode(&p, bad[i] + strlen(bad[i])), 0xfffd);
        assert_true(p == bad[i] + 1);
    }
}

static void forms_are_unicode_s(void **state)
{
    /* per text: NFC, NFD, NFKC, NFKD, FOLD, as the enumeration has them */
    static const struct {
        const char *in, *form[NORMALISE_FOLD + 1];
    } row[] = {
        { "e\xcc\x81",
          { "\xc3\xa9", "e\xcc\x81", "\xc3\xa9", "e\xcc\x81", "\xc3\xa9" } },
        { "\xc3\x89",
          { "\xc3\x89", "E\xcc\x81", "\xc3\x89", "E\xcc\x81", "\xc3\xa9" } },
        { "\xef\xbc\xa1\xef\xac\x81",
          { "\xef\xbc\xa1\xef\xac\x81", "\xef\xbc\xa1\xef\xac\x81", "Afi",
            "Afi", "afi" } },
        { "Stra\xc3\x9f"
          "e\xc2\xad",
          { "Stra\xc3\x9f"
            "e\xc2\xad",
            "Stra\xc3\x9f"
            "e\xc2\xad",
            "Stra\xc3\x9f"
            "e\xc2\xad",
            "Stra\xc3\x9f"
            "e\xc2\xad",
            "strasse" } },
        { "", { "", "", "", "", "" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        for (int f = NORMALISE_NFC; f <= NORMALISE_FOLD; f++) {
            struct buf b = BUF_INIT(100);
            struct err err = ERR_INIT;

            assert_ok(normalise_text(&b, span_of(row[i].in),
                                     (enum normalise_form)f, &err),
                      &err);
            assert_string_equal(buf_str(&b), row[i].form[f]);
            buf_release(&b);
        }
}

/* ASCII and most of Chinese are done without the library; an unusual character
 * behind them brings it in. */
static void simple_text_has_the_library_s_forms(void **state)
{
    static const char unusual[] = "\xe4\xb7\x80"; /* U+4DC0 */
    struct buf got = BUF_INIT(256), want = BUF_INIT(256);
    struct err err = ERR_INIT;
    char text[16];

    (void)state;
    for (uint32_t cp = 1; cp < 0x10000; cp++) {
        size_t n = 1;

        if (cp >= 0xd800 && cp < 0xe000)
            continue;
        text[0] = 'A';
        n += normalise_encode(text + n, cp);
        text[n++] = 'b';
        memcpy(text + n, unusual, 3);
        for (int form = NORMALISE_NFC; form <= NORMALISE_FOLD; form++) {
            buf_reset(&got);
            buf_reset(&want);
            assert_ok(normalise_text(&got, (struct span){ text, n },
                                     (enum normalise_form)form, &err),
                      &err);
            assert_ok(normalise_text(&want, (struct span){ text, n + 3 },
                                     (enum normalise_form)form, &err),
                      &err);
            if (got.len + 3 != want.len ||
                memcmp(got.ptr, want.ptr, got.len) != 0)
                fail_msg("U+%04X, form %d: '%s' '%s'", (unsigned)cp, form,
                         buf_str(&got), buf_str(&want));
        }
    }
    buf_release(&got);
    buf_release(&want);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    struct buf b = BUF_INIT(100);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(normalise_text(&b, span_of("a\xff"), NORMALISE_NFC, &err),
                     ERR_FORMAT);
    b.max = 2;
    assert_int_equal(normalise_text(&b, span_of("abc"), NORMALISE_NFC, &err),
                     ERR_FULL);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_is_bert_s_normal_form),
        cmocka_unit_test(lower_alone_keeps_the_dot_of_capital_i),
        cmocka_unit_test(nul_and_bad_bytes_are_dropped),
        cmocka_unit_test(classes_are_the_reference_s),
        cmocka_unit_test(decode_inverts_encode),
        cmocka_unit_test(decode_takes_bad_bytes_one_by_one),
        cmocka_unit_test(forms_are_unicode_s),
        cmocka_unit_test(simple_text_has_the_library_s_forms),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
    };

    return cmocka_run_group_tests_name("normalise", tests, NULL, NULL);
}
