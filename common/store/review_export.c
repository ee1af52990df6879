#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/intern.h"
#include "base/progress.h"
#include "store/review.h"

enum { RECORD_MAX = 16 << 20 }; /* bytes */

struct sheet {
    struct stage *st;
    enum review_tool tool;
    FILE *file;
    struct buf line;
    struct intern seen; /* ids */
};

/* A pair as people see it. */
struct card {
    char id[17];
    struct span a, b;
    double suggestion; /* 1 same, 0 different, NaN: none */
    double score;      /* NaN: none */
    struct json *note; /* or NULL */
};

static void name_card(struct card *c)
{
    uint64_t h = hash64(c->b.ptr, c->b.len, hash64(c->a.ptr, c->a.len, 0));

    snprintf(c->id, sizeof(c->id), "%016llx", (unsigned long long)h);
}

static int read_note(struct card *c, struct store *in, uint64_t i,
                     struct err *err)
{
    struct blob b;
    int rc = note_get(in, STORE_PAIRS, i, &b, err);

    c->note = NULL;
    if (rc == 0 && b.len)
        rc = json_parse(&c->note, "note", b.ptr, b.len, JSON_STRICT, err);
    return rc;
}

static int load_card(struct card *c, struct store *in, const struct texts *t,
                     const struct pair *p, uint64_t i, struct err *err)
{
    const float target = pair_target(p);
    int rc = read_note(c, in, i, err);

    c->a = t->text[p->a];
    c->b = t->text[p->b];
    name_card(c);
    c->score = (double)p->score;
    c->suggestion = json_num(json_get(json_root(c->note), "suggestion"),
                             isnan(target)    ? NAN
                             : target >= 0.5f ? 1.0
                                              : 0.0);
    return rc;
}

/* Strings and numbers of the note; votes as "numbers=reject". */
static void add_facts(struct json_node *to, const struct card *c)
{
    const struct json_node *x = json_first(json_root(c->note));
    char votes[256] = "";
    size_t used = 0;

    for (; x; x = json_next(x)) {
        bool plain = json_type(x) == JSON_STRING || json_type(x) == JSON_NUMBER;

        if (plain && strcmp(json_key(x), "suggestion") != 0)
            json_set_copy(to, json_key(x), x);
    }
    x = json_first(json_get(json_root(c->note), "votes"));
    for (; x && used < sizeof(votes); x = json_next(x))
        used +=
            (size_t)snprintf(votes + used, sizeof(votes) - used, "%s%s=%s",
                             used ? " " : "", json_key(x), json_str(x, "?"));
    if (votes[0])
        json_set_str(to, "votes", votes);
}

static const char *value_of(const struct card *c)
{
    return c->suggestion >= 0.5 ? "same" : "different";
}

static const char *agent_of(const struct card *c)
{
    return json_str(json_get(json_root(c->note), "model"), "silversmith");
}

static void set_score(struct json_node *o, double score)
{
    if (isnan(score))
        json_set_null(o, "score");
    else
        json_set_num(o, "score", score);
}

static int set_text(struct json_node *o, const char *name, struct span text,
                    struct err *err)
{
    struct buf b = BUF_INIT(TEXT_MAX + 16);
    int rc = buf_append(&b, text.ptr, text.len, err);

    json_set_str(o, name, buf_str(&b));
    buf_release(&b);
    return rc;
}

static int fill_texts(struct json_node *o, const struct card *c,
                      struct err *err)
{
    int rc = set_text(o, "sentence1", c->a, err);

    return rc == 0 ? set_text(o, "sentence2", c->b, err) : rc;
}

static int argilla_record(struct json_node *o, const struct card *c,
                          struct err *err)
{
    struct json_node *fields = json_new_object(), *facts = json_new_object();
    struct json_node *suggestions = json_new_object();

    json_set_str(o, "id", c->id);
    json_set(o, "fields", fields);
    add_facts(facts, c);
    json_set(o, "metadata", facts);
    if (!isnan(c->suggestion)) {
        struct json_node *s = json_new_object();

        json_set_str(s, "value", value_of(c));
        set_score(s, c->score);
        json_set_str(s, "agent", agent_of(c));
        json_set(suggestions, "label", s);
    }
    json_set(o, "suggestions", suggestions);
    json_set(o, "responses", json_new_object());
    json_set(o, "vectors", json_new_object());
    return fill_texts(fields, c, err);
}

