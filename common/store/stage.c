#include "store/stage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"

struct stage_state {
    const struct stage_spec *spec;
    struct json_node *parts; /* the fingerprint */
    int rejects_fd;          /* -1: none */
    struct timespec begin;
    char command[4096]; /* for the run record */
};

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

/* ---- models ---- */

/* The folder of cached models. */
static int cache_dir(char out[FILE_PATH_MAX], struct err *err)
{
    const char *dir = getenv("SILVERSMITH_CACHE"), *home = getenv("HOME");

    if (dir && dir[0])
        return file_join(out, dir, "models", err);
    if (!home || !home[0])
        return ERR_SET(err, ERR_CONFIG,
                       "no model cache: neither SILVERSMITH_CACHE nor HOME is "
                       "set");
    return file_join(out, home, ".cache/silversmith/models", err);
}

int stage_model_cache(char out[4096], const char *name, struct err *err)
{
    char dir[FILE_PATH_MAX], flat[512];
    size_t n = 0;
    int rc = cache_dir(dir, err);

    for (const char *p = name; *p && n + 3 < sizeof(flat); p++) {
        flat[n++] = *p == '/' ? '-' : *p;
        if (*p == '/')
            flat[n++] = '-';
    }
    flat[n] = '\0';
    if (rc < 0)
        return rc;
    return file_join(out, n ? dir : "", n ? flat : dir, err);
}

int stage_model_path(char out[4096], const char *name, struct err *err)
{
    int rc;

    if (file_is_dir(name))
        return file_join(out, "", name, err);
    rc = stage_model_cache(out, name, err);
    if (rc == 0 && !file_is_dir(out))
        rc = ERR_SET(err, ERR_NOTFOUND,
                     "model '%s' is neither a folder nor in the cache; fetch "
                     "it with: model fetch %s",
                     name, name);
    return rc;
}

/* ---- fingerprint ---- */

static void add_part(struct json_node *parts, const char *kind,
                     const char *name, const char *value)
{
    struct json_node *o = json_new_object();
    char text[256];

    snprintf(text, sizeof(text), "%s%s%s", kind, kind[0] ? "." : "", name);
    json_set_str(o, "name", text);
    json_set_str(o, "value", value);
    json_push(parts, o);
}

/* The content of one input, whatever its path is. */
static int input_digest(char hex[65], enum opt_role role, const char *path,
                        struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct json *doc;
    int rc;

    if (role == OPT_IN_STORE) {
        rc = store_receipt(&doc, path, err);
        if (rc < 0)
            return rc;
        snprintf(hex, 65, "%s",
                 json_str(json_get(json_root(doc), "digest"), ""));
        json_free(doc);
        return 0;
    }
    if (role == OPT_IN_MODEL) {
        rc = stage_model_path(dir, path, err);
        return rc < 0 ? rc : file_tree_digest(hex, dir, "receipt.json", err);
    }
    return file_is_dir(path) ? file_tree_digest(hex, path, "receipt.json", err)
                             : file_digest(hex, path, err);
}

static int add_input(struct json_node *parts, const struct opt *o,
                     const void *field, struct err *err)
{
    const char *name = o->port ? o->port : o->long_name;
    const struct opt_list *list = field;
    const char *one = o->type == OPT_STR ? *(const char *const *)field : "";
    char hex[65], indexed[128];
    int rc = 0;

    if (o->type == OPT_STR) {
        if (!one[0])
            return 0;
        rc = input_digest(hex, o->role, one, err);
        if (rc == 0)
            add_part(parts, "input", name, hex);
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        snprintf(indexed, sizeof(indexed), "%s[%zu]", name, i);
        rc = input_digest(hex, o->role, list->item[i], err);
        if (rc == 0)
            add_part(parts, "input", indexed, hex);
    }
    return rc;
}

static int add_option(struct json_node *parts, const struct opt *o,
                      const void *args, struct err *err)
{
    struct buf b = BUF_INIT(1 << 20);
    int rc = opt_value(&b, o, args, err);

    if (rc == 0)
        add_part(parts, "option", o->long_name, buf_str(&b));
    buf_release(&b);
    return rc;
}

