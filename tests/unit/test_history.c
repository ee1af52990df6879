#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "model/history.h"

static char path[] = "/tmp/test_history_XXXXXX";

static void add(struct history *h, uint64_t phase, uint64_t batch, double loss,
                double dev)
{
    const struct history_row row = { .phase = phase,
                                     .batch = batch,
                                     .epoch = (double)batch / 10.0,
                                     .loss = loss,
                                     .lr = batch ? 2e-5 : 0.0,
                                     .dev = dev };
    struct err err = ERR_INIT;

    assert_ok(history_add(h, &row, &err), &err);
}

static void fill(struct history *h)
{
    add(h, 0, 0, NAN, 0.25);
    add(h, 0, 10, 0.5, NAN);
    add(h, 1, 0, NAN, 0.5);
    add(h, 1, 10, 0.125, 0.75);
}

static const char *read_back(struct buf *b)
{
    struct err err = ERR_INIT;

    buf_reset(b);
    assert_ok(file_read(b, path, &err), &err);
    return buf_str(b);
}

static void the_table_has_empty_cells_for_what_is_not_known(void **state)
{
    struct history h = { NULL, 0, 0 };
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;

    (void)state;
    fill(&h);
    assert_ok(history_csv(&h, path, &err), &err);
    assert_string_equal(read_back(&b),
                        "phase,batch,epoch,loss,learning_rate,dev\n"
                        "pretraining,0,0.0000,,0,0.25\n"
                        "pretraining,10,1.0000,0.5,2e-05,\n"
                        "training,0,0.0000,,0,0.5\n"
                        "training,10,1.0000,0.125,2e-05,0.75\n");
    buf_release(&b);
    history_release(&h);
}

/* Loss 0.5 and 0.125 of an axis from 0.10625 to 0.51875, 276 pixels high. */
static void the_chart_puts_points_where_they_belong(void **state)
{
    struct history h = { NULL, 0, 0 };
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    const char *text;

    (void)state;
    fill(&h);
    assert_ok(history_svg(&h, path, "title", &err), &err);
    text = read_back(&b);
    assert_non_null(strstr(text, "points=\"360.0,52.5 656.0,303.5 \""));
    assert_non_null(strstr(text, "points=\"64.0,303.5 360.0,178.0 "
                                 "656.0,52.5 \""));
    assert_non_null(strstr(text, "20 batches"));
    assert_non_null(strstr(text, "</svg>"));
    buf_release(&b);
    history_release(&h);
}

static void one_row_is_no_chart(void **state)
{
    struct history h = { NULL, 0, 0 };
    struct err err = ERR_INIT;

    (void)state;
    add(&h, 1, 0, NAN, 0.5);
    unlink(path);
    assert_ok(history_svg(&h, path, "title", &err), &err);
    assert_false(file_exists(path));
    history_release(&h);
}

/* Equal values must not divide by a range of zero. */
static void a_flat_line_is_drawn(void **state)
{
    struct history h = { NULL, 0, 0 };
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;

    (void)state;
    add(&h, 1, 1, 0.0, 0.5);
    add(&h, 1, 2, 0.0, 0.5);
    assert_ok(history_svg(&h, path, "title", &err), &err);
    assert_null(strstr(read_back(&b), "nan"));
    assert_null(strstr(read_back(&b), "inf"));
    buf_release(&b);
    history_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_empty_cells_for_what_is_not_known),
        cmocka_unit_test(the_chart_puts_points_where_they_belong),
        cmocka_unit_test(one_row_is_no_chart),
        cmocka_unit_test(a_flat_line_is_drawn),
    };
    int fd = mkstemp(path), failed;

    if (fd < 0)
        return EXIT_FAILURE;
    close(fd);
    failed = cmocka_run_group_tests_name("history", tests, NULL, NULL);
    unlink(path);
    return failed;
}
