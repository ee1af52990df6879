#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/export_parts.h"

void export_number(char out[32], float x)
{
    char text[32] = "";

    for (int digits = 1; !isnan(x) && digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)x);
        if (strtof(text, NULL) == x)
            break;
    }
    memcpy(out, text, sizeof(text));
}

struct field *export_add_field(struct sink *s, const char *name,
                               struct span text)
{
    struct field *f = &s->field[s->n++];

    snprintf(f->name, sizeof(f->name), "%s", name);
    f->text = text;
    f->form = FIELD_TEXT;
    return f;
}

void export_add_number(struct sink *s, const char *name, char room[32], float x)
{
    export_number(room, x);
    export_add_field(s, name, span_of(room))->form = FIELD_NUMBER;
}

int export_flush(struct sink *s, struct err *err)
{
    const char *p = s->out.ptr;
    size_t left = s->out.len;

    while (left) {
        ssize_t n = write(s->fd, p, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_SET(err, errno == ENOSPC ? ERR_FULL : ERR_IO,
                           "%s: cannot write: %s", s->st->part,
                           strerror(errno));
        p += n;
        left -= (size_t)n;
    }
    buf_reset(&s->out);
    return 0;
}

static int put_csv(struct buf *b, struct span t, struct err *err)
{
    bool plain = true;
    int rc;

    for (size_t i = 0; i < t.len; i++)
        plain = plain && !strchr(",\"\r\n", t.ptr[i]);
    if (plain)
        return buf_append(b, t.ptr, t.len, err);
    rc = buf_puts(b, "\"", err);
    for (size_t i = 0; rc == 0 && i < t.len; i++) {
        if (t.ptr[i] == '"')
            rc = buf_puts(b, "\"", err);
        if (rc == 0)
            rc = buf_append(b, t.ptr + i, 1, err);
    }
    return rc < 0 ? rc : buf_puts(b, "\"", err);
}

static int set_raw(struct json_node *o, const char *name, const char *text,
                   struct err *err)
{
    struct json *doc;
    int rc = json_parse(&doc, name, text, strlen(text), JSON_STRICT, err);

    if (rc == 0)
        json_set_copy(o, name, json_root(doc));
    json_free(doc);
    return rc;
}

static int put_json(struct sink *s, struct err *err)
{
    struct json_node *o = json_new_object();
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        const struct field *f = &s->field[i];

        buf_reset(&s->word);
        rc = buf_append(&s->word, f->text.ptr, f->text.len, err);
        if (f->text.len == 0)
            json_set_null(o, f->name);
        else if (f->form == FIELD_NUMBER)
            json_set_num(o, f->name, strtod(buf_str(&s->word), NULL));
        else if (f->form == FIELD_JSON && rc == 0)
            rc = set_raw(o, f->name, buf_str(&s->word), err);
        else
            json_set_str(o, f->name, buf_str(&s->word));
    }
    if (rc == 0)
        rc = json_print(&s->out, o, false, err);
    json_node_free(o);
    return rc < 0 ? rc : buf_puts(&s->out, "\n", err);
}

static int put_row(struct sink *s, bool names, struct err *err)
{
    bool csv = s->rules->format == ROWS_CSV;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        struct span t = names ? span_of(s->field[i].name) : s->field[i].text;

        if (i)
            rc = buf_puts(&s->out, csv ? "," : "\t", err);
        if (rc == 0)
            rc = csv ? put_csv(&s->out, t, err)
                     : buf_append(&s->out, t.ptr, t.len, err);
    }
    return rc < 0 ? rc : buf_puts(&s->out, "\n", err);
}

bool export_fits(const struct sink *s, struct span text)
{
    const char *bad = s->rules->format == ROWS_TSV ? "\t\r\n" : "\r\n";

    if (s->rules->format == ROWS_CSV || s->rules->format == ROWS_JSONL)
        return true;
    for (size_t i = 0; i < text.len; i++)
        if (strchr(bad, text.ptr[i]))
            return false;
    return true;
}

int export_emit(struct sink *s, bool first, bool *fits, struct err *err)
{
    bool table = s->rules->format == ROWS_TSV || s->rules->format == ROWS_CSV;
    int rc = 0;

    *fits = true;
    for (size_t i = 0; i < s->n; i++)
        *fits = *fits && export_fits(s, s->field[i].text);
    if (first && table && s->rules->header)
        rc = put_row(s, true, err);
    if (rc == 0 && *fits)
        rc = s->rules->format == ROWS_JSONL ? put_json(s, err)
                                            : put_row(s, false, err);
    s->n = 0;
    return rc == 0 && s->out.len >= EXPORT_FLUSH ? export_flush(s, err) : rc;
}