static int fingerprint(struct stage *st, struct err *err)
{
    struct json_node *parts = json_new_array();
    char text[128];
    int rc = 0;

    st->state->parts = parts;
    snprintf(text, sizeof(text), "%s%s%s", st->opts->program,
             st->opts->command ? " " : "",
             st->opts->command ? st->opts->command : "");
    add_part(parts, "", "stage", text);
    snprintf(text, sizeof(text), "%d", st->opts->version);
    add_part(parts, "", "version", text);
    snprintf(text, sizeof(text), "%d.%d", STORE_SCHEMA_MAJOR,
             STORE_SCHEMA_MINOR);
    add_part(parts, "", "schema", text);
    for (const struct opt *o = st->opts->opts; rc == 0 && o->long_name; o++) {
        const void *field = (const char *)st->args + o->offset;

        if (o->flags & OPT_NO_RESULT)
            continue;
        if (o->role == OPT_PLAIN)
            rc = add_option(parts, o, st->args, err);
        else if (o->role == OPT_IN_STORE || o->role == OPT_IN_FILE ||
                 o->role == OPT_IN_MODEL)
            rc = add_input(parts, o, field, err);
    }
    return rc;
}

static bool same_fingerprint(const struct json_node *a,
                             const struct json_node *b)
{
    struct buf x = BUF_INIT(16 << 20), y = BUF_INIT(16 << 20);
    struct err none = ERR_INIT;
    bool same = a && b && json_print(&x, a, false, &none) == 0 &&
                json_print(&y, b, false, &none) == 0 &&
                strcmp(buf_str(&x), buf_str(&y)) == 0;

    buf_release(&x);
    buf_release(&y);
    return same;
}

/* ---- the output ---- */

static const struct opt *output_row(const struct stage *st)
{
    for (const struct opt *o = st->opts->opts; o->long_name; o++)
        if (o->role == OPT_OUT_STORE || o->role == OPT_OUT_FILE ||
            o->role == OPT_OUT_DIR)
            return o;
    return NULL;
}

static int receipt_path(char path[FILE_PATH_MAX], const struct opt *o,
                        const char *out, struct err *err)
{
    int n = snprintf(path, FILE_PATH_MAX, "%s%sreceipt.json", out,
                     o->role == OPT_OUT_DIR ? "/" : ".");

    return n >= FILE_PATH_MAX
               ? ERR_SET(err, ERR_FULL, "%s: path is too long", out)
               : 0;
}

static int load_receipt(struct json **doc, const struct opt *o, const char *out,
                        struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc;

    *doc = NULL;
    if (o->role == OPT_OUT_STORE)
        return store_receipt(doc, out, err);
    rc = receipt_path(path, o, out, err);
    return rc < 0 ? rc : json_load(doc, path, JSON_STRICT, err);
}

static void counts_from(struct stage *st, const struct json *doc)
{
    const struct json_node *c = json_get(json_root(doc), "counts");

    st->n.seen = (uint64_t)json_num(json_get(c, "seen"), 0.0);
    st->n.kept = (uint64_t)json_num(json_get(c, "kept"), 0.0);
    st->n.rejected = (uint64_t)json_num(json_get(c, "rejected"), 0.0);
    st->n.failed = (uint64_t)json_num(json_get(c, "failed"), 0.0);
}

