#include "model/pool.h"

#include <math.h>
#include <stdlib.h>

void pool_init(struct pool *p, struct writer *writer)
{
    *p = (struct pool){ .writer = writer,
                        .banned = INTERN_INIT,
                        .known = PAIRSET_INIT };
}

void pool_release(struct pool *p)
{
    pairset_release(&p->known);
    intern_release(&p->banned);
}

int pool_ban(struct pool *p, const char *path, struct err *err)
{
    struct store *s;
    struct texts t = { NULL, NULL, 0 };
    int rc = store_open(&s, path, err);

    if (rc == 0)
        rc = texts_load(&t, s, err);
    for (uint32_t i = 0; rc == 0 && i < t.n; i++) {
        uint32_t number;
        bool added;

        rc = intern_add(&p->banned, t.text[i], &number, &added, err);
    }
    texts_release(&t);
    store_close(s);
    return rc;
}

/* The pairs of a store, in the pool's ordinals, are known. */
static int note_known(struct pool *p, struct store *s, const int64_t *place,
                      struct err *err)
{
    struct pairs all;
    int rc = pairs_load(&all, s, err);

    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        int64_t a = place[all.pair[i].a], b = place[all.pair[i].b];
        bool added;

        if (a >= 0 && b >= 0 && a != b)
            rc = pairset_add(&p->known, (uint32_t)a, (uint32_t)b, &added, err);
    }
    pairs_release(&all);
    return rc;
}

int pool_add(struct pool *p, const char *path, struct err *err)
{
    struct store *s;
    struct texts t = { NULL, NULL, 0 };
    int64_t *place = NULL;
    int rc = store_open(&s, path, err);

    if (rc == 0)
        rc = texts_load(&t, s, err);
    if (rc == 0) {
        place = malloc(((size_t)t.n + 1) * sizeof(*place));
        rc = place ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold the pool");
    }
    for (uint32_t i = 0; rc == 0 && i < t.n; i++) {
        uint32_t ordinal;

        place[i] = -1;
        if (intern_find(&p->banned, t.text[i]) >= 0) {
            p->excluded++;
            continue;
        }
        rc = writer_text(p->writer, t.text[i], t.attr[i], &ordinal, err);
        place[i] = ordinal;
    }
    if (rc == 0)
        rc = note_known(p, s, place, err);
    free(place);
    texts_release(&t);
    store_close(s);
    return rc;
}

int pool_write(struct pool *p, uint32_t a, uint32_t b, enum origin origin,
               struct err *err)
{
    const struct pair pair = { .a = a < b ? a : b,
                               .b = a < b ? b : a,
                               .label = NAN,
                               .score = NAN,
                               .reverse = NAN,
                               .origin = (uint16_t)origin };
    int rc = writer_pair(p->writer, &pair, NULL, err);

    p->seen++;
    p->kept += rc == 0;
    return rc;
}

int pool_propose(struct pool *p, uint32_t a, uint32_t b, enum origin origin,
                 struct err *err)
{
    bool added;
    int rc = pairset_add(&p->known, a, b, &added, err);

    if (rc < 0)
        return rc;
    if (added)
        return pool_write(p, a, b, origin, err);
    p->seen++;
    p->rejected++;
    return 0;
}
