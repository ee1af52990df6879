#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/copier.h"
#include "store/records.h"
#include "support/scratch.h"

static struct store *create(const char *path, const char *kind)
{
    struct err err = ERR_INIT;
    struct store *s;
    bool resumed;

    assert_ok(store_create(&s, path, kind, &resumed, &err), &err);
    return s;
}

static struct writer *writer(struct store *s)
{
    struct err err = ERR_INIT;
    struct writer *w;

    assert_ok(writer_new(&w, s, &err), &err);
    return w;
}

static struct store *finish(struct store *s, const char *name)
{
    struct json_node *receipt = json_new_object();
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];

    assert_ok(store_finish(s, scratch_path(path, name), receipt, &err), &err);
    json_node_free(receipt);
    assert_ok(store_open(&s, path, &err), &err);
    return s;
}

static uint32_t add(struct writer *w, const char *text)
{
    struct err err = ERR_INIT;
    uint32_t ordinal = UINT32_MAX;

    assert_ok(writer_text(w, span_of(text), span_of(""), &ordinal, &err), &err);
    return ordinal;
}

static void add_pair(struct writer *w, uint32_t a, uint32_t b, float label)
{
    struct pair p = { a, b, label, NAN, 0.25f, ORIGIN_BM25, 3 };
    struct err err = ERR_INIT;

    assert_ok(writer_pair(w, &p, NULL, &err), &err);
}

static void pair_decode_inverts_encode(void **state)
{
    const struct pair in[] = {
        { 0, 1, 0.0f, 1.0f, NAN, ORIGIN_GOLD, 0 },
        { 7, 7, NAN, NAN, NAN, ORIGIN_UNKNOWN, 65535 },
        { 1, 0, 1.0f, 0.123456f, 0.5f, ORIGIN_LLM, 1 },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct err err = ERR_INIT;
        struct pair out;
        uint8_t bytes[24], again[24];

        pair_encode(bytes, &in[i]);
        assert_ok(pair_decode(&out, (struct blob){ bytes, 24 }, 8, &err), &err);
        assert_int_equal(out.a, in[i].a);
        assert_int_equal(out.b, in[i].b);
        assert_int_equal(out.origin, in[i].origin);
        assert_int_equal(out.flags, in[i].flags);
        pair_encode(again, &out);
        assert_memory_equal(again, bytes, 24);
    }
}

static void a_pair_is_laid_out_as_documented(void **state)
{
    static const uint8_t want[24] = {
        1,
        0,
        0,
        0,
        2,
        1,
        0,
        0, /* a, b */
        0,
        0,
        0x80,
        0x3F, /* label 1.0 */
        0,
        0,
        0,
        0x3F, /* score 0.5 */
        0,
        0,
        0,
        0, /* reverse 0.0 */
        ORIGIN_SILVER,
        0,
        4,
        3, /* origin, flags */
    };
    const struct pair p = { 1, 258, 1.0f, 0.5f, 0.0f, ORIGIN_SILVER, 0x304 };
    uint8_t got[24];

    (void)state;
    pair_encode(got, &p);
    assert_memory_equal(got, want, 24);
}