/* 1: the output is there and is what would be made. */
static int check_output(struct stage *st, struct err *err)
{
    const struct opt *o = output_row(st);
    struct err none = ERR_INIT;
    struct json *doc = NULL;
    const char *out;
    bool same;

    if (!o)
        return 0;
    out = *(const char *const *)((const char *)st->args + o->offset);
    if (!out[0])
        return 0;
    if (snprintf(st->out, sizeof(st->out), "%s", out) >=
            (int)sizeof(st->out) - 16 ||
        snprintf(st->part, sizeof(st->part), "%s.part", out) < 0)
        return ERR_SET(err, ERR_USAGE, "--%s: path is too long", o->long_name);
    if (st->common->force || !file_exists(out))
        return 0;
    same = load_receipt(&doc, o, out, &none) == 0 &&
           same_fingerprint(json_get(json_root(doc), "fingerprint"),
                            st->state->parts);
    if (same)
        counts_from(st, doc);
    json_free(doc);
    if (same)
        return 1;
    return ERR_SET(err, ERR_USAGE,
                   "%s exists and was made with other inputs or options; "
                   "--force replaces it",
                   out);
}

int stage_create(struct stage *st, struct store **out, const char *kind,
                 struct err *err)
{
    struct buf mine = BUF_INIT(16 << 20);
    struct blob theirs;
    struct err none = ERR_INIT;
    bool resumed = false;
    int rc = 0;

    *out = NULL;
    if (!st->state->spec->resumes)
        rc = file_remove(st->part, err);
    if (rc == 0)
        rc = json_print(&mine, st->state->parts, false, err);
    if (rc == 0)
        rc = store_create(out, st->part, kind, &resumed, err);
    if (rc == 0 && resumed &&
        (store_get_meta(*out, "fingerprint", &theirs, &none) < 0 ||
         theirs.len != mine.len ||
         memcmp(theirs.ptr, mine.ptr, mine.len) != 0)) {
        log_info("%s is of other inputs or options: starting again", st->part);
        store_close(*out);
        *out = NULL;
        resumed = false;
        rc = file_remove(st->part, err);
        if (rc == 0)
            rc = store_create(out, st->part, kind, &resumed, err);
    }
    if (rc == 0 && !resumed) {
        rc = store_put_meta(*out, "fingerprint",
                            (struct blob){ mine.ptr, mine.len }, err);
        if (rc == 0)
            rc = store_commit(*out, err);
    }
    if (rc < 0) {
        store_close(*out);
        *out = NULL;
    }
    st->resumed = resumed && rc == 0;
    buf_release(&mine);
    return rc;
}

static struct json_node *make_receipt(const struct stage *st)
{
    struct json_node *r = json_new_object(), *c = json_new_object();

    assert(st->n.seen == st->n.kept + st->n.rejected + st->n.failed);
    json_set_copy(r, "fingerprint", st->state->parts);
    json_set_num(c, "seen", (double)st->n.seen);
    json_set_num(c, "kept", (double)st->n.kept);
    json_set_num(c, "rejected", (double)st->n.rejected);
    json_set_num(c, "failed", (double)st->n.failed);
    json_set(r, "counts", c);
    json_set_copy(r, "extra", st->extra);
    return r;
}

int stage_finish(struct stage *st, struct store *s, struct err *err)
{
    struct json_node *r = make_receipt(st);
    int rc = store_finish(s, st->out, r, err);

    json_node_free(r);
    return rc;
}

int stage_create_dir(struct stage *st, struct err *err)
{
    int rc = file_remove(st->part, err);

    return rc < 0 ? rc : file_mkdirs(st->part, err);
}

static int write_receipt(const char *path, const struct stage *st,
                         const char *digest, struct err *err)
{
    struct json_node *r = make_receipt(st);
    struct buf b = BUF_INIT(64 << 20);
    int rc;

    json_set_str(r, "digest", digest);
    rc = json_print(&b, r, true, err);
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    json_node_free(r);
    buf_release(&b);
    return rc;
}

/* fsync every file below dir. */
static int sync_tree(const char *dir, struct err *err)
{
    struct file_list list;
    int rc = file_list(&list, dir, err);

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        char path[FILE_PATH_MAX];

        rc = file_join(path, dir, list.name[i], err);
        if (rc == 0)
            rc =
                file_is_dir(path) ? sync_tree(path, err) : file_sync(path, err);
    }
    file_list_release(&list);
    return rc < 0 ? rc : file_sync(dir, err);
}

