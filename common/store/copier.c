#include "store/copier.h"

#include <stdlib.h>
#include <string.h>

int copier_open(struct copier *c, struct store *from, struct writer *to,
                struct err *err)
{
    uint64_t notes = 0;
    int rc;

    memset(c, 0, sizeof(*c));
    c->from = from;
    c->to = to;
    rc = texts_load(&c->texts, from, err);
    if (rc == 0)
        rc = store_count(from, STORE_NOTES, &notes, err);
    if (rc == 0) {
        c->notes = notes > 0;
        c->map = malloc(((size_t)c->texts.n + 1) * sizeof(*c->map));
        if (!c->map)
            rc = ERR_SET(err, ERR_NOMEM, "cannot map %u texts", c->texts.n);
    }
    if (rc < 0) {
        copier_release(c);
        return rc;
    }
    memset(c->map, 0xFF, (size_t)c->texts.n * sizeof(*c->map));
    return 0;
}

void copier_release(struct copier *c)
{
    texts_release(&c->texts);
    free(c->map);
    memset(c, 0, sizeof(*c));
}

int copier_note(struct copier *c, enum store_table t, uint64_t ordinal,
                uint64_t place, struct err *err)
{
    struct blob note;
    int rc;

    if (!c->notes)
        return 0;
    rc = note_get(c->from, t, ordinal, &note, err);
    if (rc < 0 || note.len == 0)
        return rc;
    return writer_note(c->to, t, place, (struct span){ note.ptr, note.len },
                       err);
}

int copier_text(struct copier *c, uint32_t ordinal, uint32_t *place,
                struct err *err)
{
    uint32_t before = writer_texts(c->to);
    int rc;

    if (c->map[ordinal] == UINT32_MAX) {
        rc = writer_text(c->to, c->texts.text[ordinal], c->texts.attr[ordinal],
                         &c->map[ordinal], err);
        if (rc == 0 && writer_texts(c->to) > before)
            rc = copier_note(c, STORE_TEXTS, ordinal, c->map[ordinal], err);
        if (rc < 0)
            return rc;
    }
    *place = c->map[ordinal];
    return 0;
}
