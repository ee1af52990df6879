#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "store/review.h"

struct reading {
    struct stage *st;
    const char *path;
    enum review_tool tool;
    struct writer *writer;
    size_t line; /* of JSON lines; 0: an array */
};

static int write_note(struct reading *r, uint64_t ordinal,
                      const struct review_answer *v, struct err *err)
{
    const char *kind = json_str(json_get(v->facts, "kind"), "");
    struct json_node *o = json_new_object(), *n = json_new_object();
    struct buf b = BUF_INIT(1 << 16);
    int rc;

    json_set_str(o, "reviewed",
                 r->tool == REVIEW_ARGILLA ? "argilla" : "label-studio");
    if (kind[0])
        json_set_str(o, "kind", kind);
    json_set_num(n, "same", v->same);
    json_set_num(n, "different", v->different);
    json_set(o, "votes", n);
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = writer_note(r->writer, STORE_PAIRS, ordinal,
                         (struct span){ b.ptr, b.len }, err);
    json_node_free(o);
    buf_release(&b);
    return rc;
}

static int write_pair(struct reading *r, const struct review_answer *v,
                      struct err *err)
{
    struct pair p = { .label = v->same > v->different ? 1.0f : 0.0f,
                      .score = NAN,
                      .reverse = NAN,
                      .origin = ORIGIN_GOLD };
    const struct span none = { "", 0 };
    uint64_t ordinal;
    int rc = writer_text(r->writer, v->a, none, &p.a, err);

    if (rc == 0)
        rc = writer_text(r->writer, v->b, none, &p.b, err);
    if (rc == 0)
        rc = writer_pair(r->writer, &p, &ordinal, err);
    return rc == 0 ? write_note(r, ordinal, v, err) : rc;
}

/* ERR_FORMAT: this record is bad. */
static int read_record(struct reading *r, const struct json_node *o,
                       struct err *err)
{
    struct review_answer v;
    int rc = review_read(&v, o, r->tool, err);

    if (rc < 0)
        return rc;
    if (v.same == v.different) {
        r->st->n.seen++;
        r->st->n.rejected++;
        return 0;
    }
    rc = write_pair(r, &v, err);
    r->st->n.seen += rc == 0;
    r->st->n.kept += rc == 0;
    return rc;
}

static int fail_record(struct reading *r, const struct json *doc,
                       const struct json_node *o, struct err *err)
{
    struct err why = *err;
    char where[FILE_PATH_MAX + 48];
    int line = 1, col = 1;

    if (doc)
        json_where(doc, o, &line, &col);
    snprintf(where, sizeof(where), "%s:%d:%d", r->path,
             r->line ? (int)r->line : line, col);
    return stage_fail_record(r->st, where, why.msg, NULL, err);
}

static int take(struct reading *r, const struct json *doc,
                const struct json_node *o, struct err *err)
{
    int rc = read_record(r, o, err);

    if (rc == ERR_FORMAT)
        rc = fail_record(r, doc, o, err);
    progress_update(r->st->n.seen, NULL);
    return rc == 0 && stage_stopped() ? stage_stop(err) : rc;
}

/* ---- files ---- */

static int read_array(struct reading *r, const char *text, size_t len,
                      struct err *err)
{
    struct json *doc;
    int rc = json_parse(&doc, r->path, text, len, JSON_STRICT, err);

    if (rc < 0)
        return rc;
    for (const struct json_node *o = json_first(json_root(doc)); rc == 0 && o;
         o = json_next(o))
        rc = take(r, doc, o, err);
    json_free(doc);
    return rc;
}

static int read_lines(struct reading *r, const char *p, const char *end,
                      struct err *err)
{
    int rc = 0;

    for (r->line = 1; rc == 0 && p < end; r->line++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((nl ? nl : end) - p);
        struct json *doc;

        if (len > strspn(p, " \t\r")) {
            rc = json_parse(&doc, "record", p, len, JSON_STRICT, err);
            if (rc == 0) {
                rc = take(r, doc, json_root(doc), err);
                json_free(doc);
            } else if (rc == ERR_FORMAT) {
                rc = fail_record(r, NULL, NULL, err);
            }
        }
        p += len + (nl != NULL);
    }
    return rc;
}

static int read_file(struct reading *r, struct err *err)
{
    struct buf b = BUF_INIT((size_t)1 << 31);
    const char *p;
    int rc = file_read(&b, r->path, err);

    p = buf_str(&b);
    if (b.len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    p += strspn(p, " \t\r\n");
    progress_start("records", 0);
    if (rc == 0 && *p == '[')
        rc = read_array(r, p, b.len - (size_t)(p - b.ptr), err);
    else if (rc == 0)
        rc = read_lines(r, p, b.ptr + b.len, err);
    progress_end();
    buf_release(&b);
    return rc;
}

int review_import(struct stage *st, const char *path, enum review_tool tool,
                  struct err *err)
{
    struct reading r = { .st = st, .path = path, .tool = tool };
    struct store *out = NULL;
    int rc = stage_create(st, &out, "pairs", err);

    if (rc == 0)
        rc = writer_new(&r.writer, out, err);
    if (rc == 0)
        rc = read_file(&r, err);
    writer_free(r.writer);
    if (rc == 0) {
        rc = stage_finish(st, out, err);
        out = NULL;
    }
    store_close(out);
    return rc;
}