static void pair_decode_refuses_malformed_records(void **state)
{
    const struct {
        const char *why;
        size_t len;
        struct pair p;
    } bad[] = {
        { "short", 23, { 0, 0, 0, 0, 0, 0, 0 } },
        { "empty", 0, { 0, 0, 0, 0, 0, 0, 0 } },
        { "a out of range", 24, { 8, 0, 0, 0, 0, 0, 0 } },
        { "b out of range", 24, { 0, 4000000000u, 0, 0, 0, 0, 0 } },
        { "label above 1", 24, { 0, 0, 1.5f, 0, 0, 0, 0 } },
        { "score below 0", 24, { 0, 0, 0, -0.1f, 0, 0, 0 } },
        { "reverse infinite", 24, { 0, 0, 0, 0, INFINITY, 0, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = ERR_INIT;
        struct pair out;
        uint8_t bytes[24];

        pair_encode(bytes, &bad[i].p);
        if (pair_decode(&out, (struct blob){ bytes, bad[i].len }, 8, &err) !=
            ERR_FORMAT)
            fail_msg("%s", bad[i].why);
    }
}

static void the_other_codecs_refuse_malformed_records(void **state)
{
    static const uint8_t text_short[] = { 1 }, text_attr[] = { 9, 0, '{', '}' };
    static const uint8_t triplet_short[] = { 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0 };
    static const uint8_t triplet_lie[] = { 0, 0, 0, 0, 1, 0, 0, 0,
                                           2, 0, 0, 0, 1, 0, 0, 0 };
    static const uint8_t triplet_ref[] = { 0, 0, 0, 0, 1, 0, 0, 0,
                                           1, 0, 0, 0, 9, 0, 0, 0 };
    static const uint8_t triplet_huge[] = {
        0, 0, 0, 0, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0
    };
    static const uint8_t vector_type[] = { 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t vector_lie[] = { 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t vector_odd[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    struct err err = ERR_INIT;
    struct span text, attr;
    struct triplet t;
    uint32_t negative[4];
    float v[4];
    size_t dim;

    (void)state;
#define TEXT(x) text_decode(&text, &attr, (struct blob){ x, sizeof(x) }, &err)
#define TRIPLET(x) \
    triplet_decode(&t, negative, 4, (struct blob){ x, sizeof(x) }, 3, &err)
#define VECTOR(x) vector_decode(v, 4, &dim, (struct blob){ x, sizeof(x) }, &err)
    assert_int_equal(TEXT(text_short), ERR_FORMAT);
    assert_int_equal(TEXT(text_attr), ERR_FORMAT);
    assert_int_equal(TRIPLET(triplet_short), ERR_FORMAT);
    assert_int_equal(TRIPLET(triplet_lie), ERR_FORMAT);
    assert_int_equal(TRIPLET(triplet_ref), ERR_FORMAT);
    assert_int_equal(TRIPLET(triplet_huge), ERR_FORMAT);
    assert_int_equal(VECTOR(vector_type), ERR_FORMAT);
    assert_int_equal(VECTOR(vector_lie), ERR_FORMAT);
    assert_int_equal(VECTOR(vector_odd), ERR_FORMAT);
}

static void keys_sort_as_their_numbers(void **state)
{
    static const uint64_t n[] = { 0, 1, 255, 256, 65535, 1u << 24, UINT32_MAX };
    uint8_t a[8], b[8];

    (void)state;
    for (size_t i = 1; i < sizeof(n) / sizeof(n[0]); i++) {
        (void)key_u64(a, n[i - 1]);
        assert_int_equal(key_ordinal(key_u64(b, n[i])), n[i]);
        assert_true(memcmp(a, b, 8) < 0);
        (void)key_u32(a, (uint32_t)n[i - 1]);
        assert_int_equal(key_ordinal(key_u32(b, (uint32_t)n[i])), n[i]);
        assert_true(memcmp(a, b, 4) < 0);
    }
}

static void the_target_is_the_label_else_the_score(void **state)
{
    struct pair p = { 0, 1, 0.25f, 0.75f, NAN, 0, 0 };

    (void)state;
    assert_near("label", (double)pair_target(&p), 0.25, 0, 0);
    p.label = NAN;
    assert_near("score", (double)pair_target(&p), 0.75, 0, 0);
    p.score = NAN;
    assert_true(isnan(pair_target(&p)));
}

static void a_text_gets_one_ordinal(void **state)
{
    char path[SCRATCH_PATH];
    struct store *s = create(scratch_path(path, "i.part"), "texts");
    struct writer *w = writer(s);
    struct err err = ERR_INIT;
    struct texts t;
    uint32_t o;

    (void)state;
    assert_int_equal(add(w, "one"), 0);
    assert_int_equal(add(w, "two"), 1);
    assert_int_equal(add(w, "one"), 0);
    assert_int_equal(add(w, "one "), 2); /* never altered */
    assert_ok(
        writer_text(w, span_of("four"), span_of("{\"id\":\"4\"}"), &o, &err),
        &err);
    assert_ok(
        writer_text(w, span_of("four"), span_of("{\"id\":\"5\"}"), &o, &err),
        &err);
    writer_free(w);
    assert_ok(store_commit(s, &err), &err);
    store_close(s);

    s = create(path, "texts"); /* as after an interruption */
    w = writer(s);
    assert_int_equal(writer_texts(w), 4);
    assert_int_equal(add(w, "two"), 1);
    assert_int_equal(add(w, "five"), 4);
    writer_free(w);
    s = finish(s, "i");
    assert_ok(texts_load(&t, s, &err), &err);
    assert_int_equal(t.n, 5);
    assert_true(span_is(t.text[2], "one "));
    assert_true(span_is(t.text[3], "four"));
    assert_true(span_is(t.attr[3], "{\"id\":\"4\"}"));
    assert_int_equal(t.attr[0].len, 0);
    texts_release(&t);
    store_close(s);
}

static void the_writer_refuses_what_is_no_text(void **state)
{
    static const struct {
        const char *why, *bytes;
        size_t len;
    } bad[] = {
        { "empty", "", 0 },
        { "NUL", "a\0b", 3 },
        { "lone continuation", "a\x80", 2 },
        { "overlong", "\xC0\xAF", 2 },
        { "surrogate", "\xED\xA0\x80", 3 },
        { "above U+10FFFF", "\xF4\x90\x80\x80", 4 },
        { "cut", "\xE4\xBD", 2 },
    };
    char path[SCRATCH_PATH], *big = calloc(1, TEXT_MAX + 1);
    struct store *s = create(scratch_path(path, "b.part"), "texts");
    struct writer *w = writer(s);
    struct err err = ERR_INIT;
    uint32_t o;

    (void)state;
    assert_non_null(big);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (writer_text(w, (struct span){ bad[i].bytes, bad[i].len },
                        span_of(""), &o, &err) != ERR_FORMAT)
            fail_msg("%s", bad[i].why);
    memset(big, 'x', TEXT_MAX + 1);
    assert_int_equal(writer_text(w, (struct span){ big, TEXT_MAX + 1 },
                                 span_of(""), &o, &err),
                     ERR_FORMAT);
    assert_ok(
        writer_text(w, (struct span){ big, TEXT_MAX }, span_of(""), &o, &err),
        &err);
    assert_int_equal(writer_texts(w), 1);
    free(big);
    writer_free(w);
    store_close(s);
}

static void all_kinds_of_records_come_back(void **state)
{
    static const uint32_t negative[] = { 2, 0 };
    static const float v[] = { 1.0f, -2.5f, 0.0f };
    char path[SCRATCH_PATH];
    struct store *s = create(scratch_path(path, "all.part"), "triplets");
    struct writer *w = writer(s);
    struct triplet three = { 0, 1, 2, negative }, one = { 1, 2, 1, negative };
    struct err err = ERR_INIT;
    struct pairs p;
    struct triplets t;
    struct blob note;

    (void)state;
    add(w, "a");
    add(w, "b");
    add(w, "c");
    add_pair(w, 0, 2, 1.0f);
    assert_ok(writer_triplet(w, &three, NULL, &err), &err);
    assert_ok(writer_triplet(w, &one, NULL, &err), &err);
    for (uint32_t i = 0; i < 3; i++)
        assert_ok(writer_vector(w, i, v, 3, &err), &err);
    assert_ok(
        writer_note(w, STORE_TRIPLETS, 1, span_of("{\"by\":\"me\"}"), &err),
        &err);
    writer_free(w);
    s = finish(s, "all");

    assert_ok(pairs_load(&p, s, &err), &err);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.pair[0].b, 2);
    assert_int_equal(p.pair[0].origin, ORIGIN_BM25);
    assert_ok(triplets_load(&t, s, &err), &err);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.triplet[0].n, 2);
    assert_memory_equal(t.triplet[0].negative, negative, 8);
    assert_int_equal(t.triplet[1].negative[0], 2);
    assert_ok(note_get(s, STORE_TRIPLETS, 1, &note, &err), &err);
    assert_memory_equal(note.ptr, "{\"by\":\"me\"}", note.len);
    assert_ok(note_get(s, STORE_TRIPLETS, 0, &note, &err), &err);
    assert_int_equal(note.len, 0);
    assert_ok(store_verify(scratch_path(path, "all"), &err), &err);
    pairs_release(&p);
    triplets_release(&t);
    store_close(s);
}

/* Sound bytes, sound checksums, and still not sound records. */
static void verify_finds_records_that_do_not_fit_together(void **state)
{
    static const struct {
        const char *why, *want;
        enum store_table table;
        uint64_t ordinal;
        size_t len;
        uint8_t payload[32];
    } bad[] = {
        { "a pair of a missing text",
          "the store has 2",
          STORE_PAIRS,
          0,
          24,
          { 9 } },
        { "a hole in the ordinals",
          "record 5 where 0",
          STORE_PAIRS,
          5,
          24,
          { 0 } },
        { "a triplet cut short",
          "triplet of 3 bytes",
          STORE_TRIPLETS,
          0,
          3,
          { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[SCRATCH_PATH];
        struct store *s = create(scratch_path(path, "v.part"), "pairs");
        struct writer *w = writer(s);
        struct err err = ERR_INIT;
        uint8_t key[8];

        add(w, "a");
        add(w, "b");
        writer_free(w);
        assert_ok(store_put(s, bad[i].table, key_u64(key, bad[i].ordinal),
                            (struct blob){ bad[i].payload, bad[i].len }, &err),
                  &err);
        store_close(finish(s, "v"));
        assert_int_equal(store_verify(scratch_path(path, "v"), &err),
                         ERR_FORMAT);
        if (!strstr(err.msg, bad[i].want))
            fail_msg("%s: %s", bad[i].why, err.msg);
    }
}

static void the_copier_brings_attributes_and_notes(void **state)
{
    char path[SCRATCH_PATH];
    struct store *from = create(scratch_path(path, "f.part"), "texts");
    struct store *to = create(scratch_path(path, "to.part"), "texts");
    struct writer *w = writer(from);
    struct err err = ERR_INIT;
    struct copier c;
    struct blob note;
    uint32_t o;

    (void)state;
    add(w, "first");
    assert_ok(
        writer_text(w, span_of("second"), span_of("{\"id\":\"2\"}"), &o, &err),
        &err);
    assert_ok(writer_note(w, STORE_TEXTS, 1, span_of("{\"n\":1}"), &err), &err);
    writer_free(w);
    from = finish(from, "f");
    w = writer(to);
    add(w, "other");
    assert_ok(copier_open(&c, from, w, &err), &err);
    assert_ok(copier_text(&c, 1, &o, &err), &err);
    assert_int_equal(o, 1);
    assert_ok(copier_text(&c, 1, &o, &err), &err);
    assert_int_equal(o, 1);
    assert_ok(note_get(to, STORE_TEXTS, 1, &note, &err), &err);
    assert_memory_equal(note.ptr, "{\"n\":1}", 7);
    assert_int_equal(writer_texts(w), 2);
    copier_release(&c);
    writer_free(w);
    store_close(to);
    store_close(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair_decode_inverts_encode),
        cmocka_unit_test(a_pair_is_laid_out_as_documented),
        cmocka_unit_test(pair_decode_refuses_malformed_records),
        cmocka_unit_test(the_other_codecs_refuse_malformed_records),
        cmocka_unit_test(keys_sort_as_their_numbers),
        cmocka_unit_test(the_target_is_the_label_else_the_score),
        cmocka_unit_test(a_text_gets_one_ordinal),
        cmocka_unit_test(the_writer_refuses_what_is_no_text),
        cmocka_unit_test(all_kinds_of_records_come_back),
        cmocka_unit_test(verify_finds_records_that_do_not_fit_together),
        cmocka_unit_test(the_copier_brings_attributes_and_notes),
    };

    return cmocka_run_group_tests_name("records", tests, scratch_make,
                                       scratch_clean);
}
