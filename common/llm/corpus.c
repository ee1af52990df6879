#include "llm/corpus.h"

#include "store/records.h"
#include "text/fold.h"

/* Leave one of what lies near each other in an earlier store, too. */
static int add_store(struct corpus *c, const char *path, struct err *err)
{
    struct store *in = NULL;
    struct texts t = { .n = 0 };
    struct buf folded = BUF_INIT(SIZE_MAX / 2);
    bool repeated;
    int rc = store_open(&in, path, err);

    if (rc == 0)
        rc = texts_load(&t, in, err);
    for (uint32_t i = 0; rc == 0 && i < t.n; i++) {
        rc = fold_text(&folded, t.text[i], err);
        if (rc == 0)
            rc =
                corpus_look(c, &repeated,
                            (struct span){ buf_str(&folded), folded.len }, err);
    }
    buf_release(&folded);
    texts_release(&t);
    store_close(in);
    return rc;
}

int corpus_open(struct corpus *c, double likeness,
                const struct opt_list *against, struct err *err)
{
    int rc = diversity_new(&c->diversity, err);

    if (rc == 0 && likeness > 0.0)
        rc = minhash_new(&c->near, likeness, err);
    for (size_t i = 0; rc == 0 && c->near && i < against->n; i++)
        rc = add_store(c, against->item[i], err);
    return rc;
}

void corpus_close(struct corpus *c)
{
    minhash_free(c->near);
    diversity_free(c->diversity);
    *c = (struct corpus){ NULL, NULL, 0 };
}

void corpus_next(struct corpus *c)
{
    c->group++;
}

int corpus_look(struct corpus *c, bool *repeated, struct span folded,
                struct err *err)
{
    int64_t near = -1;
    int rc = 0;

    if (c->near && folded.len)
        rc = minhash_add(c->near, folded, c->group, &near, err);
    *repeated = near >= 0;
    return rc;
}

int corpus_count(struct corpus *c, const struct items *it, struct err *err)
{
    struct span text[ITEMS_REJECTED];
    size_t n = 0;

    for (size_t i = 0; i < it->positives; i++)
        text[n++] = span_of(it->positive[i]->text);
    for (size_t i = 0; i < it->negatives; i++)
        text[n++] = span_of(it->negative[i]->text);
    return n ? diversity_add(c->diversity, text, n, err) : 0;
}
