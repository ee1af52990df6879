#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "text/detect.h"

static struct detect *d;

static int make(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(detect_new(&d, &err), &err);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    detect_free(d);
    return 0;
}

static void letters_without_words_are_seen(void **state)
{
    static const struct {
        const char *text;
        double share;
    } row[] = {
        { "", 0 },
        { "12 345!", 0 },
        { "Where is my parcel?", 0 },
        { "Die Angst vor der Straßenverkehrsordnung", 0 },
        { "why, my rhythm", 0 },
        { "HTTPS is on", 5.0 / 9 },
        { "xkcdqzz is on", 7.0 / 11 },
        { "abqwrtpsdq is on", 10.0 / 14 },
        { "aaaab is on", 5.0 / 9 },
        { "no no no, never", 0 },
        { "no no no, no never", 8.0 / 13 },
        { "哈哈哈我想退货", 0 },
        { "哈哈哈哈我想退货", 0.5 },
        { "想退想退想退想退", 1 },
        { "abeabeabeabeabeabeabeabeabeabea", 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        double share;

        assert_ok(detect_nonsense(d, &share, span_of(row[i].text), &err), &err);
        if (share < row[i].share - 1e-9 || share > row[i].share + 1e-9)
            fail_msg("'%s': %g, expected %g", row[i].text, share, row[i].share);
    }
}

/* Up to 24 of the parts, one after the other; and the same with a mark behind
 * them that stands for nothing, but makes the text go the long way. */
static void compose(struct buf *text, struct buf *marked,
                    const char *const *part, size_t parts, struct rng *r)
{
    struct err err = ERR_INIT;

    buf_reset(text);
    buf_reset(marked);
    for (uint64_t k = rng_below(r, 25); k > 0; k--)
        assert_ok(buf_puts(text, part[rng_below(r, parts)], &err), &err);
    assert_ok(buf_printf(marked, &err, "%s \xc3\xb7", buf_str(text)), &err);
}

static struct span of(const struct buf *b)
{
    return (struct span){ buf_str(b), b->len };
}

/* Most text is looked through without the pattern first. */
static void what_is_plain_has_no_nonsense(void **state)
{
    static const char *const part[] = { "a", "b",  "bbb", "bbb", "d",  "y",
                                        "a", "A",  " ",   " ",   ".",  "_",
                                        "1", "哈", "哈",  "退",  "款", "，" };
    struct buf text = BUF_INIT(512), marked = BUF_INIT(512);
    size_t bad = 0;
    struct rng r;

    (void)state;
    rng_init(&r, 1, 1);
    for (int i = 0; i < 30000; i++) {
        struct err err = ERR_INIT;
        double share, want;

        compose(&text, &marked, part, sizeof(part) / sizeof(part[0]), &r);
        assert_ok(detect_nonsense(d, &share, of(&text), &err), &err);
        assert_ok(detect_nonsense(d, &want, of(&marked), &err), &err);
        if (share != want)
            fail_msg("'%s': %g, by the pattern %g", buf_str(&text), share,
                     want);
        bad += want > 0.0;
    }
    assert_in_range(bad, 1000, 29000);
    buf_release(&text);
    buf_release(&marked);
}

static bool same_list(const struct detect_numbers *a,
                      const struct detect_numbers *b)
{
    bool same = a->n == b->n;

    for (size_t i = 0; same && i < a->n; i++)
        same = a->number[i].value == b->number[i].value &&
               a->number[i].unit == b->number[i].unit &&
               a->number[i].vague == b->number[i].vague;
    return same;
}

/* ASCII is searched with patterns of its own. */
static void ascii_has_the_numbers_and_negations_of_other_text(void **state)
{
    static const char *const part[] = {
        "a ",       "an ",     "half ",  "past ",    "two ",    "twenty-",
        "five ",    "hundred", " and ",  "thousand", "3",       "12:30 ",
        "-",        "$",       "5k ",    "%",        "1,000",   "days ",
        "hours",    " hour ",  "kg ",    "m ",       "pm ",     "monday ",
        "may ",     "3 may ",  "first ", "second ",  "a pair ", "in the ",
        "morning ", "not ",    "No ",    "isn't ",   "cannot ", "only ",
        "you ",     "never ",  "fails ", "to ",      "or ",     "problem",
        ", ",       ". ",      "? ",     "item",     "euros "
    };
    struct buf text = BUF_INIT(512), marked = BUF_INIT(512);
    size_t numbers = 0, negations = 0;
    struct rng r;

    (void)state;
    rng_init(&r, 1, 2);
    for (int i = 0; i < 20000; i++) {
        struct err err = ERR_INIT;
        struct detect_numbers a, b;
        struct detect_negation x, y;

        compose(&text, &marked, part, sizeof(part) / sizeof(part[0]), &r);
        assert_ok(detect_numbers(d, &a, of(&text), &err), &err);
        assert_ok(detect_numbers(d, &b, of(&marked), &err), &err);
        assert_ok(detect_negation(d, &x, of(&text), &err), &err);
        assert_ok(detect_negation(d, &y, of(&marked), &err), &err);
        if (!same_list(&a, &b) || x.n != y.n || x.where != y.where)
            fail_msg("'%s': %zu numbers and %u negations, otherwise %zu and %u",
                     buf_str(&text), a.n, x.n, b.n, y.n);
        numbers += a.n;
        negations += x.n;
    }
    assert_in_range(numbers, 20000, 200000);
    assert_in_range(negations, 10000, 100000);
    buf_release(&text);
    buf_release(&marked);
}

static void numbers_are_read_in_both_languages(void **state)
{
    static const struct {
        const char *text, *want;
    } row[] = {
        { "no number here, none of them", "" },
        { "one of them, a pair, both", "1? 2? 2?" },
        { "within 14 days", "336h" },
        { "within two weeks", "336h" },
        { "1,299.50 euros", "1299.5e" },
        { "5k steps", "5000" },
        { "３ items", "3" },
        { "a 3-day trip", "72h" },
        { "50% off", "50%" },
        { "seventy or ten thousand points", "70 10000" },
        { "a thousand", "1000" },
        { "one week or one of them", "1? 168h" },
        { "a fortnight", "336h" },
        { "两个星期", "336h" },
        { "一个礼拜", "168h" },
        { "一周内，一年级，一周边，一个人", "1? 168h" },
        { "一个钟头", "1h" },
        { "十四天内", "336h" },
        { "两周内", "336h" },
        { "三百二十元", "320y" },
        { "二〇二四年", "2024" },
        { "一万二千块", "12000y" },
        { "十五分钟", "0.25h" },
        { "二十", "20" },
        { "我想试一下，一起去，一样的", "" },
        { "等了三个小时", "3h" },
        { "第三次, the 3rd and third", "3o 3o 3o" },
        { "三到五天 or 3-5 days", "72h 72h 120h 120h" },
        { "两三天，八五折", "48h 72h 85z" },
        { "三点半、下午3:30 and 15:30", "3.5P 3.5P 3.5c" },
        { "an hour and a half, half an hour", "0.5h 1.5h" },
        { "一个半小时，半个小时", "0.5h 1.5h" },
        { "二百五, 一千零五, 一万二, 十二", "12 250 1005 12000" },
        { "三块五，一米八", "1.8l 3.5y" },
        { "百分之十五, 15 percent", "15% 15%" },
        { "one hundred and twenty-five", "125" },
        { "1.2 million", "1.2e+06" },
        { "周三或星期天 or on Monday", "1W 3W 7W" },
        { "两周一次", "1? 336h" },
        { "今天, tomorrow", "0r? 1r?" },
        { "March 3, in May, may I, 5月", "3 3M 5M 5M" },
        { "2kg和2m", "2l 2000w" },
        { "minus 5, -7, 3-4, 零下二十度", "-20 -7 -5 3 4" },
        { "千万别，万一，十分好，一起，一下", "" },
        { "3公斤和500克", "500w 3000w" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct detect_numbers n;
        char got[200] = "";

        assert_ok(detect_numbers(d, &n, span_of(row[i].text), &err), &err);
        for (size_t k = 0; k < n.n; k++)
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%g%.*s%s",
                     k ? " " : "", n.number[k].value, n.number[k].unit != '\0',
                     &n.number[k].unit, n.number[k].vague ? "?" : "");
        if (strcmp(got, row[i].want) != 0)
            fail_msg("'%s': '%s', expected '%s'", row[i].text, got,
                     row[i].want);
    }
}

static void numbers_are_compared_with_their_units(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } row[] = {
        { "14 days", "two weeks", true },
        { "14 days", "14 weeks", false },
        { "24小时", "一天24小时", true },
        { "3 items", "three of them", true },
        { "3 items", "some items", false },
        { "2 or 3", "3 or 2", true },
        { "7天无理由", "七天无理由", true },
        { "7天", "15天", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct detect_numbers a, b;

        assert_ok(detect_numbers(d, &a, span_of(row[i].a), &err), &err);
        assert_ok(detect_numbers(d, &b, span_of(row[i].b), &err), &err);
        if ((detect_match_numbers(&a, &b) == DETECT_SAME) != row[i].same)
            fail_msg("'%s' and '%s'", row[i].a, row[i].b);
    }
}

static void negations_are_counted(void **state)
{
    static const struct {
        const char *text;
        unsigned want;
    } row[] = {
        { "I can pay", 0 },
        { "I cannot pay", 1 },
        { "I can't pay and won't", 2 },
        { "I don’t know", 1 },
        { "NOT without it", 2 },
        { "not only that", 0 },
        { "a knot, a notice, another", 0 },
        { "我不想退货", 1 },
        { "我没有收到", 1 },
        { "别发货", 1 },
        { "特别好，别人也喜欢，区别很大", 0 },
        { "不但便宜，不过有点小", 0 },
        { "差不多", 0 },
        { "能不能退货", 0 },
        { "是不是还没发货", 1 },
        { "有没有货", 0 },
        { "非常好", 0 },
        { "未发货，无库存", 2 },
        { "未来", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct detect_negation n;

        assert_ok(detect_negation(d, &n, span_of(row[i].text), &err), &err);
        if (n.n != row[i].want)
            fail_msg("'%s': %u, expected %u", row[i].text, n.n, row[i].want);
    }
}

static void a_moved_negation_is_seen(void **state)
{
    struct err err = ERR_INIT;
    struct detect_negation a, b;

    (void)state;
    assert_ok(detect_negation(d, &a, span_of("I did not ask to pay"), &err),
              &err);
    assert_ok(detect_negation(d, &b, span_of("I asked not to pay"), &err),
              &err);
    assert_int_equal(a.n, b.n);
    assert_true(a.where != b.where);
}

static void the_script_is_that_of_most_letters(void **state)
{
    static const struct {
        const char *text;
        enum detect_script want;
    } row[] = {
        { "", SCRIPT_NONE },
        { "12 - 3!", SCRIPT_NONE },
        { "Where is it?", SCRIPT_LATIN },
        { "Où est-il ?", SCRIPT_LATIN },
        { "我的iPhone到了", SCRIPT_HAN },
        { "包裹在哪", SCRIPT_HAN },
        { "荷物はどこですか", SCRIPT_KANA },
        { "어디에 있나요", SCRIPT_HANGUL },
        { "Где посылка", SCRIPT_CYRILLIC },
        { "אבג", SCRIPT_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (detect_script(span_of(row[i].text)) != row[i].want)
            fail_msg("'%s': %d", row[i].text,
                     (int)detect_script(span_of(row[i].text)));
}

/* Row by row, as the definition has it. */
static size_t slow_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[601];

    for (size_t k = 0; k <= m; k++)
        row[k] = k;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t k = 1; k <= m; k++) {
            size_t change = diagonal + (a[i - 1] != b[k - 1]);
            size_t least = row[k] < row[k - 1] ? row[k] : row[k - 1];

            diagonal = row[k];
            row[k] = change < least + 1 ? change : least + 1;
        }
    }
    return row[m];
}

static void likeness_is_the_edit_distance(void **state)
{
    static const size_t most[] = { 5, 70, 200, 512 };
    struct rng rng;

    (void)state;
    rng_init(&rng, 5, 0);
    for (size_t t = 0; t < 400; t++) {
        char a[512], b[512];
        size_t n = 1 + rng_below(&rng, most[t % 4]);
        size_t m = 1 + rng_below(&rng, most[t % 4]);
        size_t letters = 2 + rng_below(&rng, 20);

        for (size_t i = 0; i < n; i++)
            a[i] = (char)('a' + rng_below(&rng, letters));
        for (size_t i = 0; i < m; i++)
            b[i] = i < n && rng_below(&rng, 3)
                       ? a[i]
                       : (char)('a' + rng_below(&rng, letters));
        assert_near(
            "likeness",
            detect_likeness((struct span){ a, n }, (struct span){ b, m }),
            1.0 - (double)slow_distance(a, n, b, m) / (double)(n > m ? n : m),
            1e-12, 0);
    }
}

static void likeness_is_one_less_the_share_of_edits(void **state)
{
    (void)state;
    assert_near("equal", detect_likeness(span_of("abc"), span_of("abc")), 1.0,
                0, 1e-12);
    assert_near("kitten",
                detect_likeness(span_of("kitten"), span_of("sitting")),
                1.0 - 3.0 / 7, 0, 1e-12);
    assert_near("one of five",
                detect_likeness(span_of("包裹到哪了"), span_of("包裹到家了")),
                0.8, 0, 1e-12);
    assert_near("empty", detect_likeness(span_of(""), span_of("ab")), 0.0, 0,
                1e-12);
    assert_near("both", detect_likeness(span_of(""), span_of("")), 1.0, 0,
                1e-12);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(letters_without_words_are_seen),
        CASE(what_is_plain_has_no_nonsense),
        CASE(ascii_has_the_numbers_and_negations_of_other_text),
        CASE(numbers_are_read_in_both_languages),
        CASE(numbers_are_compared_with_their_units),
        CASE(negations_are_counted),
        CASE(a_moved_negation_is_seen),
        cmocka_unit_test(the_script_is_that_of_most_letters),
        cmocka_unit_test(likeness_is_one_less_the_share_of_edits),
        cmocka_unit_test(likeness_is_the_edit_distance),
    };

    return cmocka_run_group_tests_name("detect", tests, NULL, NULL);
}
