#include "store/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/progress.h"
#include "store/export_parts.h"

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
        (void)export_add_field(
            s, attr_name[i],
            span_of(json_str(json_get(json_root(s->attr), attr_name[i]), "")));
    return rc;
}

static int export_texts(struct sink *s, const struct texts *t, struct err *err)
{
    bool attrs = s->rules->all && s->rules->format != ROWS_TEXT, fits;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < t->n; i++) {
        (void)export_add_field(s, "text", t->text[i]);
        if (attrs)
            rc = add_attrs(s, t->attr[i], err);
        if (rc == 0)
            rc = export_emit(s, i == 0, &fits, err);
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

/* Does any record of the store have a note? */
static int has_notes(bool *has, struct store *in, struct err *err)
{
    uint64_t n = 0;
    int rc = store_count(in, STORE_NOTES, &n, err);

    *has = n > 0;
    return rc;
}

static void add_pair(struct sink *s, const struct texts *t,
                     const struct pair *p, const struct fill *f,
                     char room[3][32])
{
    (void)export_add_field(s, "sentence1", t->text[p->a]);
    (void)export_add_field(s, "sentence2", t->text[p->b]);
    if (s->rules->all) {
        export_add_number(s, "label", room[0], p->label);
        export_add_number(s, "score", room[1], p->score);
        export_add_number(s, "reverse", room[2], p->reverse);
        (void)export_add_field(s, "origin", span_of(origin_name(p->origin)));
    } else if (f->label) {
        export_add_number(s, f->graded ? "score" : "label", room[0], p->label);
    } else if (f->score) {
        export_add_number(s, "score", room[0], p->score);
    }
}

static int add_note(struct sink *s, struct store *in, uint64_t i,
                    struct err *err)
{
    struct blob note;
    int rc = note_get(in, STORE_PAIRS, i, &note, err);

    if (rc == 0)
        export_add_field(s, "note", (struct span){ note.ptr, note.len })->form =
            FIELD_JSON;
    return rc;
}

static int export_pairs(struct sink *s, struct store *in, const struct texts *t,
                        struct err *err)
{
    struct pairs p;
    struct fill fill;
    char room[3][32];
    bool fits, notes = false;
    int rc = pairs_load(&p, in, err);

    if (rc == 0 && s->rules->all && s->rules->format == ROWS_JSONL)
        rc = has_notes(&notes, in, err);
    if (rc < 0)
        return rc;
    fill = fill_of(&p);
    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        add_pair(s, t, &p.pair[i], &fill, room);
        if (notes)
            rc = add_note(s, in, i, err);
        if (rc == 0)
            rc = export_emit(s, i == 0, &fits, err);
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
    return n <= EXPORT_FIELDS - 2 ? n : 0;
}

static bool triplet_fits(const struct sink *s, const struct texts *t,
                         const struct triplet *x)
{
    bool fits = export_fits(s, t->text[x->anchor]) &&
                export_fits(s, t->text[x->positive]);

    for (uint32_t k = 0; k < x->n; k++)
        fits = fits && export_fits(s, t->text[x->negative[k]]);
    return fits;
}

static int emit_triplet(struct sink *s, const struct texts *t,
                        const struct triplet *x, uint32_t from, uint32_t width,
                        bool first, bool *fits, struct err *err)
{
    char name[24];

    (void)export_add_field(s, "anchor", t->text[x->anchor]);
    (void)export_add_field(s, "positive", t->text[x->positive]);
    for (uint32_t k = 0; k < width; k++) {
        snprintf(name, sizeof(name), width > 1 ? "negative_%u" : "negative",
                 k + 1);
        (void)export_add_field(s, name,
                               t->text[x->negative[(from + k) % x->n]]);
    }
    return export_emit(s, first, fits, err);
}

static int export_triplet(struct sink *s, const struct texts *t,
                          const struct triplet *x, uint32_t width, size_t i,
                          struct err *err)
{
    bool all_fit = triplet_fits(s, t, x), fits;
    int rc = 0;

    if (x->n == 0) {
        s->st->n.seen++;
        s->st->n.rejected++;
        return 0;
    }
    for (uint32_t k = 0; rc == 0 && all_fit && k < x->n; k += width)
        rc = emit_triplet(s, t, x, k, width, s->rows++ == 0, &fits, err);
    return rc == 0 ? count(s, "triplet", i, all_fit, err) : rc;
}

static int export_triplets(struct sink *s, struct store *in,
                           const struct texts *t, struct err *err)
{
    struct triplets x;
    uint32_t width = s->rules->negatives;
    int rc = triplets_load(&x, in, err);

    if (rc < 0)
        return rc;
    if (width == 0)
        width = same_width(&x);
    for (size_t i = 0; rc == 0 && i < x.n; i++)
        rc = export_triplet(s, t, &x.triplet[i], width ? width : 1, i, err);
    triplets_release(&x);
    return rc;
}

static int export_kind(struct sink *s, struct store *in, struct err *err)
{
    const bool own = strcmp(s->rules->records, "auto") == 0;
    const char *kind = own ? store_kind(in) : s->rules->records;
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
        rc = export_flush(&s, err);
    if (close(s.fd) < 0 && rc == 0)
        rc = ERR_SET(err, ERR_IO, "%s: cannot write: %s", st->part,
                     strerror(errno));
    json_free(s.attr);
    buf_release(&s.out);
    buf_release(&s.word);
    return rc;
}
