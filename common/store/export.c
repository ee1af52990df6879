#include "store/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"

enum { FLUSH = 1 << 20, FIELDS = COLUMNS_MAX };

struct field {
    char name[24];
    struct span text;
    bool number;
};

struct sink {
    struct stage *st;
    const struct export_rules *rules;
    int fd;
    struct buf out, word;
    struct field field[FIELDS];
    size_t n;
    struct json *attr; /* of the row's text; its strings are in the fields */
};

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

/* ---- one row ---- */

static struct field *add_field(struct sink *s, const char *name,
                               struct span text)
{
    struct field *f = &s->field[s->n++];

    snprintf(f->name, sizeof(f->name), "%s", name);
    f->text = text;
    f->number = false;
    return f;
}

static void add_number(struct sink *s, const char *name, char room[32], float x)
{
    export_number(room, x);
    add_field(s, name, span_of(room))->number = true;
}

static int flush(struct sink *s, struct err *err)
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
        else if (f->number)
            json_set_num(o, f->name, strtod(buf_str(&s->word), NULL));
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

/* Can this format hold the text? */
static bool fits_format(const struct sink *s, struct span text)
{
    const char *bad = s->rules->format == ROWS_TSV ? "\t\r\n" : "\r\n";

    if (s->rules->format == ROWS_CSV || s->rules->format == ROWS_JSONL)
        return true;
    for (size_t i = 0; i < text.len; i++)
        if (strchr(bad, text.ptr[i]))
            return false;
    return true;
}

/* Write the fields; *fits is false when this format cannot hold them. */
static int emit(struct sink *s, bool first, bool *fits, struct err *err)
{
    bool table = s->rules->format == ROWS_TSV || s->rules->format == ROWS_CSV;
    int rc = 0;

    *fits = true;
    for (size_t i = 0; i < s->n; i++)
        *fits = *fits && fits_format(s, s->field[i].text);
    if (first && table && s->rules->header)
        rc = put_row(s, true, err);
    if (rc == 0 && *fits)
        rc = s->rules->format == ROWS_JSONL ? put_json(s, err)
                                            : put_row(s, false, err);
    s->n = 0;
    return rc == 0 && s->out.len >= FLUSH ? flush(s, err) : rc;
}

static int count(struct sink *s, const char *what, size_t i, bool fits,
                 struct err *err)
{
    char where[64];

    progress_update(i, NULL);
    if (fits) {
        s->st->n.seen++;
        s->st->n.kept++;
        return stage_stopped() ? stage_stop(err) : 0;
    }
    snprintf(where, sizeof(where), "%s %zu", what, i);
    return stage_fail_record(s->st, where,
                             "holds a TAB or a line break, which this format "
                             "cannot: use csv or jsonl",
                             NULL, err);
}

/* ---- the kinds ---- */

static const char *const attr_name[] = { "id", "group", "source" };
enum { ATTRS = 3 };

static int add_attrs(struct sink *s, struct span attr, struct err *err)
{
    int rc = 0;

    json_free(s->attr);
    s->attr = NULL;
    if (attr.len)
        rc = json_parse(&s->attr, "attributes", attr.ptr, attr.len, JSON_STRICT,
                        err);
    for (int i = 0; rc == 0 && i < ATTRS; i++)
        (void)add_field(
            s, attr_name[i],
            span_of(json_str(json_get(json_root(s->attr), attr_name[i]), "")));
    return rc;
}

static int export_texts(struct sink *s, const struct texts *t, struct err *err)
{
    bool attrs = s->rules->all && s->rules->format != ROWS_TEXT, fits;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < t->n; i++) {
        (void)add_field(s, "text", t->text[i]);
        if (attrs)
            rc = add_attrs(s, t->attr[i], err);
        if (rc == 0)
            rc = emit(s, i == 0, &fits, err);
        if (rc == 0)
            rc = count(s, "text", i, fits, err);
    }
    return rc;
}

/* What the pairs of a store have, over all of them. */
struct fill {
    bool label, score, graded;
};

static struct fill fill_of(const struct pairs *p)
{
    struct fill f = { false, false, false };

    for (size_t i = 0; i < p->n; i++) {
        float label = p->pair[i].label;

        f.label = f.label || !isnan(label);
        f.score = f.score || !isnan(p->pair[i].score);
        f.graded =
            f.graded || (!isnan(label) && label != 0.0f && label != 1.0f);
    }
    return f;
}

