#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/chat.h"
#include "net/watch.h"

#define EVENT(text) \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"

/* In pieces of so many bytes. */
static bool feed(struct watch *w, const char *text, size_t piece)
{
    bool more = true;

    for (size_t n = strlen(text); more && n > 0;) {
        size_t k = piece < n ? piece : n;

        more = watch_feed(w, text, k);
        text += k;
        n -= k;
    }
    return more;
}

static void blanks_of_content_are_counted_not_those_of_the_line(void **state)
{
    static const size_t piece[] = { 7, 64, 100000 };

    (void)state;
    for (size_t p = 0; p < 3; p++) {
        struct watch w = { .line = BUF_INIT(0) };

        watch_reset(&w, 60);
        for (int i = 0; i < 100; i++)
            assert_true(
                feed(&w, EVENT("{\\n") ": keep-alive\n\n\n\n\n", piece[p]));
        for (int i = 0; i < 19; i++)
            assert_true(feed(&w, EVENT("\\n         "), piece[p]));
        assert_true(feed(&w, EVENT("         }"), piece[p]));
        for (int i = 0; i < 19; i++)
            assert_true(feed(&w, EVENT("          "), piece[p]));
        assert_false(w.blank);
        assert_false(feed(&w, EVENT("          "), piece[p]));
        assert_true(w.blank);
        watch_release(&w);
    }
}

static void a_body_in_one_piece_is_left_alone(void **state)
{
    struct watch w = { .line = BUF_INIT(0) };

    (void)state;
    watch_reset(&w, 0);
    assert_true(feed(&w, "\n\n\n   ", 3));
    for (int i = 0; i < 1000; i++)
        assert_true(feed(&w, "{                                   ", 5));
    assert_false(watch_stalled(&w));
    watch_release(&w);
}

static void content_that_stops_is_a_stall_but_not_before_it_began(void **state)
{
    struct watch w = { .line = BUF_INIT(0) };

    (void)state;
    watch_reset(&w, 0);
    assert_true(feed(&w, ": keep-alive\n\n: keep-alive\n\n", 100));
    usleep(2000);
    assert_false(watch_stalled(&w)); /* queued */
    assert_true(feed(&w, EVENT("a"), 100));
    usleep(2000);
    assert_true(feed(&w, ": keep-alive\n\n", 100));
    assert_true(watch_stalled(&w));
    watch_release(&w);
}

static void what_was_stopped_counts_as_cut_off(void **state)
{
    char text[2000];
    struct chat_answer a;
    struct err err = ERR_INIT;

    (void)state;
    snprintf(text, sizeof(text), "%s%s",
             EVENT("{\\\"positives\\\":[\\\"a\\\"],          "
                   "                                                  "
                   "                                                  "),
             watch_ending());
    assert_ok(chat_read(&a, text, strlen(text), &err), &err);
    assert_int_equal(a.status, CHAT_TRUNCATED);
    assert_true(a.blank);
    chat_answer_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_of_content_are_counted_not_those_of_the_line),
        cmocka_unit_test(a_body_in_one_piece_is_left_alone),
        cmocka_unit_test(content_that_stops_is_a_stall_but_not_before_it_began),
        cmocka_unit_test(what_was_stopped_counts_as_cut_off),
    };

    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
