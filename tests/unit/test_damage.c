/*
 * Files with random damage: flipped bytes, cut ends, pieces put elsewhere. Each
 * must end in a clear error or in the right data, never in a crash. The number
 * per kind of file is DAMAGE (default 300); the seed is fixed.
 */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "dag/spec.h"
#include "model/safetensors.h"
#include "store/records.h"
#include "store/rows.h"
#include "text/tokenizer.h"

#define DIR "build/test-damage"

static size_t rounds = 300;

/* ---- damage ---- */

static void flip(char *p, size_t len, struct rng *rng)
{
    size_t n = 1 + rng_below(rng, 4);

    for (size_t i = 0; i < n; i++)
        p[rng_below(rng, len)] ^= (char)(1 << rng_below(rng, 8));
}

/* Copy a piece over another place. */
static void splice(char *p, size_t len, struct rng *rng)
{
    size_t n = 1 + rng_below(rng, len / 2 + 1), from, to;

    if (n > 4096)
        n = 4096;
    if (n > len)
        n = len;
    from = rng_below(rng, len - n + 1);
    to = rng_below(rng, len - n + 1);
    memmove(p + to, p + from, n);
}

/* Write a damaged copy of whole; *same tells whether nothing changed. */
static void damage(const char *path, const struct buf *whole, struct rng *rng,
                   bool *same)
{
    char *p = malloc(whole->len + 1);
    size_t len = whole->len;
    FILE *f;

    assert_non_null(p);
    memcpy(p, whole->ptr, len);
    switch (rng_below(rng, 3)) {
    case 0:
        flip(p, len, rng);
        break;
    case 1:
        len = rng_below(rng, len);
        break;
    default:
        splice(p, len, rng);
    }
    *same = len == whole->len && memcmp(p, whole->ptr, len) == 0;
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    free(p);
}

/* 0: accepted. Below: refused, with a message. */
typedef int open_fn(const char *path, bool same, struct err *err);

static void check_kind(const char *original, const char *copy, open_fn *fn,
                       uint64_t seed)
{
    struct buf whole = BUF_INIT(64 << 20);
    struct err err = ERR_INIT;
    struct rng rng;

    rng_init(&rng, seed, 0);
    assert_ok(file_read(&whole, original, &err), &err);
    for (size_t i = 0; i < rounds; i++) {
        bool same;
        int rc;

        damage(copy, &whole, &rng, &same);
        err = (struct err)ERR_INIT;
        rc = fn(copy, same, &err);
        if (rc < 0 && !err.msg[0])
            fail_msg("round %zu: refused without a message", i);
        if (rc < 0 && same)
            fail_msg("round %zu: refused whole: %s", i, err.msg);
    }
    buf_release(&whole);
}

/* ---- the kinds ---- */

static int open_store(const char *path, bool same, struct err *err)
{
    int rc = store_verify(path, err);

    if (rc == 0 && !same)
        fail_msg("a damaged store was accepted");
    return rc;
}

static void make_store(void)
{
    struct store *s;
    struct writer *w;
    struct json_node *receipt = json_new_object();
    struct err err = ERR_INIT;
    bool resumed;

    assert_ok(store_create(&s, DIR "/s.lmdb.part", "pairs", &resumed, &err),
              &err);
    assert_ok(writer_new(&w, s, &err), &err);
    for (int i = 0; i < 200; i++) {
        struct pair p = { 0, 0, 1.0f, NAN, NAN, ORIGIN_GOLD, 0 };
        char text[64];

        snprintf(text, sizeof(text), "text number %d", i);
        assert_ok(writer_text(w, span_of(text), span_of(""), &p.a, &err), &err);
        p.b = p.a / 2;
        assert_ok(writer_pair(w, &p, NULL, &err), &err);
    }
    writer_free(w);
    assert_ok(store_finish(s, DIR "/s.lmdb", receipt, &err), &err);
    json_node_free(receipt);
}

static void damaged_stores_are_refused(void **state)
{
    (void)state;
    make_store();
    check_kind(DIR "/s.lmdb", DIR "/x.lmdb", open_store, 1);
}