static void add_pair(struct sink *s, const struct texts *t,
                     const struct pair *p, const struct fill *f,
                     char room[3][32])
{
    (void)add_field(s, "sentence1", t->text[p->a]);
    (void)add_field(s, "sentence2", t->text[p->b]);
    if (s->rules->all) {
        add_number(s, "label", room[0], p->label);
        add_number(s, "score", room[1], p->score);
        add_number(s, "reverse", room[2], p->reverse);
        (void)add_field(s, "origin", span_of(origin_name(p->origin)));
    } else if (f->label) {
        add_number(s, f->graded ? "score" : "label", room[0], p->label);
    } else if (f->score) {
        add_number(s, "score", room[0], p->score);
    }
}

static int export_pairs(struct sink *s, struct store *in, const struct texts *t,
                        struct err *err)
{
    struct pairs p;
    struct fill fill;
    char room[3][32];
    bool fits;
    int rc = pairs_load(&p, in, err);

    if (rc < 0)
        return rc;
    fill = fill_of(&p);
    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        add_pair(s, t, &p.pair[i], &fill, room);
        rc = emit(s, i == 0, &fits, err);
        if (rc == 0)
            rc = count(s, "pair", i, fits, err);
    }
    pairs_release(&p);
    return rc;
}

/* The number of negatives that all triplets have; 0 when it differs. */
static uint32_t same_width(const struct triplets *t)
{
    uint32_t n = t->n ? t->triplet[0].n : 0;

    for (size_t i = 0; i < t->n; i++)
        if (t->triplet[i].n != n)
            n = 0;
    return n <= FIELDS - 2 ? n : 0;
}

static bool triplet_fits(const struct sink *s, const struct texts *t,
                         const struct triplet *x)
{
    bool fits = fits_format(s, t->text[x->anchor]) &&
                fits_format(s, t->text[x->positive]);

    for (uint32_t k = 0; k < x->n; k++)
        fits = fits && fits_format(s, t->text[x->negative[k]]);
    return fits;
}

static int emit_triplet(struct sink *s, const struct texts *t,
                        const struct triplet *x, uint32_t from, uint32_t width,
                        bool first, bool *fits, struct err *err)
{
    char name[24];

    (void)add_field(s, "anchor", t->text[x->anchor]);
    (void)add_field(s, "positive", t->text[x->positive]);
    for (uint32_t k = 0; k < width; k++) {
        snprintf(name, sizeof(name), width > 1 ? "negative_%u" : "negative",
                 k + 1);
        (void)add_field(s, name, t->text[x->negative[from + k]]);
    }
    return emit(s, first, fits, err);
}

static int export_triplets(struct sink *s, struct store *in,
                           const struct texts *t, struct err *err)
{
    struct triplets x;
    uint32_t width;
    int rc = triplets_load(&x, in, err);

    if (rc < 0)
        return rc;
    width = same_width(&x);
    for (size_t i = 0; rc == 0 && i < x.n; i++) {
        uint32_t step = width ? width : 1;
        bool all_fit = triplet_fits(s, t, &x.triplet[i]), fits;

        for (uint32_t k = 0; rc == 0 && all_fit && k < x.triplet[i].n;
             k += step)
            rc = emit_triplet(s, t, &x.triplet[i], k, step, i == 0 && k == 0,
                              &fits, err);
        if (rc == 0)
            rc = count(s, "triplet", i, all_fit, err);
    }
    triplets_release(&x);
    return rc;
}

static int export_kind(struct sink *s, struct store *in, struct err *err)
{
    const char *kind = store_kind(in);
    struct texts t;
    int rc = texts_load(&t, in, err);

    if (rc < 0)
        return rc;
    progress_start("records", 0);
    if (strcmp(kind, "texts") == 0 || s->rules->format == ROWS_TEXT)
        rc = export_texts(s, &t, err);
    else if (strcmp(kind, "pairs") == 0)
        rc = export_pairs(s, in, &t, err);
    else if (strcmp(kind, "triplets") == 0)
        rc = export_triplets(s, in, &t, err);
    else
        rc = ERR_SET(err, ERR_USAGE, "%s: cannot export a store of %s",
                     store_path(in), kind);
    progress_end();
    texts_release(&t);
    return rc;
}

int export_store(struct stage *st, struct store *in,
                 const struct export_rules *rules, struct err *err)
{
    struct sink s = { .st = st,
                      .rules = rules,
                      .out = BUF_INIT((size_t)1 << 30),
                      .word = BUF_INIT(TEXT_MAX + 16) };
    int rc;

    s.fd = open(st->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (s.fd < 0)
        return ERR_SET(err, ERR_IO, "%s: cannot create: %s", st->part,
                       strerror(errno));
    rc = export_kind(&s, in, err);
    if (rc == 0)
        rc = flush(&s, err);
    if (close(s.fd) < 0 && rc == 0)
        rc = ERR_SET(err, ERR_IO, "%s: cannot write: %s", st->part,
                     strerror(errno));
    json_free(s.attr);
    buf_release(&s.out);
    buf_release(&s.word);
    return rc;
}
