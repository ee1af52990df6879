#include "support/support.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/progress.h"

/* What a terminal of so many columns was sent. */
static void drawn_on(char *out, size_t size, unsigned short columns)
{
    const struct timespec due = { 0, 110000000 }; /* it draws 10 times a s */
    struct winsize w = { .ws_row = 24, .ws_col = columns };
    int master, slave, saved = dup(STDERR_FILENO);
    ssize_t n;

    assert_int_equal(openpty(&master, &slave, NULL, NULL, &w), 0);
    fflush(stderr);
    dup2(slave, STDERR_FILENO);
    progress_start("anchors", 720);
    nanosleep(&due, NULL);
    progress_update(215, "cached=0 failed=0 filtered=0 money=0.2111");
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    n = read(master, out, size - 1);
    assert_true(n > 0);
    out[n] = '\0';
    progress_quiet(0);
    close(saved);
    close(slave);
    close(master);
}

static void a_line_is_cut_to_the_terminal(void **state)
{
    static const unsigned short columns[] = { 20, 40, 80 };
    char out[4096];

    (void)state;
    log_init("llm-generate");
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        drawn_on(out, sizeof(out), columns[i]);
        assert_memory_equal(out, "\rllm-generate: 215/7", 20);
        assert_int_equal(strcspn(out + 1, "\033"), columns[i] - 1);
    }
    drawn_on(out, sizeof(out), 200);
    assert_non_null(strstr(out, " money=0.2111\033[K"));
    drawn_on(out, sizeof(out), 0); /* a terminal that does not know */
    assert_int_equal(strcspn(out + 1, "\033"), 79);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_cut_to_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