static int open_safetensors(const char *path, bool same, struct err *err)
{
    struct safetensors *s;
    int rc = safetensors_open(&s, path, err);

    (void)same;
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct safetensor *t = safetensors_at(s, i);
        float *x = malloc((t->count + 1) * sizeof(*x));
        struct err e = ERR_INIT;

        assert_non_null(x);
        if (safetensors_read(x, t, &e) < 0)
            assert_true(e.msg[0]);
        free(x);
    }
    safetensors_close(s);
    return 0;
}

static void damaged_safetensors_never_crash(void **state)
{
    (void)state;
    check_kind("tests/golden/model/bi/model.safetensors",
               DIR "/model.safetensors", open_safetensors, 2);
}

static int open_tokenizer(const char *path, bool same, struct err *err)
{
    struct tokenizer *t;
    uint32_t id[64];
    int rc = tokenizer_load(&t, DIR "/tok", err);

    (void)path;
    (void)same;
    if (rc < 0)
        return rc;
    (void)tokenizer_encode(t, span_of("Where's my parcel, caf\xC3\xA9?"), id,
                           64);
    tokenizer_free(t);
    return 0;
}

static void damaged_tokenizers_never_crash(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_mkdirs(DIR "/tok", &err), &err);
    assert_ok(file_copy(DIR "/tok/tokenizer_config.json",
                        "tests/golden/model/bi/tokenizer_config.json", &err),
              &err);
    check_kind("tests/golden/model/bi/tokenizer.json",
               DIR "/tok/tokenizer.json", open_tokenizer, 3);
}

static int open_table(const char *path, bool same, struct err *err)
{
    struct rows *r;
    struct row row;
    size_t bad = 0;
    int rc = rows_open(&r, path, ROWS_TSV, "a,b,label", false, err);

    (void)same;
    if (rc < 0)
        return rc;
    do {
        struct err e = ERR_INIT;

        rc = rows_next(r, &row, &e);
        if (rc == ERR_FORMAT) { /* reported by line and stepped over */
            assert_true(row.line > 0 && e.msg[0]);
            bad++;
        }
    } while (rc == 0 || rc == ERR_FORMAT);
    assert_int_equal(rc, 1);
    rows_close(r);
    return 0;
}

static void damaged_tables_lose_their_bad_lines_only(void **state)
{
    (void)state;
    check_kind("samples/dev.tsv", DIR "/dev.tsv", open_table, 4);
}

static int open_pipeline(const char *path, bool same, struct err *err)
{
    struct json *doc;
    int rc = json_load(&doc, path, JSON_COMMENTS, err);

    (void)same;
    if (rc == 0)
        json_free(doc);
    return rc;
}

/* The whole check, stages asked: slower, so fewer. */
static int open_spec(const char *path, bool same, struct err *err)
{
    static struct spec spec;
    char bin[FILE_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", bin, sizeof(bin) - 8);
    int rc;

    (void)same;
    assert_true(n > 0);
    bin[n] = '\0';
    *strrchr(bin, '/') = '\0';
    strcpy(strrchr(bin, '/'), "/bin");
    rc = spec_load(&spec, path, bin, NULL, 0, err);
    if (rc == 0)
        spec_release(&spec);
    return rc;
}

static void damaged_pipeline_files_never_crash(void **state)
{
    size_t all = rounds;

    (void)state;
    check_kind("pipelines/smoke.json", DIR "/smoke.json", open_pipeline, 5);
    rounds = all / 10;
    log_threshold = LOG_ERROR;
    check_kind("pipelines/smoke.json", "pipelines/.damaged.json", open_spec, 6);
    rounds = all;
    (void)unlink("pipelines/.damaged.json");
}

static int setup(void **state)
{
    const char *text = getenv("DAMAGE");
    struct err err = ERR_INIT;

    (void)state;
    if (text)
        rounds = strtoul(text, NULL, 10);
    assert_ok(file_remove(DIR, &err), &err);
    assert_ok(file_mkdirs(DIR, &err), &err);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_stores_are_refused),
        cmocka_unit_test(damaged_safetensors_never_crash),
        cmocka_unit_test(damaged_tokenizers_never_crash),
        cmocka_unit_test(damaged_tables_lose_their_bad_lines_only),
        cmocka_unit_test(damaged_pipeline_files_never_crash),
    };

    return cmocka_run_group_tests_name("damage", tests, setup, NULL);
}
