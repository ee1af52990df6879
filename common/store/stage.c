#include "store/stage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "store/stage_parts.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
    if (stop_signal) /* a second one: the user means it */
        _exit(128 + sig);
    stop_signal = sig;
}

bool stage_stopped(void)
{
    return stop_signal != 0;
}

int stage_stop(struct err *err)
{
    return ERR_SET(err, ERR_STOPPED,
                   "interrupted; run the same command again to go on");
}

static void catch_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };

    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- bad records ---- */

/* JSON is UTF-8: bytes that are not become U+FFFD. */
static void set_readable(struct json_node *o, const char *key, const char *text)
{
    size_t left = strlen(text);
    struct buf b = BUF_INIT(3 * left + 3);
    struct err none = ERR_INIT;
    int rc = 0;

    while (rc == 0 && left) {
        size_t good = utf8_valid(text, left), step = good + (good < left);

        rc = buf_append(&b, text, good, &none);
        if (rc == 0 && step > good)
            rc = buf_puts(&b, "\xEF\xBF\xBD", &none);
        text += step;
        left -= step;
    }
    json_set_str(o, key, buf_str(&b));
    buf_release(&b);
}

static int write_reject(struct stage *st, const char *where, const char *reason,
                        const char *record, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT(16 << 20);
    int fd = st->state->rejects_fd, rc;

    json_set_str(o, "where", where);
    json_set_str(o, "reason", reason);
    if (record)
        set_readable(o, "record", record);
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = buf_puts(&b, "\n", err);
    if (rc == 0 && write(fd, b.ptr, b.len) != (ssize_t)b.len)
        rc = ERR_SET(err, ERR_IO, "%s: %s", st->common->rejects,
                     strerror(errno));
    json_node_free(o);
    buf_release(&b);
    return rc;
}

int stage_fail_record(struct stage *st, const char *where, const char *reason,
                      const char *record, struct err *err)
{
    int rc = 0;

    st->n.seen++;
    st->n.failed++;
    if (st->n.failed <= 20)
        log_warn("%s: %s", where, reason);
    if (st->n.failed == 20)
        log_warn("more bad records are counted without a line each");
    if (st->state->rejects_fd >= 0)
        rc = write_reject(st, where, reason, record, err);
    if (rc == 0 && st->n.failed > (uint64_t)st->common->max_failures)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s: %s (%llu bad records, --max-failures allows %lld)",
                     where, reason, (unsigned long long)st->n.failed,
                     (long long)st->common->max_failures);
    return rc;
}

int stage_note_reject(struct stage *st, const char *where, const char *reason,
                      const char *record, struct err *err)
{
    return st->state->rejects_fd >= 0
               ? write_reject(st, where, reason, record, err)
               : 0;
}

/* ---- the run ---- */

double stage_seconds(const struct stage *st)
{
    const struct timespec *t = &st->state->begin;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) +
           (double)(now.tv_nsec - t->tv_nsec) * 1e-9;
}

static void last_line(const struct stage *st)
{
    log_threshold = LOG_INFO; /* also with --quiet */
    log_info("done seen=%llu kept=%llu rejected=%llu failed=%llu "
             "seconds=%.1f peak_mib=%.0f",
             (unsigned long long)st->n.seen, (unsigned long long)st->n.kept,
             (unsigned long long)st->n.rejected,
             (unsigned long long)st->n.failed, stage_seconds(st),
             stage_peak() / 1048576.0);
}

static int open_rejects(struct stage *st, struct err *err)
{
    st->state->rejects_fd = -1;
    if (!st->common->rejects[0])
        return 0;
    st->state->rejects_fd = open(
        st->common->rejects, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (st->state->rejects_fd < 0)
        return ERR_SET(err, ERR_IO, "%s: %s", st->common->rejects,
                       strerror(errno));
    return 0;
}

static int print_parts(const struct stage *st, struct err *err)
{
    struct buf b = BUF_INIT(16 << 20);
    int rc = json_print(&b, st->state->parts, false, err);

    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    return rc;
}

/* What was printed must have arrived: a full disk shows up only now. A reader
 * that went away (| head) has what it wanted. */
static int check_stdout(struct err *err)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
        return 0;
    return ERR_SET(err, ERR_IO, "cannot write to standard output: %s",
                   strerror(errno));
}

