#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/items.h"
#include "text/fold.h"

/* ---- what counts as the same ---- */

static void folding_leaves_letters_and_digits(void **state)
{
    static const struct {
        const char *text, *want;
    } row[] = {
        { "", "" },
        { "Where is it?", "whereisit" },
        { "WHERE  is\tit", "whereisit" },
        { "Where's it - now!", "wheresitnow" },
        { "ＡＢＣ１２３", "abc123" },
        { "包裹到哪儿了？", "包裹到哪儿了" },
        { "“包裹”，到哪儿 了", "包裹到哪儿了" },
        { "Straße", "strasse" },
        { "Ä", "ä" },
        { "A\xCC\x88", "ä" }, /* A and a combining mark */
        { "ﬁve", "five" },
        { "?!… 。", "" },
        { "5 > 4", "54" },
    };
    struct buf b = BUF_INIT(4096);

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;

        assert_ok(fold_text(&b, span_of(row[i].text), &err), &err);
        assert_string_equal(buf_str(&b), row[i].want);
    }
    buf_release(&b);
}

static void folding_refuses_what_is_not_utf8(void **state)
{
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fold_text(&b, span_of("a\xFF"), &err), ERR_FORMAT);
    buf_release(&b);
}

/* ---- what is kept ---- */

static size_t split(struct chat_item *out, const char *list)
{
    size_t n = 0;

    while (*list) {
        size_t len = strcspn(list, "|");

        out[n].text = strndup(list, len);
        out[n++].kind = "";
        list += len + (list[len] == '|');
    }
    return n;
}

static void join(char out[512], const struct chat_item *const *item, size_t n)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, 512 - at, "%s%s", i ? "|" : "",
                               item[i]->text);
}

static void keeps_what_is_new_positives_first(void **state)
{
    static const struct {
        const char *why, *anchor, *positives, *negatives;
        size_t want_p, want_n;
        const char *kept_p, *kept_n;
        struct items_tally tally;
    } row[] = {
        { "all",
          "x",
          "a|b",
          "c|d",
          5,
          5,
          "a|b",
          "c|d",
          { 2, 2, 0, 0, 0, 0, 0 } },
        { "nothing", "x", "", "", 5, 5, "", "", { 0, 0, 0, 0, 0, 0, 0 } },
        { "the anchor on both sides",
          "Where is it?",
          "where is it|a",
          "WHERE IS IT!|b",
          5,
          5,
          "a",
          "b",
          { 1, 1, 2, 0, 0, 0, 0 } },
        { "twice on a side",
          "x",
          "a b|A, b!|c",
          "d|D|d.",
          5,
          5,
          "a b|c",
          "d",
          { 2, 1, 0, 3, 0, 0, 0 } },
        { "on both sides: it stays a positive",
          "x",
          "a|b",
          "B!|c",
          5,
          5,
          "a|b",
          "c",
          { 2, 1, 0, 0, 1, 0, 0 } },
        { "more than asked for",
          "x",
          "a|b|c|d",
          "e|f",
          2,
          1,
          "a|b",
          "e",
          { 2, 1, 0, 0, 0, 0, 3 } },
        { "a surplus positive is no negative either",
          "x",
          "a|b",
          "b",
          1,
          5,
          "a",
          "",
          { 1, 0, 0, 0, 1, 0, 1 } },
        { "those dropped do not count as asked for",
          "x",
          "x|a|a|b",
          "c",
          2,
          1,
          "a|b",
          "c",
          { 2, 1, 1, 1, 0, 0, 0 } },
        { "none wanted", "x", "a", "b", 0, 0, "", "", { 0, 0, 0, 0, 0, 0, 2 } },
        { "signs only are compared as they are",
          "?",
          "?!|?",
          "?!|!",
          5,
          5,
          "?!",
          "!",
          { 1, 1, 1, 0, 1, 0, 0 } },
        { "Chinese",
          "包裹到哪了",
          "包裹到哪了？|快递在哪",
          "快递在哪。|"
          "退款在哪",
          5,
          5,
          "快递在哪",
          "退款在哪",
          { 1, 1, 1, 0, 1, 0, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static struct chat_answer a;
        static struct items got;
        struct items_tally tally;
        struct err err = ERR_INIT;
        char p[512], n[512];

        memset(&a, 0, sizeof(a));
        memset(&tally, 0, sizeof(tally));
        a.positives = split(a.positive, row[i].positives);
        a.negatives = split(a.negative, row[i].negatives);
        assert_ok(items_choose(&got, &tally, &a, span_of(row[i].anchor),
                               row[i].want_p, row[i].want_n, &err),
                  &err);
        join(p, got.positive, got.positives);
        join(n, got.negative, got.negatives);
        if (strcmp(p, row[i].kept_p) != 0 || strcmp(n, row[i].kept_n) != 0 ||
            memcmp(&tally, &row[i].tally, sizeof(tally)) != 0)
            fail_msg("%s: '%s' '%s'; %zu %zu, %zu %zu %zu %zu %zu", row[i].why,
                     p, n, tally.positives, tally.negatives, tally.as_anchor,
                     tally.twice, tally.both_sides, tally.too_long,
                     tally.extra);
        chat_answer_release(&a);
    }
}

static void what_is_much_longer_than_the_anchor_is_dropped(void **state)
{
    static struct chat_answer a;
    static struct items got;
    struct items_tally tally = { 0, 0, 0, 0, 0, 0, 0 };
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < 2; i++) {
        a.positive[i].text = malloc(300);
        assert_non_null(a.positive[i].text);
        memset(a.positive[i].text, 'a', 300);
        a.positive[i].text[8 * 4 + 200 + i] = '\0'; /* the most, and one more */
        a.positives++;
    }
    assert_ok(items_choose(&got, &tally, &a, span_of("abcd"), 5, 5, &err),
              &err);
    assert_int_equal(got.positives, 1);
    assert_int_equal(strlen(got.positive[0]->text), 232);
    assert_int_equal(tally.too_long, 1);
    chat_answer_release(&a);
}

static void the_tally_adds_up_over_answers(void **state)
{
    static struct chat_answer a;
    static struct items got;
    struct items_tally t = { 0, 0, 0, 0, 0, 0, 0 };
    struct err err = ERR_INIT;

    (void)state;
    memset(&a, 0, sizeof(a));
    a.positives = split(a.positive, "a|b|c");
    for (int i = 0; i < 3; i++)
        assert_ok(items_choose(&got, &t, &a, span_of("a"), 1, 1, &err), &err);
    assert_int_equal(t.positives, 3);
    assert_int_equal(t.as_anchor, 3);
    assert_int_equal(t.extra, 3);
    chat_answer_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_leaves_letters_and_digits),
        cmocka_unit_test(folding_refuses_what_is_not_utf8),
        cmocka_unit_test(keeps_what_is_new_positives_first),
        cmocka_unit_test(what_is_much_longer_than_the_anchor_is_dropped),
        cmocka_unit_test(the_tally_adds_up_over_answers),
    };

    return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
