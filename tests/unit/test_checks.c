#include "support/support.h"

#include <math.h>
#include <string.h>

#include "llm/checks.h"

static struct checks checks;

static void open_with(const char *settings)
{
    struct err err = ERR_INIT;

    checks_close(&checks);
    assert_ok(checks_open(&checks, settings, &err), &err);
}

static struct checks_result look(const char *anchor, const char *text,
                                 const char *kind, bool positive)
{
    struct facets a, b;
    struct checks_result r;
    struct err err = ERR_INIT;

    assert_ok(facets_open(&a, span_of(anchor), &err), &err);
    assert_ok(facets_open(&b, span_of(text), &err), &err);
    assert_ok(checks_text(&checks, &r, &a, &b, kind, positive, &err), &err);
    facets_release(&a);
    facets_release(&b);
    return r;
}

static void each_function_finds_its_fault(void **state)
{
    static const struct {
        const char *anchor, *text, *kind; /* kind NULL: a positive */
        enum checks_verdict want;
        enum checks_fn why;
    } row[] = {
        { "Where is my parcel?", "Has my package arrived?", NULL, CHECKS_ACCEPT,
          CHECK_EQUAL },
        { "Can I return this within 14 days of delivery?",
          "Can I return it within 14 days of delivery?", NULL, CHECKS_ACCEPT,
          CHECK_EQUAL },
        { "Can I return this within fourteen days of the delivery?",
          "Can I return this within fourteen days of the deliverys?", NULL,
          CHECKS_REJECT, CHECK_EQUAL },
        { "Can I return this within 14 days?", "May I send it back in 30 days?",
          NULL, CHECKS_REJECT, CHECK_NUMBERS },
        { "Can I return this within 14 days?",
          "May I send it back in two weeks?", NULL, CHECKS_ACCEPT,
          CHECK_EQUAL },
        { "7天内可以退货吗", "十五天之内能退吗", NULL, CHECKS_REJECT,
          CHECK_NUMBERS },
        { "Where is it?",
          "I would like to ask you, if it is not too much trouble, whether you "
          "could look up for me where it is at this very moment in time",
          NULL, CHECKS_REJECT, CHECK_LENGTH },
        { "我的包裹到哪了", "Where is my parcel", NULL, CHECKS_REJECT,
          CHECK_LANGUAGE },
        { "I can pay with my card", "I cannot pay with my card", NULL,
          CHECKS_ASIDE, CHECK_NEGATION },
        { "I never got my code", "The code has yet to reach me", NULL,
          CHECKS_ACCEPT, CHECK_EQUAL },
        { "I can pay with my card", "I can pay with a voucher", "negation",
          CHECKS_ASIDE, CHECK_NEGATION },
        { "I can pay with my card", "I cannot pay with my card", "negation",
          CHECKS_ACCEPT, CHECK_EQUAL },
        { "我想退货", "我不想退货", "negation", CHECKS_ACCEPT, CHECK_EQUAL },
        { "我想退货", "我想换货", "negation", CHECKS_ASIDE, CHECK_NEGATION },
        { "within 14 days", "within 40 days", "number", CHECKS_ACCEPT,
          CHECK_EQUAL },
        { "within 14 days", "before 14 days", "number", CHECKS_ASIDE,
          CHECK_NUMBERS },
        { "my parcel", "3 parcels", "number", CHECKS_ACCEPT, CHECK_EQUAL },
        { "Where is it?", "txdpyqsdvljtcybrgnpwzxplbmhzbzb", NULL,
          CHECKS_REJECT, CHECK_WORDS },
        { "我想退货", "退货退货退货退货退货", NULL, CHECKS_REJECT,
          CHECK_WORDS },
        { "SKU bcdfghjkl", "bcdfgh xkcdqz", NULL, CHECKS_ACCEPT, CHECK_EQUAL },
        { "abcdefg hijk", "zyx vut qrs", "entity", CHECKS_ASIDE,
          CHECK_OVERLAP },
    };

    (void)state;
    open_with("");
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct checks_result r =
            look(row[i].anchor, row[i].text, row[i].kind ? row[i].kind : "",
                 !row[i].kind);

        if (r.verdict != row[i].want ||
            (r.verdict != CHECKS_ACCEPT && r.why != row[i].why))
            fail_msg("'%s' / '%s': %d by %s", row[i].anchor, row[i].text,
                     (int)r.verdict, checks_name(r.why));
    }
}

