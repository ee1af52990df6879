#include "mine/bm25.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct posting {
    uint32_t doc;
    float weight; /* the whole term of the sum: no arithmetic at query time */
};

struct bm25 {
    struct posting *posting;
    size_t *first; /* [n_terms+1] into posting */
    size_t n, n_terms;
};

struct bm25_scratch {
    float *score;      /* [n], zero between queries */
    uint32_t *touched; /* documents whose score is not zero */
    uint32_t *seen;    /* [n_terms] number of the query that used the term */
    uint32_t query;
};

static int by_id(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Count, for each term, the documents that contain it: first[t+1]. */
static void count_documents(struct bm25 *m, uint32_t *sorted,
                            const size_t *offset)
{
    for (size_t d = 0; d < m->n; d++) {
        uint32_t *t = sorted + offset[d];
        size_t len = offset[d + 1] - offset[d];

        qsort(t, len, sizeof(*t), by_id);
        for (size_t i = 0; i < len; i++)
            if (i == 0 || t[i] != t[i - 1])
                m->first[t[i] + 1]++;
    }
    for (size_t t = 0; t < m->n_terms; t++)
        m->first[t + 1] += m->first[t];
}

static void fill(struct bm25 *m, const uint32_t *sorted, const size_t *offset,
                 size_t *at, double k1, double b)
{
    double mean = m->n ? (double)offset[m->n] / (double)m->n : 0.0;

    for (size_t d = 0; d < m->n; d++) {
        size_t len = offset[d + 1] - offset[d];
        double norm = k1 * (1.0 - b + b * (double)len / fmax(mean, 1e-9));

        for (size_t i = offset[d], j; i < offset[d + 1]; i = j) {
            uint32_t t = sorted[i];
            double df = (double)(m->first[t + 1] - m->first[t]), tf;
            double idf = log(1.0 + ((double)m->n - df + 0.5) / (df + 0.5));

            for (j = i + 1; j < offset[d + 1] && sorted[j] == t; j++)
                ;
            tf = (double)(j - i);
            m->posting[at[t]++] =
                (struct posting){ (uint32_t)d,
                                  (float)(idf * tf / (tf + norm)) };
        }
    }
}

int bm25_new(struct bm25 **out, const uint32_t *term, const size_t *offset,
             size_t n, size_t n_terms, double k1, double b, struct err *err)
{
    struct bm25 *m = calloc(1, sizeof(*m));
    size_t total = offset[n], *at = malloc((n_terms + 1) * sizeof(*at));
    uint32_t *sorted = malloc((total + 1) * sizeof(*sorted));

    *out = NULL;
    if (m) {
        m->n = n;
        m->n_terms = n_terms;
        m->first = calloc(n_terms + 2, sizeof(*m->first));
        m->posting = malloc((total + 1) * sizeof(*m->posting));
    }
    if (!m || !at || !sorted || !m->first || !m->posting) {
        bm25_free(m);
        free(at);
        free(sorted);
        return ERR_SET(err, ERR_NOMEM, "cannot index %zu terms", total);
    }
    if (total)
        memcpy(sorted, term, total * sizeof(*sorted));
    count_documents(m, sorted, offset);
    memcpy(at, m->first, n_terms * sizeof(*at));
    fill(m, sorted, offset, at, k1, b);
    free(at);
    free(sorted);
    *out = m;
    return 0;
}

void bm25_free(struct bm25 *m)
{
    if (!m)
        return;
    free(m->posting);
    free(m->first);
    free(m);
}

int bm25_scratch_new(struct bm25_scratch **out, const struct bm25 *m,
                     struct err *err)
{
    struct bm25_scratch *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s) {
        s->score = calloc(m->n + 1, sizeof(*s->score));
        s->touched = malloc((m->n + 1) * sizeof(*s->touched));
        s->seen = calloc(m->n_terms + 1, sizeof(*s->seen));
    }
    if (!s || !s->score || !s->touched || !s->seen) {
        bm25_scratch_free(s);
        return ERR_SET(err, ERR_NOMEM, "cannot search %zu documents", m->n);
    }
    *out = s;
    return 0;
}

void bm25_scratch_free(struct bm25_scratch *s)
{
    if (!s)
        return;
    free(s->score);
    free(s->touched);
    free(s->seen);
    free(s);
}

static int better(struct bm25_hit a, struct bm25_hit b)
{
    return a.score > b.score || (a.score == b.score && a.doc < b.doc);
}

/* Insert into hit[0..n) sorted best first, capacity k. Returns the new n. */
static size_t insert(struct bm25_hit *hit, size_t n, size_t k,
                     struct bm25_hit h)
{
    size_t i;

    if (n == k && !better(h, hit[k - 1]))
        return n;
    i = n < k ? n++ : k - 1;
    for (; i > 0 && better(h, hit[i - 1]); i--)
        hit[i] = hit[i - 1];
    hit[i] = h;
    return n;
}

/* Add every posting of the query's distinct terms; returns documents hit. */
static size_t accumulate(const struct bm25 *m, struct bm25_scratch *s,
                         const uint32_t *term, size_t n)
{
    size_t touched = 0;

    s->query++;
    for (size_t i = 0; i < n; i++) {
        uint32_t t = term[i];

        assert(t < m->n_terms);
        if (s->seen[t] == s->query)
            continue;
        s->seen[t] = s->query;
        for (size_t p = m->first[t]; p < m->first[t + 1]; p++) {
            uint32_t d = m->posting[p].doc;

            if (s->score[d] == 0.0f)
                s->touched[touched++] = d;
            s->score[d] += m->posting[p].weight;
        }
    }
    return touched;
}

size_t bm25_query(const struct bm25 *m, struct bm25_scratch *s,
                  struct bm25_hit *hit, size_t k, const uint32_t *term,
                  size_t n, uint32_t skip)
{
    size_t touched = accumulate(m, s, term, n), found = 0;

    assert(k > 0);
    for (size_t i = 0; i < touched; i++) {
        struct bm25_hit h = { s->touched[i], s->score[s->touched[i]] };

        s->score[h.doc] = 0.0f;
        if (h.doc != skip)
            found = insert(hit, found, k, h);
    }
    return found;
}
