#include "store/show.h"

#include <stdlib.h>
#include <string.h>

#include "store/export.h"

enum { DIM_MAX = 65536 };

/* ---- records ---- */

struct view {
    struct buf *b;
    struct store *s;
    struct texts texts;
    bool json;
    uint32_t *negatives; /* [texts.n + 1] room for one triplet */
    float *vector;       /* [DIM_MAX] */
};

static void set_text(struct json_node *o, const char *key, struct span t)
{
    char *text = strndup(t.ptr, t.len);

    json_set_str(o, key, text ? text : "");
    free(text);
}

/* NaN is null; else as few digits as say the same f32. */
static void set_number(struct json_node *o, const char *key, float x)
{
    char text[32];

    export_number(text, x);
    if (isnan(x))
        json_set_null(o, key);
    else
        json_set_num(o, key, strtod(text, NULL));
}

static int set_json(struct json_node *o, const char *key, const void *ptr,
                    size_t len, struct err *err)
{
    struct json *doc;
    int rc = len ? json_parse(&doc, key, ptr, len, JSON_STRICT, err) : 1;

    if (rc == 0) {
        json_set_copy(o, key, json_root(doc));
        json_free(doc);
    }
    return rc == 1 ? 0 : rc;
}

static int print_line(struct view *v, struct json_node *o, struct err *err)
{
    int rc = json_print(v->b, o, false, err);

    return rc < 0 ? rc : buf_puts(v->b, "\n", err);
}

static int say_text(struct view *v, const char *name, uint32_t i,
                    struct err *err)
{
    return buf_printf(v->b, err, "  %s %u: %.*s\n", name, i,
                      (int)v->texts.text[i].len, v->texts.text[i].ptr);
}

static int show_text(struct view *v, uint64_t i, struct json_node *o,
                     struct err *err)
{
    struct span t = v->texts.text[i], a = v->texts.attr[i];
    int rc;

    if (!v->json) {
        rc = buf_printf(v->b, err, "text %llu: %.*s\n", (unsigned long long)i,
                        (int)t.len, t.ptr);
        if (rc == 0 && a.len)
            rc = buf_printf(v->b, err, "  attributes: %.*s\n", (int)a.len,
                            a.ptr);
        return rc;
    }
    json_set_num(o, "ordinal", (double)i);
    set_text(o, "text", t);
    return set_json(o, "attributes", a.ptr, a.len, err);
}

static int show_pair(struct view *v, uint64_t i, struct blob payload,
                     struct json_node *o, struct err *err)
{
    char label[32], score[32], reverse[32];
    struct pair p;
    int rc = pair_decode(&p, payload, v->texts.n, err);

    if (rc < 0)
        return rc;
    if (v->json) {
        json_set_num(o, "ordinal", (double)i);
        set_text(o, "a", v->texts.text[p.a]);
        set_text(o, "b", v->texts.text[p.b]);
        set_number(o, "label", p.label);
        set_number(o, "score", p.score);
        set_number(o, "reverse", p.reverse);
        json_set_str(o, "origin", origin_name(p.origin));
        return 0;
    }
    export_number(label, p.label);
    export_number(score, p.score);
    export_number(reverse, p.reverse);
    rc = buf_printf(
        v->b, err, "pair %llu%s%s%s%s%s%s origin=%s\n", (unsigned long long)i,
        label[0] ? " label=" : "", label, score[0] ? " score=" : "", score,
        reverse[0] ? " reverse=" : "", reverse, origin_name(p.origin));
    if (rc == 0)
        rc = say_text(v, "a", p.a, err);
    return rc < 0 ? rc : say_text(v, "b", p.b, err);
}

static int show_triplet(struct view *v, uint64_t i, struct blob payload,
                        struct json_node *o, struct err *err)
{
    struct triplet t;
    int rc =
        triplet_decode(&t, v->negatives, v->texts.n, payload, v->texts.n, err);

    if (rc < 0)
        return rc;
    if (v->json) {
        struct json_node *list = json_new_array();

        json_set_num(o, "ordinal", (double)i);
        set_text(o, "anchor", v->texts.text[t.anchor]);
        set_text(o, "positive", v->texts.text[t.positive]);
        for (uint32_t k = 0; k < t.n; k++) {
            struct span s = v->texts.text[t.negative[k]];
            char *text = strndup(s.ptr, s.len);

            json_push_str(list, text ? text : "");
            free(text);
        }
        json_set(o, "negative", list);
        return 0;
    }
    rc = buf_printf(v->b, err, "triplet %llu\n", (unsigned long long)i);
    if (rc == 0)
        rc = say_text(v, "anchor", t.anchor, err);
    if (rc == 0)
        rc = say_text(v, "positive", t.positive, err);
    for (uint32_t k = 0; rc == 0 && k < t.n; k++)
        rc = say_text(v, "negative", t.negative[k], err);
    return rc;
}