static void settings_switch_and_move_them(void **state)
{
    struct err err = ERR_INIT;
    struct checks c;

    (void)state;
    open_with("numbers=off,length=1.5");
    assert_int_equal(look("in 14 days", "in 30 days", "", true).verdict,
                     CHECKS_ACCEPT);
    assert_int_equal(
        look("where is it", "so where would it be then by now", "", true).why,
        CHECK_LENGTH);
    open_with("none");
    assert_int_equal(look("我的包裹", "14 parcels", "", true).verdict,
                     CHECKS_ACCEPT);
    assert_int_equal(checks_open(&c, "lenght=2", &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "'lenght=2'"));
    assert_int_equal(checks_open(&c, "length=x", &err), ERR_USAGE);
    assert_int_equal(checks_open(&c, "length", &err), ERR_USAGE);
}

static void scores_vote_and_may_overrule_a_doubt(void **state)
{
    struct checks_result r;

    (void)state;
    open_with("");
    r = look("I can pay with my card", "I cannot pay with my card", "", true);
    assert_int_equal(r.verdict, CHECKS_ASIDE);
    checks_opinion(&checks, &r, true, 0.9, NAN,
                   VOTE_ABSTAIN); /* a cosine sees no negation */
    assert_int_equal(r.verdict, CHECKS_ASIDE);
    checks_opinion(&checks, &r, true, 0.9, 0.9, VOTE_ABSTAIN);
    assert_int_equal(r.verdict, CHECKS_ACCEPT);
    checks_opinion(&checks, &r, true, 0.9, 0.1, VOTE_ABSTAIN);
    assert_int_equal(r.verdict, CHECKS_REJECT); /* two doubts */
    r = look("Where is it?", "Where was it?", "modality", false);
    checks_opinion(&checks, &r, false, 0.998, NAN, VOTE_ABSTAIN);
    assert_int_equal(r.verdict, CHECKS_ASIDE);
    assert_int_equal(r.why, CHECK_COSINE);
}

static void siblings_are_near_unless_a_number_differs(void **state)
{
    static const struct {
        const char *a, *b;
        bool near;
    } row[] = {
        { "how do I pay for all of my parcels now",
          "how do I pay for all of my parcels, noww", true },
        { "how do I pay for all of my 14 parcels",
          "how do I pay for all of my 24 parcels", false },
        { "how do I pay", "how can I buy", false },
    };

    (void)state;
    open_with("");
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct facets a, b;
        struct err err = ERR_INIT;
        bool near;

        assert_ok(facets_open(&a, span_of(row[i].a), &err), &err);
        assert_ok(facets_open(&b, span_of(row[i].b), &err), &err);
        assert_ok(checks_siblings(&checks, &near, &a, &b, &err), &err);
        facets_release(&a);
        facets_release(&b);
        if (near != row[i].near)
            fail_msg("'%s' / '%s'", row[i].a, row[i].b);
    }
}

static void coverage_overlap_and_conflict_are_counted(void **state)
{
    struct checks_counts n;
    struct checks_result r = { .vote = { VOTE_ABSTAIN } };

    (void)state;
    memset(&n, 0, sizeof(n));
    checks_count(&n, &r);
    r.vote[CHECK_LANGUAGE] = VOTE_ACCEPT;
    checks_count(&n, &r);
    r.vote[CHECK_NUMBERS] = VOTE_REJECT;
    checks_decide(&r);
    checks_count(&n, &r);
    assert_int_equal(n.items, 3);
    assert_int_equal(n.accepted, 2);
    assert_int_equal(n.rejected, 1);
    assert_int_equal(n.accept[CHECK_LANGUAGE], 2);
    assert_int_equal(n.overlap[CHECK_LANGUAGE], 1);
    assert_int_equal(n.conflict[CHECK_LANGUAGE], 1);
    assert_int_equal(n.conflict[CHECK_NUMBERS], 1);
    assert_int_equal(n.why[CHECK_NUMBERS], 1);
}

static int clean(void **state)
{
    (void)state;
    checks_close(&checks);
    return 0;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_teardown(f, clean)
    const struct CMUnitTest tests[] = {
        CASE(each_function_finds_its_fault),
        CASE(settings_switch_and_move_them),
        CASE(scores_vote_and_may_overrule_a_doubt),
        CASE(siblings_are_near_unless_a_number_differs),
        cmocka_unit_test(coverage_overlap_and_conflict_are_counted),
    };

    return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
