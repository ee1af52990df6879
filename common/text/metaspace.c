#include "text/metaspace.h"

#include <string.h>

#include "text/normalise.h"

#define MARK "\xe2\x96\x81"

/* ---- reading ---- */

static int read_mark(struct metaspace *m, const struct json *doc,
                     const struct json_node *n, struct err *err)
{
    const char *mark = json_str(json_get(n, "replacement"), MARK), *p = mark;

    if (*p)
        (void)normalise_decode(&p, mark + strlen(mark));
    if (p == mark || *p)
        return JSON_ERR(err, doc, n,
                        "Metaspace with replacement \"%.40s\", expected one "
                        "character",
                        mark);
    memcpy(m->mark, mark, strlen(mark) + 1);
    return 0;
}

static int read_metaspace(struct metaspace *m, const struct json *doc,
                          const struct json_node *n, struct err *err)
{
    static const char *const name[] = { "always", "first", "never" };
    bool before = json_bool(json_get(n, "add_prefix_space"), true);
    const char *scheme =
        json_str(json_get(n, "prepend_scheme"),
                 name[before ? METASPACE_ALWAYS : METASPACE_NEVER]);
    int found = -1;

    for (int i = 0; i < 3; i++)
        if (strcmp(scheme, name[i]) == 0)
            found = i;
    if (found < 0)
        return JSON_ERR(err, doc, n, "prepend_scheme %.40s is not known here",
                        scheme);
    m->prepend = (enum metaspace_prepend)found;
    m->whole = !json_bool(json_get(n, "split"), true);
    return read_mark(m, doc, n, err);
}

/* In order; a second WhitespaceSplit or Metaspace is not known. */
static int read_part(struct metaspace *m, const struct json *doc,
                     const struct json_node *n, struct err *err)
{
    const char *type = json_str(json_get(n, "type"), "?");

    if (strcmp(type, "WhitespaceSplit") == 0 && !m->mark[0]) {
        m->by_space = true;
        return 0;
    }
    if (strcmp(type, "Metaspace") == 0 && !m->mark[0])
        return read_metaspace(m, doc, n, err);
    return JSON_ERR(err, doc, n,
                    "pre_tokenizer %.40s is not known here with Unigram "
                    "(Metaspace is, alone or after WhitespaceSplit)",
                    type);
}

int metaspace_read(struct metaspace *m, const struct json *doc,
                   const struct json_node *n, struct err *err)
{
    const char *type = json_str(json_get(n, "type"), "?");
    int rc = 0;

    memset(m, 0, sizeof(*m));
    if (strcmp(type, "Sequence") != 0) {
        rc = read_part(m, doc, n, err);
    } else {
        const struct json_node *part = json_first(json_get(n, "pretokenizers"));

        for (; rc == 0 && part; part = json_next(part))
            rc = read_part(m, doc, part, err);
    }
    if (rc == 0 && !m->mark[0])
        rc = JSON_ERR(err, doc, n, "pre_tokenizer without Metaspace");
    return rc;
}

/* ---- words ---- */

static bool begins(struct span s, const char *mark)
{
    size_t n = strlen(mark);

    return s.len >= n && memcmp(s.ptr, mark, n) == 0;
}

/* The text with its marks. */
static int mark_all(const struct metaspace *m, struct buf *out,
                    struct span text, bool before, struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    int rc = 0;

    buf_reset(out);
    if (before && text.len > 0 && *p != ' ' && !begins(text, m->mark))
        rc = buf_puts(out, m->mark, err);
    while (rc == 0 && p < end) {
        const char *space = memchr(p, ' ', (size_t)(end - p));

        rc = buf_append(out, p, (size_t)((space ? space : end) - p), err);
        if (rc == 0 && space)
            rc = buf_puts(out, m->mark, err);
        p = space ? space + 1 : end;
    }
    return rc;
}

static int each_marked(const struct metaspace *m, struct span text, bool before,
                       struct buf *marked, metaspace_fn *fn, void *ctx,
                       struct err *err)
{
    size_t n = strlen(m->mark);
    const char *p, *end;
    int rc = mark_all(m, marked, text, before, err);

    p = buf_str(marked);
    end = p + marked->len;
    while (rc == 0 && p < end) {
        const char *from =
            begins((struct span){ p, (size_t)(end - p) }, m->mark) ? p + n : p;
        const char *next =
            m->whole ? NULL : memmem(from, (size_t)(end - from), m->mark, n);

        next = next ? next : end;
        rc = fn(ctx, (struct span){ p, (size_t)(next - p) }, err);
        p = next;
    }
    return rc;
}

int metaspace_each(const struct metaspace *m, struct span text, bool first,
                   struct buf *marked, metaspace_fn *fn, void *ctx,
                   struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    bool always = m->prepend == METASPACE_ALWAYS;
    bool before = always || (first && m->prepend == METASPACE_FIRST);
    int rc = 0;

    if (!m->by_space)
        return each_marked(m, text, before, marked, fn, ctx, err);
    while (rc == 0 && p < end) {
        const char *word = p, *after = p;

        while (after < end &&
               !normalise_is_space(normalise_decode(&after, end)))
            p = after;
        if (p > word)
            rc = each_marked(m, (struct span){ word, (size_t)(p - word) },
                             always || (before && word == text.ptr), marked, fn,
                             ctx, err);
        p = after;
    }
    return rc;
}