static int show_vector(struct view *v, uint64_t i, struct blob payload,
                       struct json_node *o, struct err *err)
{
    struct json_node *list;
    size_t dim;
    int rc = vector_decode(v->vector, DIM_MAX, &dim, payload, err);

    if (rc == 0 && i >= v->texts.n)
        rc = ERR_SET(err, ERR_FORMAT, "vector %llu has no text",
                     (unsigned long long)i);
    if (rc < 0)
        return rc;
    if (v->json) {
        list = json_new_array();
        json_set_num(o, "ordinal", (double)i);
        set_text(o, "text", v->texts.text[i]);
        for (size_t k = 0; k < dim; k++)
            json_push_num(list, (double)v->vector[k]);
        json_set(o, "vector", list);
        return 0;
    }
    rc = buf_printf(v->b, err, "vector %llu of %zu:", (unsigned long long)i,
                    dim);
    for (size_t k = 0; rc == 0 && k < dim && k < 6; k++)
        rc = buf_printf(v->b, err, " %.4f", (double)v->vector[k]);
    if (rc == 0)
        rc = buf_puts(v->b, dim > 6 ? " ...\n" : "\n", err);
    return rc < 0 ? rc : say_text(v, "text", (uint32_t)i, err);
}

static int show_note(struct view *v, enum store_table t, uint64_t i,
                     struct json_node *o, struct err *err)
{
    struct blob note;
    int rc = note_get(v->s, t, i, &note, err);

    if (rc < 0 || note.len == 0)
        return rc;
    return v->json ? set_json(o, "note", note.ptr, note.len, err)
                   : buf_printf(v->b, err, "  note: %.*s\n", (int)note.len,
                                (const char *)note.ptr);
}

static int show_one(struct view *v, enum store_table t, struct blob key,
                    struct blob payload, struct err *err)
{
    struct json_node *o = json_new_object();
    uint64_t i = key_ordinal(key);
    int rc = 0;

    if (t == STORE_TEXTS)
        rc = show_text(v, i, o, err);
    else if (t == STORE_PAIRS)
        rc = show_pair(v, i, payload, o, err);
    else if (t == STORE_TRIPLETS)
        rc = show_triplet(v, i, payload, o, err);
    else
        rc = show_vector(v, i, payload, o, err);
    if (rc == 0)
        rc = show_note(v, t, i, o, err);
    if (rc == 0 && v->json)
        rc = print_line(v, o, err);
    json_node_free(o);
    return rc;
}

static enum store_table table_of(const struct store *s)
{
    const char *kind = store_kind(s);

    return strcmp(kind, "pairs") == 0      ? STORE_PAIRS
           : strcmp(kind, "triplets") == 0 ? STORE_TRIPLETS
           : strcmp(kind, "vectors") == 0  ? STORE_VECTORS
                                           : STORE_TEXTS;
}

static int walk(struct view *v, uint64_t offset, uint64_t limit, show_fn *each,
                uint64_t *shown, struct err *err)
{
    enum store_table t = table_of(v->s);
    bool small = t == STORE_TEXTS || t == STORE_VECTORS;
    struct store_cursor *c = NULL;
    uint8_t room[8];
    int rc = 0;

    if (small && offset > UINT32_MAX)
        return 0;
    rc = store_cursor_open(
        &c, v->s, t,
        small ? key_u32(room, (uint32_t)offset) : key_u64(room, offset), err);
    while (rc == 0 && (limit == 0 || *shown < limit)) {
        struct blob key = { NULL, 0 }, payload = { NULL, 0 };

        rc = store_cursor_next(c, &key, &payload, err);
        if (rc == 0)
            rc = show_one(v, t, key, payload, err);
        *shown += rc == 0;
        if (rc == 0 && each)
            rc = each(v->b, err);
    }
    store_cursor_close(c);
    return rc == 1 ? 0 : rc;
}

int show_records(struct buf *b, struct store *s, uint64_t offset,
                 uint64_t limit, bool json, show_fn *each, uint64_t *shown,
                 struct err *err)
{
    struct view v = { .b = b, .s = s, .json = json };
    int rc = texts_load(&v.texts, s, err);

    *shown = 0;
    if (rc < 0)
        return rc;
    v.negatives = malloc(((size_t)v.texts.n + 1) * sizeof(*v.negatives));
    v.vector = malloc(DIM_MAX * sizeof(*v.vector));
    rc = v.negatives && v.vector
             ? walk(&v, offset, limit, each, shown, err)
             : ERR_SET(err, ERR_NOMEM, "cannot show %u texts", v.texts.n);
    free(v.negatives);
    free(v.vector);
    texts_release(&v.texts);
    return rc;
}
