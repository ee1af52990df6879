/*
 * When "auto" takes int8, and how much int8 and bf16 lose on STS-B.
 */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/stats.h"
#include "model/bi_encoder.h"
#include "model/evaluate.h"
#include "model/precision_choice.h"
#include "model/quantize.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"
#include "support/scratch.h"

static struct precision_choice ask(const char *what, const char *model)
{
    struct precision_choice c = { .asked = what };
    struct err err = ERR_INIT;

    assert_ok(precision_choose(&c, model, &err), &err);
    assert_string_equal(c.asked, precision_name(c.precision));
    return c;
}

static void auto_takes_int8_only_where_it_passed(void **state)
{
    const struct precision_check good = { 0.9996, 0.02, true },
                                 bad = { 0.99, 0.2, false };
    struct quantize q = { .pairs = 100, .int8 = bad };
    struct precision_choice c;
    char folder[SCRATCH_PATH], file[SCRATCH_PATH];
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_mkdirs(scratch_path(folder, "m"), &err), &err);
    scratch_write(file, "m/model.safetensors", "a", 1);

    c = ask("auto", folder);
    assert_int_equal(c.precision, PRECISION_F32);
    assert_non_null(strstr(c.why, "not checked"));
    assert_ok(quantize_write(&q, folder, &err), &err);
    c = ask("auto", folder);
    assert_int_equal(c.precision, PRECISION_F32);
    assert_non_null(strstr(c.why, "did not pass"));
    q.int8 = good;
    assert_ok(quantize_write(&q, folder, &err), &err);
    assert_int_equal(ask("auto", folder).precision, PRECISION_INT8);
    assert_int_equal(ask("f32", folder).precision, PRECISION_F32);
    scratch_write(file, "m/model.safetensors", "b", 1);
    c = ask("auto", folder);
    assert_int_equal(c.precision, PRECISION_F32);
    assert_non_null(strstr(c.why, "other weights"));
}

static void what_is_asked_for_is_taken_where_the_cpu_has_it(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(ask("int8", "tests/golden/model/bi").precision,
                     PRECISION_INT8);
    assert_ok(cpu_init("base", &err), &err);
    assert_int_equal(ask("bf16", "tests/golden/model/bi").precision,
                     PRECISION_F32);
    assert_ok(cpu_init("auto", &err), &err);
    if (cpu_has(CPU_BF16))
        assert_int_equal(ask("bf16", "tests/golden/model/bi").precision,
                         PRECISION_BF16);
    else
        print_message("skip: no BF16 on this CPU\n");
}

static void a_check_wants_rank_and_distance(void **state)
{
    const double f32[] = { 0.1, 0.2, 0.3, 0.4, 0.5 };
    const struct {
        double y[5];
        bool passes;
    } rows[] = {
        { { 0.1, 0.2, 0.3, 0.4, 0.5 }, true },
        { { 0.1, 0.24, 0.3, 0.4, 0.5 }, true },
        { { 0.1, 0.2, 0.3, 0.4, 0.56 }, false },
        { { 0.1, 0.2, 0.41, 0.4, 0.5 }, false },
    };
    struct precision_check c;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_ok(precision_check(&c, rows[i].y, f32, 5, &err), &err);
        assert_int_equal(c.passed, rows[i].passes);
    }
}

/* ---- STS-B ---- */

enum { PAIRS = 1379 };
static struct span text[2 * PAIRS];
static double label[PAIRS], cosine[3][PAIRS];

static size_t read_pairs(struct buf *b, const char *path)
{
    struct err err = ERR_INIT;
    size_t n = 0;

    assert_ok(file_read(b, path, &err), &err);
    for (const char *line = buf_str(b), *end; n < PAIRS && *line;
         line = end + 1) {
        const char *tab = strchr(line, '\t'), *second = strchr(tab + 1, '\t');

        end = strchr(line, '\n');
        text[n] = (struct span){ line, (size_t)(tab - line) };
        text[PAIRS + n] = (struct span){ tab + 1, (size_t)(second - tab - 1) };
        label[n++] = strtod(second + 1, NULL);
    }
    return n;
}

static void stsb_as_the_reference_and_little_lost_in_int8_and_bf16(void **state)
{
    char data[SUPPORT_PATH], folder[FILE_PATH_MAX];
    struct buf b = BUF_INIT(1 << 22);
    struct bi_encoder m;
    struct workers *w;
    struct err err = ERR_INIT;
    float *y;
    double truth[3], rho;

    (void)state;
    if (!support_shared("data/stsb/en-test.tsv", data) ||
        stage_model_path(folder, "all-MiniLM-L6-v2", &err) < 0)
        skip();
    assert_int_equal(read_pairs(&b, data), PAIRS);
    assert_ok(workers_start(&w, 0, &err), &err);
    assert_ok(bi_encoder_load(&m, folder, &err), &err);
    y = calloc((size_t)2 * PAIRS * bi_encoder_dim(&m), sizeof(*y));
    assert_non_null(y);
    for (enum precision p = PRECISION_F32; p <= PRECISION_INT8; p++) {
        if (p == PRECISION_BF16 && !cpu_has(CPU_BF16)) {
            print_message("skip: no BF16 on this CPU\n");
            continue;
        }
        assert_ok(bi_encoder_freeze(&m, p, &err), &err);
        assert_ok(
            bi_encoder_encode_texts(&m, y, text, (size_t)2 * PAIRS, w, &err),
            &err);
        similarity_rows(cosine[p], SIM_COSINE, y,
                        y + (size_t)PAIRS * bi_encoder_dim(&m), PAIRS,
                        bi_encoder_dim(&m));
        assert_ok(stats_spearman(&truth[p], cosine[p], label, PAIRS, &err),
                  &err);
        assert_ok(stats_spearman(&rho, cosine[p], cosine[0], PAIRS, &err),
                  &err);
        if (rho < 0.999 || truth[p] < truth[0] - 0.002)
            fail_msg("%s: Spearman %.5f to f32, %.5f to the labels (f32 %.5f)",
                     precision_name(p), rho, truth[p], truth[0]);
    }
    /* the reference library's figure: ../shared/reference/minilm.json */
    if (fabs(truth[0] - 0.8203) > 0.0002)
        fail_msg("f32: Spearman %.5f to the labels, expected 0.8203", truth[0]);
    free(y);
    bi_encoder_release(&m);
    workers_stop(w);
    buf_release(&b);
}

static int start(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    gemm_init();
    if (cpu_init("auto", &err) < 0)
        return -1;
    kernels_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(auto_takes_int8_only_where_it_passed,
                                        scratch_make, scratch_clean),
        cmocka_unit_test(what_is_asked_for_is_taken_where_the_cpu_has_it),
        cmocka_unit_test(a_check_wants_rank_and_distance),
        cmocka_unit_test(
            stsb_as_the_reference_and_little_lost_in_int8_and_bf16),
    };

    return cmocka_run_group_tests_name("precision_choice", tests, start, NULL);
}
