#include "llm/emit.h"

#include <math.h>

enum { NOTE_MAX = 65536 };

static void set_score(struct json_node *o, const char *name, float x)
{
    if (!isnan(x))
        json_set_num(o, name, round((double)x * 1e4) / 1e4);
}

static int write_note(struct writer *w, uint64_t ordinal,
                      const struct chat_item *item,
                      const struct checks_result *is,
                      const struct emit_source *from, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT(NOTE_MAX);
    int rc;

    json_set_str(o, "model", from->model);
    json_set_str(o, "provider", from->provider);
    json_set_str(o, "template", from->template);
    if (item->kind[0])
        json_set_str(o, "kind", item->kind);
    json_set_str(o, "repair", repair_name(from->repair));
    set_score(o, "cosine", is->cosine);
    set_score(o, "cross", is->cross);
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = writer_note(w, STORE_PAIRS, ordinal, (struct span){ b.ptr, b.len },
                         err);
    buf_release(&b);
    json_node_free(o);
    return rc;
}

/* One pair and its note; *text is the sentence's ordinal. */
static int write_item(struct writer *w, uint32_t anchor, float label,
                      float score, const struct chat_item *item,
                      const struct checks_result *is, uint32_t *text,
                      const struct emit_source *from, struct err *err)
{
    struct pair p = { anchor, 0, label, score, NAN, ORIGIN_LLM, 0 };
    uint64_t ordinal;
    int rc = writer_text(w, span_of(item->text), span_of(""), text, err);

    p.b = *text;
    if (rc == 0)
        rc = writer_pair(w, &p, &ordinal, err);
    return rc < 0 ? rc : write_note(w, ordinal, item, is, from, err);
}

static int write_negatives(struct writer *w, struct span anchor, uint32_t at,
                           const struct items *it, uint32_t *negative,
                           const struct emit_source *from, struct err *err)
{
    bool taken[CHAT_ITEMS_MAX] = { false };
    struct brief_draw d = { .n = 0 };
    int rc = 0;

    if (from->brief)
        brief_draw(&d, from->brief, anchor, from->negatives);
    for (size_t i = 0; rc == 0 && i < it->negatives; i++) {
        double grade = from->brief ? brief_grade(&d, from->brief,
                                                 it->negative[i]->kind, taken)
                                   : NAN;

        rc = write_item(w, at, isnan(grade) ? 0.0f : (float)grade, (float)grade,
                        it->negative[i], &it->negative_is[i], &negative[i],
                        from, err);
    }
    return rc;
}

int emit_items(struct writer *w, struct span anchor, const struct items *it,
               const struct emit_source *from, struct err *err)
{
    uint32_t negative[CHAT_ITEMS_MAX], positive[CHAT_ITEMS_MAX], at;
    int rc = writer_text(w, anchor, span_of(""), &at, err);

    for (size_t i = 0; rc == 0 && i < it->positives; i++)
        rc = write_item(w, at, 1.0f, NAN, it->positive[i], &it->positive_is[i],
                        &positive[i], from, err);
    if (rc == 0)
        rc = write_negatives(w, anchor, at, it, negative, from, err);
    for (size_t i = 0; rc == 0 && it->negatives && i < it->positives; i++) {
        struct triplet t = { at, positive[i], (uint32_t)it->negatives,
                             negative };

        rc = writer_triplet(w, &t, NULL, err);
    }
    return rc;
}
