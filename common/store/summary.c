#include "store/summary.h"

#include <string.h>

#include "base/stats.h"
#include "base/utf8.h"

enum { BAR = 50 };

struct numbers {
    uint64_t n[STORE_TABLES];
    size_t shortest, longest, characters; /* of the texts, in code points */
    uint64_t origin[ORIGIN_LLM + 1];
    uint64_t positive, negative; /* labels 1 and 0 */
    struct stats_hist label, score;
};

static int measure(struct numbers *x, struct store *s, struct err *err)
{
    struct texts t = { NULL, NULL, 0 };
    struct pairs p = { NULL, 0 };
    int rc = 0;

    for (int i = 0; rc == 0 && i < STORE_META; i++)
        rc = store_count(s, (enum store_table)i, &x->n[i], err);
    if (rc == 0)
        rc = texts_load(&t, s, err);
    if (rc == 0)
        rc = pairs_load(&p, s, err);
    for (uint32_t i = 0; rc == 0 && i < t.n; i++) {
        size_t len = utf8_count(t.text[i].ptr, t.text[i].len);

        x->characters += len;
        x->shortest = i == 0 || len < x->shortest ? len : x->shortest;
        x->longest = len > x->longest ? len : x->longest;
    }
    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        const struct pair *q = &p.pair[i];

        x->origin[q->origin <= ORIGIN_LLM ? q->origin : ORIGIN_UNKNOWN]++;
        x->positive += q->label == 1.0f;
        x->negative += q->label == 0.0f;
        stats_hist_add(&x->label, (double)q->label);
        stats_hist_add(&x->score, (double)q->score);
    }
    texts_release(&t);
    pairs_release(&p);
    return rc;
}

static int print_bars(struct buf *b, const char *title,
                      const struct stats_hist *h, struct err *err)
{
    size_t most = 1;
    int rc;

    if (h->n == h->absent)
        return 0;
    for (int i = 0; i < STATS_BINS; i++)
        most = h->bin[i] > most ? h->bin[i] : most;
    rc = buf_printf(b, err, "%s of %zu, %zu absent\n", title, h->n - h->absent,
                    h->absent);
    for (int i = 0; rc == 0 && i < STATS_BINS; i++) {
        size_t len = (h->bin[i] * BAR + most - 1) / most;

        rc = buf_printf(b, err, "  %.2f-%.2f %10zu%s", (double)i / STATS_BINS,
                        (double)(i + 1) / STATS_BINS, h->bin[i],
                        len ? "  " : "");
        while (rc == 0 && len--)
            rc = buf_puts(b, "#", err);
        if (rc == 0)
            rc = buf_puts(b, "\n", err);
    }
    return rc;
}

static int print_numbers(struct buf *b, struct store *s,
                         const struct numbers *x, struct err *err)
{
    static const char *const name[] = { "texts", "pairs", "triplets", "vectors",
                                        "notes" };
    int rc = buf_printf(b, err, "%-10s %s\n", "kind", store_kind(s));

    for (int i = 0; rc == 0 && i < STORE_META; i++)
        if (x->n[i])
            rc = buf_printf(b, err, "%-10s %llu\n", name[i],
                            (unsigned long long)x->n[i]);
    if (rc == 0 && x->n[STORE_TEXTS])
        rc = buf_printf(b, err, "%-10s %zu to %zu characters, mean %.1f\n",
                        "lengths", x->shortest, x->longest,
                        (double)x->characters / (double)x->n[STORE_TEXTS]);
    for (int o = 0; rc == 0 && o <= ORIGIN_LLM; o++)
        if (x->origin[o])
            rc = buf_printf(b, err, "%-10s %s %llu\n", "origin",
                            origin_name((enum origin)o),
                            (unsigned long long)x->origin[o]);
    if (rc == 0 && x->label.n > x->label.absent)
        rc = buf_printf(b, err, "%-10s 1: %llu, 0: %llu\n", "labels",
                        (unsigned long long)x->positive,
                        (unsigned long long)x->negative);
    if (rc == 0)
        rc = print_bars(b, "label", &x->label, err);
    return rc < 0 ? rc : print_bars(b, "score", &x->score, err);
}

static struct json_node *bins_of(const struct stats_hist *h)
{
    struct json_node *list = json_new_array();

    for (int i = 0; i < STATS_BINS; i++)
        json_push_num(list, (double)h->bin[i]);
    return list;
}

static int json_numbers(struct buf *b, struct store *s, const struct numbers *x,
                        struct err *err)
{
    struct json_node *o = json_new_object(), *origins = json_new_object();
    int rc;

    json_set_str(o, "kind", store_kind(s));
    json_set_num(o, "texts", (double)x->n[STORE_TEXTS]);
    json_set_num(o, "pairs", (double)x->n[STORE_PAIRS]);
    json_set_num(o, "triplets", (double)x->n[STORE_TRIPLETS]);
    json_set_num(o, "vectors", (double)x->n[STORE_VECTORS]);
    json_set_num(o, "notes", (double)x->n[STORE_NOTES]);
    json_set_num(o, "characters", (double)x->characters);
    json_set_num(o, "shortest", (double)x->shortest);
    json_set_num(o, "longest", (double)x->longest);
    for (int i = 0; i <= ORIGIN_LLM; i++)
        if (x->origin[i])
            json_set_num(origins, origin_name((enum origin)i),
                         (double)x->origin[i]);
    json_set(o, "origins", origins);
    json_set_num(o, "positive", (double)x->positive);
    json_set_num(o, "negative", (double)x->negative);
    json_set_num(o, "labelled", (double)(x->label.n - x->label.absent));
    json_set_num(o, "scored", (double)(x->score.n - x->score.absent));
    json_set(o, "label_histogram", bins_of(&x->label));
    json_set(o, "score_histogram", bins_of(&x->score));
    rc = json_print(b, o, false, err);
    json_node_free(o);
    return rc < 0 ? rc : buf_puts(b, "\n", err);
}

int summary_print(struct buf *b, struct store *s, bool json, struct err *err)
{
    struct numbers x;
    int rc;

    memset(&x, 0, sizeof(x));
    rc = measure(&x, s, err);
    if (rc < 0)
        return rc;
    return json ? json_numbers(b, s, &x, err) : print_numbers(b, s, &x, err);
}