static int run_and_record(struct stage *st, struct err *err)
{
    int rc = open_rejects(st, err);

    if (rc == 0)
        rc = st->state->spec->run(st, err);
    progress_end();
    if (rc == 0)
        rc = stage_run_record(st, err);
    if (rc == 0)
        rc = check_stdout(err);
    if (st->state->rejects_fd >= 0)
        close(st->state->rejects_fd);
    return rc;
}

static int work(struct stage *st, bool only_fingerprint, struct err *err)
{
    int rc = stage_find_output(st, err);

    if (rc == 0)
        rc = stage_check_paths(st, err);
    if (rc == 0)
        rc = cpu_init(st->common->isa, err);
    if (rc == 0 && st->state->spec->resolve)
        rc = st->state->spec->resolve(st, err);
    if (rc == 0 && (st->out[0] || only_fingerprint))
        rc = stage_fingerprint(st, err);
    if (rc < 0 || only_fingerprint)
        return rc < 0 ? rc : print_parts(st, err);
    rc = stage_check_output(st, err);
    if (rc == 0) {
        rc = stage_lock(st, err);
        if (rc == 0) /* it may have been made while the lock was another's */
            rc = stage_check_output(st, err);
        if (rc == 0)
            rc = run_and_record(st, err);
        stage_unlock(st, rc < 0);
    }
    if (rc == 1) {
        log_info("%s is up to date", st->out);
        stage_tell_unwritten(st);
    }
    if (rc >= 0)
        last_line(st);
    return rc < 0 ? rc : 0;
}

/* Take the hidden option out of argv. */
static bool take_fingerprint(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++)
        if (strcmp(argv[i], "--fingerprint") == 0) {
            memmove(argv + i, argv + i + 1,
                    (size_t)(*argc - i) * sizeof(*argv));
            *argc -= 1;
            return true;
        }
    return false;
}

static void note_command(struct stage_state *s, int argc, char **argv)
{
    size_t n = 0;

    for (int i = 0; i < argc && n < sizeof(s->command); i++)
        n += (size_t)snprintf(s->command + n, sizeof(s->command) - n, "%s%s",
                              i ? " " : "", argv[i]);
}

/* The table that argv[1] names; NULL after an error or a --help. */
static int parse(const struct stage_spec *const *specs, size_t n, int argc,
                 char **argv, const struct stage_spec **chosen, struct err *err)
{
    const struct opt_spec *tables[64], *unused;
    struct stage_args dummy;

    *chosen = NULL;
    if (!specs[0]->opts->command)
        *chosen = specs[0];
    for (size_t i = 0; i < n; i++) {
        tables[i] = specs[i]->opts;
        if (argc > 1 && tables[i]->command &&
            strcmp(tables[i]->command, argv[1]) == 0)
            *chosen = specs[i];
    }
    if (!*chosen)
        return opt_parse_command(tables, n, argc, argv, &dummy, sizeof(dummy),
                                 &unused, err);
    if ((*chosen)->opts->command) {
        argc--;
        argv++;
    }
    return opt_parse((*chosen)->opts, argc, argv, (*chosen)->args,
                     (*chosen)->args_size, err);
}

int stage_main(const struct stage_spec *const *specs, size_t n, int argc,
               char **argv)
{
    static struct stage_state state;
    static struct stage st;
    const struct stage_spec *chosen = NULL;
    struct err err = ERR_INIT;
    bool only_fingerprint;
    int rc;

    log_init(argv[0]);
    note_command(&state, argc, argv);
    only_fingerprint = take_fingerprint(&argc, argv);
    rc = parse(specs, n, argc, argv, &chosen, &err);
    if (rc == OPT_HANDLED)
        return EXIT_SUCCESS;
    if (rc == 0) {
        st.opts = chosen->opts;
        st.args = chosen->args;
        st.common = chosen->args;
        st.extra = json_new_object();
        st.run = json_new_object();
        st.state = &state;
        state.spec = chosen;
        state.rejects_fd = state.lock_fd = -1;
        clock_gettime(CLOCK_MONOTONIC, &state.begin);
        if (st.common->quiet) {
            log_threshold = LOG_ERROR;
            progress_quiet(1);
        }
        catch_signals();
        rc = work(&st, only_fingerprint, &err);
        json_node_free(st.extra);
        json_node_free(st.run);
        json_node_free(state.parts);
    }
    if (rc < 0)
        log_error("%s", err.msg);
    if (rc == ERR_STOPPED && stop_signal)
        return 128 + stop_signal;
    return err_exit_status(rc);
}
