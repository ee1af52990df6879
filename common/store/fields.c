#include "store/fields.h"

#include <string.h>

int fields_init(struct fields *f, enum rows_format format, const char *begin,
                const char *end, struct err *err)
{
    *f = (struct fields){ .format = format,
                          .from = begin,
                          .at = begin,
                          .end = end,
                          .line = 1,
                          .from_line = 1,
                          .scratch = { .max = 2 * ROW_MAX } };
    return buf_reserve(&f->scratch, 64, err); /* never NULL from here on */
}

void fields_release(struct fields *f)
{
    buf_release(&f->scratch);
}

/* ---- lines ---- */

/* The rest of the line at f->at, without its end; steps behind it. */
static struct span take_line(struct fields *f)
{
    size_t left = (size_t)(f->end - f->at);
    const char *nl = memchr(f->at, '\n', left);
    struct span s = { f->at, nl ? (size_t)(nl - f->at) : left };

    f->at += s.len + (nl != NULL);
    f->line++;
    if (s.len && s.ptr[s.len - 1] == '\r')
        s.len--;
    return s;
}

/* ---- fields ---- */

static void add_field(struct fields *f, const char *p, size_t len)
{
    if (f->n <= FIELDS_MAX)
        f->field[f->n++] = (struct span){ p, len };
}

static void split_tabs(struct fields *f, struct span s)
{
    const char *p = s.ptr, *end = s.ptr + s.len;

    for (;;) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));

        add_field(f, p, (size_t)((tab ? tab : end) - p));
        if (!tab)
            return;
        p = tab + 1;
    }
}

/* ---- CSV ---- */

/* A quoted field from behind its quote; *p is left behind the closing one. */
static int take_quoted(struct fields *f, const char **p, struct err *err)
{
    size_t from = f->scratch.len;
    int rc = 0;

    while (rc == 0) {
        size_t left = (size_t)(f->end - *p);
        const char *q = memchr(*p, '"', left < ROW_MAX ? left : ROW_MAX);

        if (!q)
            return ERR_SET(err, ERR_FORMAT, "a quote is not closed");
        rc = buf_append(&f->scratch, *p, (size_t)(q - *p), err);
        *p = q + 1;
        if (*p == f->end || **p != '"')
            break;
        if (rc == 0)
            rc = buf_append(&f->scratch, "\"", 1, err);
        *p += 1;
    }
    /* an offset for now: the buffer may still move */
    add_field(f, NULL, f->scratch.len - from);
    return rc;
}

static size_t without_cr(const char *from, const char *to, bool ends_line)
{
    return (size_t)(to - from) - (ends_line && to > from && to[-1] == '\r');
}

/* Quoted fields were collected in the scratch buffer, which now stands. */
static void place_quoted(struct fields *f)
{
    size_t used = 0;

    for (size_t i = 0; i < f->n; i++)
        if (!f->field[i].ptr) {
            f->field[i].ptr = f->scratch.ptr + used;
            used += f->field[i].len;
        }
}

/* One record of CSV at f->at; on success f->at is behind it. */
static int split_csv(struct fields *f, struct err *err)
{
    const char *p = f->at, *from;
    int rc = 0;

    for (;;) {
        if (p < f->end && *p == '"') {
            p++;
            rc = take_quoted(f, &p, err);
            if (rc == 0 && p < f->end && *p != ',' && *p != '\r' && *p != '\n')
                rc = ERR_SET(err, ERR_FORMAT, "text behind a closing quote");
        } else {
            from = p;
            while (p < f->end && *p != ',' && *p != '\n')
                p++;
            add_field(f, from, without_cr(from, p, p == f->end || *p == '\n'));
        }
        if (rc < 0)
            return rc;
        if (p == f->end || *p != ',')
            break;
        p++;
    }
    if (p < f->end && *p == '\r')
        p++;
    for (const char *c = f->at; c < p; c++)
        f->line += *c == '\n';
    f->line++;
    f->at = p < f->end ? p + 1 : p;
    place_quoted(f);
    return 0;
}

/* ---- rows ---- */

static void skip_blank_lines(struct fields *f)
{
    for (const char *p = f->at; p < f->end; p++)
        if (*p == '\n') {
            f->at = p + 1;
            f->line++;
        } else if (*p != '\r' && (f->format == ROWS_TSV || *p != ' ')) {
            return;
        }
    f->at = f->end;
}

int fields_next(struct fields *f, struct err *err)
{
    int rc = 0;

    f->n = 0;
    buf_reset(&f->scratch);
    skip_blank_lines(f);
    f->from_line = f->line;
    f->from = f->at;
    if (f->at == f->end)
        return 1;
    if (f->format == ROWS_CSV) {
        rc = split_csv(f, err);
        if (rc < 0)
            (void)take_line(f);
    } else if (f->format == ROWS_TSV) {
        split_tabs(f, take_line(f));
    } else {
        struct span s = take_line(f);

        add_field(f, s.ptr, s.len);
    }
    return rc;
}

struct span fields_raw(const struct fields *f)
{
    size_t len = (size_t)(f->at - f->from);

    while (len && (f->from[len - 1] == '\n' || f->from[len - 1] == '\r'))
        len--;
    return (struct span){ f->from, len };
}
