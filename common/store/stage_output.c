/* stage_output.c - part files, receipts and run records. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/guard.h"
#include "store/stage_parts.h"

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

int stage_find_output(struct stage *st, struct err *err)
{
    const struct opt *o = output_row(st);
    const char *out = "";

    if (o)
        out = *(const char *const *)((const char *)st->args + o->offset);
    if (strlen(out) >= sizeof(st->out) - 16)
        return ERR_SET(err, ERR_USAGE, "--%s: path is too long", o->long_name);
    snprintf(st->out, sizeof(st->out), "%s", out);
    snprintf(st->part, sizeof(st->part), "%s%s", out, out[0] ? ".part" : "");
    return 0;
}

/* By its name, or by what llm-generate writes beside it. Opening the file to
 * see is no way: it may be damaged, and LMDB would crash. */
static bool holds_answers(const char *path)
{
    const char *name = file_base(path), *dot = strrchr(name, '.');
    char report[FILE_PATH_MAX + 16];

    snprintf(report, sizeof(report), "%s.report.json", path);
    return (dot && strcmp(dot, ".answers") == 0) || file_exists(report);
}

int stage_check_output(struct stage *st, struct err *err)
{
    struct err none = ERR_INIT;
    struct json *doc = NULL;
    bool same;

    if (!st->out[0] || !file_exists(st->out))
        return 0;
    if (output_row(st)->role != OPT_OUT_DIR && file_is_dir(st->out))
        return ERR_SET(err, ERR_USAGE,
                       "%s is a folder, expected a file to make", st->out);
    if (holds_answers(st->out))
        return ERR_SET(err, ERR_USAGE,
                       "%s holds answers that were paid for: nothing replaces "
                       "it; name another file, or move it away",
                       st->out);
    if (st->common->force)
        return 0;
    same = load_receipt(&doc, output_row(st), st->out, &none) == 0 &&
           stage_same_fingerprint(json_get(json_root(doc), "fingerprint"),
                                  st->state->parts);
    if (same)
        counts_from(st, doc);
    json_free(doc);
    if (same)
        return 1;
    return ERR_SET(err, ERR_USAGE,
                   "%s exists and was made with other inputs or options; "
                   "--force replaces it",
                   st->out);
}

static void beside(char path[FILE_PATH_MAX + 16], const char *out,
                   const char *ending)
{
    snprintf(path, FILE_PATH_MAX + 16, "%s%s", out, ending);
}

int stage_lock(struct stage *st, struct err *err)
{
    char path[FILE_PATH_MAX + 16];
    int rc;

    if (!st->out[0])
        return 0;
    snprintf(path, sizeof(path), "%s", st->out);
    path[file_base(path) - path] = '\0';
    rc = path[0] ? file_mkdirs(path, err) : 0;
    beside(path, st->out, ".lock");
    return rc < 0 ? rc : guard_lock(&st->state->lock_fd, path, err);
}

void stage_unlock(struct stage *st, bool failed)
{
    char path[FILE_PATH_MAX + 16];
    struct err none = ERR_INIT;

    if (st->state->lock_fd < 0)
        return;
    if (failed && !st->state->spec->resumes) {
        beside(path, st->part, ".final");
        if (file_remove(path, &none) < 0 || file_remove(st->part, &none) < 0)
            log_warn("%s", none.msg);
    }
    beside(path, st->out, ".lock");
    guard_unlock(st->state->lock_fd, path);
    st->state->lock_fd = -1;
}

/* Is the unfinished store one of this fingerprint? */
static bool is_mine(struct store *s, const struct buf *mine)
{
    struct err none = ERR_INIT;
    struct blob theirs;

    return store_get_meta(s, "fingerprint", &theirs, &none) == 0 &&
           theirs.len == mine->len &&
           memcmp(theirs.ptr, mine->ptr, mine->len) == 0;
}

/* Open the .part; one that cannot be gone on with is made anew. */
static int open_part(struct stage *st, struct store **out, const char *kind,
                     const struct buf *mine, struct err *err)
{
    int rc = store_create(out, st->part, kind, &st->resumed, err);

    if (rc == 0 && (!st->resumed || is_mine(*out, mine)))
        return 0;
    if (rc < 0 && rc != ERR_FORMAT && rc != ERR_USAGE)
        return rc;
    log_info("%s: %s: starting again", st->part,
             rc < 0 ? "cannot go on with it" : "of other inputs or options");
    store_close(*out);
    *out = NULL;
    rc = file_remove(st->part, err);
    return rc < 0 ? rc : store_create(out, st->part, kind, &st->resumed, err);
}

int stage_create(struct stage *st, struct store **out, const char *kind,
                 struct err *err)
{
    struct buf mine = BUF_INIT(16 << 20);
    int rc = 0;

    *out = NULL;
    st->resumed = false;
    if (!st->state->spec->resumes)
        rc = file_remove(st->part, err);
    if (rc == 0)
        rc = json_print(&mine, st->state->parts, false, err);
    if (rc == 0)
        rc = open_part(st, out, kind, &mine, err);
    if (rc == 0 && !st->resumed) {
        rc = store_put_meta(*out, "fingerprint",
                            (struct blob){ mine.ptr, mine.len }, err);
        if (rc == 0)
            rc = store_commit(*out, err);
    }
    if (rc < 0) {
        store_close(*out);
        *out = NULL;
    }
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

int stage_identity(const struct stage *st, char hex[65], struct err *err)
{
    struct buf b = BUF_INIT(16 << 20);
    int rc = json_print(&b, st->state->parts, false, err);

    if (rc == 0)
        rc = sha256_hex(hex, b.ptr, b.len, err);
    buf_release(&b);
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

double stage_peak(void)
{
    struct rusage ru;

    getrusage(RUSAGE_SELF, &ru);
    return (double)ru.ru_maxrss * 1024.0;
}

int stage_run_record(struct stage *st, struct err *err)
{
    char path[FILE_PATH_MAX + 16], host[256] = "", when[32];
    struct buf b = BUF_INIT(1 << 20);
    time_t now = time(NULL);
    struct tm tm;
    int rc;

    if (!st->out[0])
        return 0;
    gethostname(host, sizeof(host) - 1);
    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_set_str(st->run, "command", st->state->command);
    json_set_str(st->run, "version", VERSION);
    json_set_str(st->run, "finished", when);
    json_set_num(st->run, "seconds", stage_seconds(st));
    json_set_num(st->run, "peak_bytes", stage_peak());
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