int stage_finish_dir(struct stage *st, struct err *err)
{
    char path[FILE_PATH_MAX], hex[65];
    int rc = file_tree_digest(hex, st->part, "receipt.json", err);

    if (rc == 0)
        rc = file_join(path, st->part, "receipt.json", err);
    if (rc == 0)
        rc = write_receipt(path, st, hex, err);
    if (rc == 0)
        rc = sync_tree(st->part, err);
    if (rc == 0 && file_exists(st->out)) /* --force: a folder blocks rename */
        rc = file_remove(st->out, err);
    return rc < 0 ? rc : file_rename(st->part, st->out, err);
}

int stage_finish_file(struct stage *st, struct err *err)
{
    char path[FILE_PATH_MAX], hex[65];
    const struct opt *o = output_row(st);
    int rc = file_digest(hex, st->part, err);

    if (rc == 0)
        rc = file_sync(st->part, err);
    if (rc == 0)
        rc = file_rename(st->part, st->out, err);
    if (rc == 0)
        rc = receipt_path(path, o, st->out, err);
    return rc < 0 ? rc : write_receipt(path, st, hex, err);
}

/* ---- bad records ---- */

static int write_reject(struct stage *st, const char *where, const char *reason,
                        const char *record, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT(16 << 20);
    int fd = st->state->rejects_fd, rc;

    json_set_str(o, "where", where);
    json_set_str(o, "reason", reason);
    if (record)
        json_set_str(o, "record", record);
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

/* ---- the run ---- */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) +
           (double)(now.tv_nsec - t->tv_nsec) * 1e-9;
}

static void last_line(const struct stage *st)
{
    log_threshold = LOG_INFO; /* also with --quiet */
    log_info("done seen=%llu kept=%llu rejected=%llu failed=%llu "
             "seconds=%.1f",
             (unsigned long long)st->n.seen, (unsigned long long)st->n.kept,
             (unsigned long long)st->n.rejected,
             (unsigned long long)st->n.failed,
             seconds_since(&st->state->begin));
}

/* What differs from run to run goes beside the output, not into it. */
static int write_run_record(struct stage *st, struct err *err)
{
    char path[FILE_PATH_MAX + 16], host[256] = "", when[32];
    struct buf b = BUF_INIT(1 << 20);
    struct rusage ru;
    time_t now = time(NULL);
    struct tm tm;
    int rc;

    if (!st->out[0])
        return 0;
    gethostname(host, sizeof(host) - 1);
    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    getrusage(RUSAGE_SELF, &ru);
    json_set_str(st->run, "command", st->state->command);
    json_set_str(st->run, "version", VERSION);
    json_set_str(st->run, "finished", when);
    json_set_num(st->run, "seconds", seconds_since(&st->state->begin));
    json_set_num(st->run, "peak_bytes", (double)ru.ru_maxrss * 1024.0);
    json_set_num(st->run, "threads", (double)st->common->threads);
    json_set_str(st->run, "host", host);
    json_set_str(st->run, "cpu", cpu_name());
    json_set_str(st->run, "isa", cpu_isa());
    rc = json_print(&b, st->run, true, err);
    snprintf(path, sizeof(path), "%s.run.json", st->out);
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
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

static int work(struct stage *st, bool only_fingerprint, struct err *err)
{
    int rc = fingerprint(st, err);

    if (rc < 0 || only_fingerprint)
        return rc < 0 ? rc : print_parts(st, err);
    rc = check_output(st, err);
    if (rc == 1) {
        log_info("%s is up to date", st->out);
        last_line(st);
        return 0;
    }
    if (rc == 0)
        rc = cpu_init(st->common->isa, err);
    if (rc == 0)
        rc = open_rejects(st, err);
    if (rc == 0)
        rc = st->state->spec->run(st, err);
    progress_end();
    if (rc == 0)
        rc = write_run_record(st, err);
    if (rc == 0)
        last_line(st);
    if (st->state->rejects_fd >= 0)
        close(st->state->rejects_fd);
    return rc;
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
        state.rejects_fd = -1;
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