static struct json_node *prediction(const struct card *c)
{
    struct json_node *p = json_new_object(), *list = json_new_array();
    struct json_node *r = json_new_object(), *value = json_new_object();
    struct json_node *choices = json_new_array();

    json_push_str(choices, value_of(c));
    json_set(value, "choices", choices);
    json_set_str(r, "id", c->id);
    json_set_str(r, "type", "choices");
    json_set_str(r, "from_name", "label");
    json_set_str(r, "to_name", "sentence2");
    json_set(r, "value", value);
    json_push(list, r);
    json_set_str(p, "model_version", agent_of(c));
    if (!isnan(c->score))
        json_set_num(p, "score", c->score);
    json_set(p, "result", list);
    return p;
}

static int label_studio_task(struct json_node *o, const struct card *c,
                             struct err *err)
{
    struct json_node *data = json_new_object(), *list = json_new_array();

    json_set(o, "data", data);
    if (!isnan(c->suggestion))
        json_push(list, prediction(c));
    json_set(o, "predictions", list);
    json_set_str(data, "pair_id", c->id);
    add_facts(data, c);
    return fill_texts(data, c, err);
}

static int put(struct sheet *s, const char *text, size_t len, struct err *err)
{
    return fwrite(text, 1, len, s->file) == len
               ? 0
               : ERR_SET(err, errno == ENOSPC ? ERR_FULL : ERR_IO,
                         "%s: cannot write: %s", s->st->part, strerror(errno));
}

static int write_card(struct sheet *s, const struct card *c, struct err *err)
{
    struct json_node *o = json_new_object();
    int rc = s->tool == REVIEW_ARGILLA ? argilla_record(o, c, err)
                                       : label_studio_task(o, c, err);

    buf_reset(&s->line);
    if (rc == 0)
        rc = buf_puts(&s->line, s->st->n.kept ? ",\n" : "\n", err);
    if (rc == 0)
        rc = json_print(&s->line, o, false, err);
    json_node_free(o);
    return rc == 0 ? put(s, s->line.ptr, s->line.len, err) : rc;
}

static int write_pair(struct sheet *s, struct store *in, const struct texts *t,
                      const struct pair *p, uint64_t i, struct err *err)
{
    struct card c;
    uint32_t number;
    bool added = false;
    int rc = load_card(&c, in, t, p, i, err);

    if (rc == 0)
        rc = intern_add(&s->seen, span_of(c.id), &number, &added, err);
    if (rc == 0 && added)
        rc = write_card(s, &c, err);
    json_free(c.note);
    if (rc < 0)
        return rc;
    s->st->n.seen++;
    s->st->n.kept += added;
    s->st->n.rejected += !added;
    progress_update(i, NULL);
    return stage_stopped() ? stage_stop(err) : 0;
}

static int write_all(struct sheet *s, struct store *in, struct err *err)
{
    struct texts t = { .n = 0 };
    struct pairs p = { .n = 0 };
    uint64_t n;
    int rc = pairs_need(in, &n, err);

    if (rc == 0)
        rc = texts_load(&t, in, err);
    if (rc == 0)
        rc = pairs_load(&p, in, err);
    if (rc == 0)
        rc = put(s, "[", 1, err);
    progress_start("pairs", p.n);
    for (size_t i = 0; rc == 0 && i < p.n; i++)
        rc = write_pair(s, in, &t, &p.pair[i], i, err);
    progress_end();
    if (rc == 0)
        rc = put(s, "\n]\n", 3, err);
    pairs_release(&p);
    texts_release(&t);
    return rc;
}

int review_export(struct stage *st, struct store *in, enum review_tool tool,
                  struct err *err)
{
    struct sheet s = { .st = st,
                       .tool = tool,
                       .line = BUF_INIT(RECORD_MAX),
                       .seen = INTERN_INIT };
    int rc;

    s.file = fopen(st->part, "we");
    if (!s.file)
        return ERR_SET(err, ERR_IO, "%s: cannot create: %s", st->part,
                       strerror(errno));
    rc = write_all(&s, in, err);
    if (fclose(s.file) != 0 && rc == 0)
        rc = ERR_SET(err, ERR_IO, "%s: cannot write: %s", st->part,
                     strerror(errno));
    intern_release(&s.seen);
    buf_release(&s.line);
    return rc;
}
