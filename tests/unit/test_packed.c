#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "model/packed.h"

static struct tokenizer *tok;
static struct workers *workers;

static const char *const texts[] = { "a b",         "",
                                     "c",           "a b c d e f g h i j",
                                     "b b b b b b", "unknown" };
enum { N = sizeof(texts) / sizeof(texts[0]) };

static void spans(struct span *out)
{
    for (size_t i = 0; i < N; i++)
        out[i] = span_of(texts[i]);
}

static void tables_do_not_depend_on_how_they_are_filled(void **state)
{
    struct token_table one = TOKEN_TABLE_INIT, many = TOKEN_TABLE_INIT;
    struct span text[N];
    struct err err = ERR_INIT;

    (void)state;
    spans(text);
    assert_ok(token_table_add(&one, tok, text, N, 32, workers, &err), &err);
    for (size_t i = 0; i < N; i++)
        assert_ok(token_table_add(&many, tok, &text[i], 1, 32, workers, &err),
                  &err);
    assert_int_equal(one.n, N);
    assert_int_equal(many.n, N);
    assert_memory_equal(one.start, many.start, (N + 1) * sizeof(*one.start));
    assert_memory_equal(one.count, many.count, N * sizeof(*one.count));
    assert_memory_equal(one.id, many.id, one.start[N] * sizeof(*one.id));
    assert_int_equal(one.count[1], 0);
    assert_int_equal(one.count[3], 10);
    token_table_release(&many);
    token_table_release(&one);
}

static void counts_are_of_the_whole_text(void **state)
{
    struct token_table all = TOKEN_TABLE_INIT, few = TOKEN_TABLE_INIT;
    struct span text[N];
    struct err err = ERR_INIT;

    (void)state;
    spans(text);
    assert_ok(token_table_add(&all, tok, text, N, 32, workers, &err), &err);
    assert_ok(token_table_add(&few, tok, text, N, 4, workers, &err), &err);
    for (size_t i = 0; i < N; i++) {
        size_t kept = (size_t)(few.start[i + 1] - few.start[i]);

        assert_int_equal(few.count[i], all.count[i]);
        assert_int_equal(kept, all.count[i] < 4 ? all.count[i] : 4);
        assert_memory_equal(few.id + few.start[i], all.id + all.start[i],
                            kept * sizeof(*few.id));
    }
    token_table_release(&few);
    token_table_release(&all);
}

static void lengths_are_those_of_the_batches(void **state)
{
    struct token_table t = TOKEN_TABLE_INIT;
    struct packed p = PACKED_INIT;
    struct span text[N];
    struct err err = ERR_INIT;

    (void)state;
    spans(text);
    for (size_t max_len = 8; max_len < 24; max_len++) {
        token_table_reset(&t);
        assert_ok(token_table_add(&t, tok, text, N, max_len, workers, &err),
                  &err);
        for (uint32_t i = 0; i < N; i++) {
            packed_reset(&p);
            assert_ok(packed_add_single(&p, tok, &t, i, max_len, &err), &err);
            assert_int_equal(p.T, token_table_single_len(&t, i, max_len));
            for (uint32_t j = 0; j < N; j++) {
                packed_reset(&p);
                assert_ok(packed_add_pair(&p, tok, &t, i, j, max_len, &err),
                          &err);
                assert_int_equal(p.T,
                                 token_table_pair_len(&t, tok, i, j, max_len));
                assert_true(p.T <= max_len);
            }
        }
    }
    packed_release(&p);
    token_table_release(&t);
}

static void sequences_lie_end_to_end(void **state)
{
    const uint32_t a[] = { 3, 1, 2 }, b[] = { 4, 5 };
    const uint8_t segment[] = { 0, 1 };
    struct packed p = PACKED_INIT;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(packed_add(&p, a, NULL, 3, &err), &err);
    assert_ok(packed_add(&p, b, segment, 2, &err), &err);
    assert_int_equal(p.B, 2);
    assert_int_equal(p.T, 5);
    assert_int_equal(p.longest, 3);
    assert_int_equal(p.offset[0], 0);
    assert_int_equal(p.offset[1], 3);
    assert_int_equal(p.offset[2], 5);
    assert_int_equal(p.id[3], 4);
    assert_int_equal(p.segment[2], 0);
    assert_int_equal(p.segment[4], 1);
    packed_reset(&p);
    assert_int_equal(p.B + p.T + p.longest, 0);
    assert_ok(packed_add(&p, b, NULL, 2, &err), &err);
    assert_int_equal(p.offset[1], 2);
    assert_int_equal(p.segment[1], 0);
    packed_release(&p);
}

static int start(void **state)
{
    static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n"
                                "d\ne\nf\ng\nh\ni\nj\n";
    char folder[] = "/tmp/test_packed_XXXXXX", path[FILE_PATH_MAX];
    struct err err = ERR_INIT;
    int rc;

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/vocab.txt", folder);
    rc = file_write(path, vocab, sizeof(vocab) - 1, &err);
    if (rc == 0)
        rc = tokenizer_load(&tok, folder, &err);
    if (rc == 0)
        rc = file_remove(folder, &err);
    return rc < 0 ? rc : workers_start(&workers, 2, &err);
}

static int stop(void **state)
{
    (void)state;
    workers_stop(workers);
    tokenizer_free(tok);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_do_not_depend_on_how_they_are_filled),
        cmocka_unit_test(counts_are_of_the_whole_text),
        cmocka_unit_test(lengths_are_those_of_the_batches),
        cmocka_unit_test(sequences_lie_end_to_end),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
