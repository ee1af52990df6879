#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llm/corpus.h"

/* "a|b" to items of an answer. */
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

static struct chat_answer *answer(const char *positives, const char *negatives)
{
    struct chat_answer *a = calloc(1, sizeof(*a));

    a->positives = split(a->positive, positives);
    a->negatives = split(a->negative, negatives);
    return a;
}

static void drop(struct chat_answer *a)
{
    chat_answer_release(a);
    free(a);
}

/* ---- opinions ---- */

/* The cosine says where in a the first letter of b is. */
static int by_letter(void *ctx, float *cosine, float *cross,
                     const struct span *text, size_t texts, const uint32_t *a,
                     const uint32_t *b, size_t n, struct err *err)
{
    size_t *calls = ctx;

    (void)err;
    (void)cross;
    ++*calls;
    for (size_t i = 0; i < n; i++) {
        const struct span x = text[a[i]];
        const char *at = memchr(x.ptr, text[b[i]].ptr[0], x.len);

        assert_true(a[i] < texts && b[i] < texts);
        cosine[i] = at ? (float)(at - x.ptr) / 10.0f : -1.0f;
    }
    return 0;
}

static void a_window_of_answers_is_asked_about_at_once(void **state)
{
    size_t calls = 0, first[3];
    struct opinions o = { .ask = by_letter, .ctx = &calls };
    struct chat_answer *a[3] = { answer("b|c", "d"), answer("", ""),
                                 answer("y", "x|z") };
    struct err err = ERR_INIT;

    (void)state;
    for (int round = 0; round < 2; round++) {
        opinions_reset(&o);
        assert_ok(opinions_add(&o, span_of("abcd"), a[0], &first[0], &err),
                  &err);
        assert_ok(opinions_add(&o, span_of("none"), a[1], &first[1], &err),
                  &err);
        assert_ok(opinions_add(&o, span_of("xyz"), a[2], &first[2], &err),
                  &err);
        assert_ok(opinions_ask(&o, &err), &err);
    }
    assert_int_equal(calls, 2);
    assert_int_equal(o.n, 6);
    assert_float_equal(o.of[first[0] + 0].cosine, 0.1, 1e-6);
    assert_float_equal(o.of[first[0] + 2].cosine, 0.3, 1e-6);
    assert_float_equal(o.of[first[2] + 0].cosine, 0.1, 1e-6);
    assert_float_equal(o.of[first[2] + 1].cosine, 0.0, 1e-6);
    assert_true(isnan(o.of[0].cross));
    for (int i = 0; i < 3; i++)
        drop(a[i]);
    opinions_release(&o);
}

static void opinions_count_towards_the_verdict_of_their_sentence(void **state)
{
    const struct opinion opinion[] = {
        { 0.9f, NAN, VOTE_ABSTAIN }, /* positives of the first answer */
        { 0.1f, NAN, VOTE_ABSTAIN },
        { 0.8f, NAN, VOTE_ABSTAIN },  /* its negative */
        { 0.1f, 0.1f, VOTE_ABSTAIN }, /* of the second */
        { 0.1f, NAN, VOTE_ACCEPT },
        { 0.999f, NAN, VOTE_ABSTAIN },
    };
    struct chat_answer *a = answer("How could I settle it|By what means",
                                   "How do you pay it back?"),
                       *b = answer("I want to give money|Payment, please",
                                   "How do I play?");
    const struct chat_answer *both[] = { a, b };
    struct checks checks;
    struct err err = ERR_INIT;
    struct items_from from = { .answer = both,
                               .answers = 2,
                               .anchor = span_of("How do I pay it?"),
                               .positives = 9,
                               .negatives = 9,
                               .opinion = opinion,
                               .checks = &checks };
    static struct items it;
    struct items_tally tally = { 0 };

    (void)state;
    assert_ok(checks_open(&checks, "", &err), &err);
    assert_ok(items_pick(&it, &tally, &from, &err), &err);
    assert_int_equal(it.positives, 2);
    assert_string_equal(it.positive[0]->text, "How could I settle it");
    assert_string_equal(it.positive[1]->text, "Payment, please");
    assert_int_equal(it.negatives, 1);
    assert_float_equal(it.negative_is[0].cosine, 0.8, 1e-6);
    assert_int_equal(it.asides, 2);
    assert_string_equal(it.aside[0]->text, "By what means");
    assert_string_equal(it.aside[1]->text, "How do I play?");
    assert_int_equal(it.rejects, 1); /* by two models */
    assert_string_equal(it.rejected[0]->text, "I want to give money");
    assert_int_equal(it.because[0], CHECK_COSINE);
    checks_close(&checks);
    drop(a);
    drop(b);
}

/* ---- repetition ---- */

static bool look(struct corpus *c, const char *text)
{
    struct facets f;
    struct err err = ERR_INIT;
    bool is;

    assert_ok(facets_open(&f, span_of(text), &err), &err);
    assert_ok(corpus_look(c, &is, f.folded, &err), &err);
    facets_release(&f);
    return is;
}

static void what_another_anchor_has_is_repeated(void **state)
{
    static const struct {
        const char *text;
        bool next, want;
    } row[] = {
        { "Where has my parcel been left?", false, false },
        /* siblings are not looked at */
        { "Where has my parcel been left, ", false, false },
        { "where has my PARCEL been left", true, true },
        { "Where has my letter been left?", false, false },
        { "我的包裹放在哪里了？", false, false },
        { "我的 包裹，放在哪里了", true, true },
        { "我的包裹放在那边了？", false, false },
        { "?!", true, false },
        { "?!", true, false },
    };
    struct corpus c = { NULL, NULL, 0 };
    const struct opt_list none = { 0 };
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(corpus_open(&c, 0.85, &none, &err), &err);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (row[i].next)
            corpus_next(&c);
        if (look(&c, row[i].text) != row[i].want)
            fail_msg("%s: %d", row[i].text, !row[i].want);
    }
    corpus_close(&c);
    assert_ok(corpus_open(&c, 0.0, &none, &err), &err);
    assert_false(look(&c, "a"));
    corpus_next(&c);
    assert_false(look(&c, "a"));
    corpus_close(&c);
}

static int never(void *ctx, bool *is, const struct facets *text,
                 struct err *err)
{
    (void)err;
    *is = span_is(text->text, ctx);
    return 0;
}

static void a_repeated_sentence_is_rejected_with_that_reason(void **state)
{
    struct chat_answer *a = answer("a good one|seen before", "");
    const struct chat_answer *one[] = { a };
    struct items_from from = { .answer = one,
                               .answers = 1,
                               .anchor = span_of("some words"),
                               .positives = 9,
                               .repeated = never,
                               .ctx = (char[]){ "seen before" } };
    struct items_tally tally = { 0 };
    static struct items it;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(items_pick(&it, &tally, &from, &err), &err);
    assert_int_equal(it.positives, 1);
    assert_int_equal(it.rejects, 1);
    assert_int_equal(it.because[0], CHECK_REPEATED);
    drop(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_of_answers_is_asked_about_at_once),
        cmocka_unit_test(opinions_count_towards_the_verdict_of_their_sentence),
        cmocka_unit_test(what_another_anchor_has_is_repeated),
        cmocka_unit_test(a_repeated_sentence_is_rejected_with_that_reason),
    };

    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
