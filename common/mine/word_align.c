#include "mine/word_align.h"

#include <stdlib.h>
#include <string.h>

enum { CELLS_MAX = 1 << 27 };

/* ---- pairs ---- */

static int cell_room(struct word_align *a, size_t more, struct err *err)
{
    size_t cap = a->cap_cells ? a->cap_cells : 4096;
    uint64_t *cell;

    if (a->cells + more > CELLS_MAX)
        return ERR_SET(err, ERR_FULL,
                       "pairs of more than %d combinations of two tokens: "
                       "give fewer",
                       CELLS_MAX);
    while (cap < a->cells + more)
        cap *= 2;
    if (cap == a->cap_cells)
        return 0;
    cell = realloc(a->cell, cap * sizeof(*cell));
    if (!cell)
        return ERR_SET(err, ERR_NOMEM, "%zu combinations of tokens", cap);
    a->cell = cell;
    a->cap_cells = cap;
    return 0;
}

static int column_room(struct word_align *a, size_t more, struct err *err)
{
    size_t cap = a->cap_columns ? a->cap_columns : 1024;
    uint32_t *height;

    while (cap < a->columns + more)
        cap *= 2;
    if (cap == a->cap_columns)
        return 0;
    height = realloc(a->height, cap * sizeof(*height));
    if (!height)
        return ERR_SET(err, ERR_NOMEM, "%zu tokens of translations", cap);
    a->height = height;
    a->cap_columns = cap;
    return 0;
}

static int by_id(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

    return (a > b) - (a < b);
}

/* Sorted, each once, with the empty word. */
static uint32_t *distinct(const uint32_t *source, size_t ns, size_t *n)
{
    uint32_t *d = malloc((ns + 1) * sizeof(*d));

    *n = 0;
    if (!d)
        return NULL;
    if (ns > 0)
        memcpy(d, source, ns * sizeof(*d));
    if (ns > 1)
        qsort(d, ns, sizeof(*d), by_id);
    for (size_t i = 0; i < ns; i++)
        if (*n == 0 || d[*n - 1] != d[i])
            d[(*n)++] = d[i];
    d[(*n)++] = WORD_ALIGN_NONE;
    return d;
}

int word_align_add(struct word_align *a, const uint32_t *source, size_t ns,
                   const uint32_t *target, size_t nt, struct err *err)
{
    size_t n = 0;
    uint32_t *d = distinct(source, ns, &n);
    int rc = d ? cell_room(a, n * nt, err)
               : ERR_SET(err, ERR_NOMEM, "a sentence of %zu tokens", ns);

    if (rc == 0)
        rc = column_room(a, nt, err);
    for (size_t t = 0; rc == 0 && t < nt; t++) {
        for (size_t s = 0; s < n; s++)
            a->cell[a->cells++] = (uint64_t)target[t] << 32 | d[s];
        a->height[a->columns++] = (uint32_t)n;
    }
    free(d);
    return rc;
}

/* ---- learning ---- */

struct learning {
    struct word_align *a;
    uint64_t *code;   /* [n] distinct cells, ascending */
    uint32_t *which;  /* [cells] the cell's code */
    double *p;        /* [n] of target given source */
    double *count;    /* [n] expected */
    double *total;    /* [sources] of count */
    uint32_t *source; /* [n] its number among the distinct sources */
    size_t n, sources;
};

static int by_code(const void *pa, const void *pb)
{
    uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

    return (a > b) - (a < b);
}

static size_t find(const uint64_t *code, size_t n, uint64_t key)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (code[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int allocate(struct learning *l, struct err *err)
{
    size_t cells = l->a->cells;

    l->code = malloc((cells + 1) * sizeof(*l->code));
    l->which = malloc((cells + 1) * sizeof(*l->which));
    if (!l->code || !l->which)
        return ERR_SET(err, ERR_NOMEM, "%zu combinations of tokens", cells);
    if (cells > 0)
        memcpy(l->code, l->a->cell, cells * sizeof(*l->code));
    if (cells > 1)
        qsort(l->code, cells, sizeof(*l->code), by_code);
    for (size_t i = 0; i < cells; i++)
        if (l->n == 0 || l->code[l->n - 1] != l->code[i])
            l->code[l->n++] = l->code[i];
    l->p = malloc((l->n + 1) * sizeof(*l->p));
    l->count = malloc((l->n + 1) * sizeof(*l->count));
    l->total = malloc((l->n + 1) * sizeof(*l->total));
    l->source = malloc((l->n + 1) * sizeof(*l->source));
    if (!l->p || !l->count || !l->total || !l->source)
        return ERR_SET(err, ERR_NOMEM, "%zu links of tokens", l->n);
    for (size_t i = 0; i < cells; i++)
        l->which[i] = (uint32_t)find(l->code, l->n, l->a->cell[i]);
    return 0;
}

static int number_sources(struct learning *l, struct err *err)
{
    uint32_t *id = malloc((l->n + 1) * sizeof(*id));

    if (!id)
        return ERR_SET(err, ERR_NOMEM, "%zu links of tokens", l->n);
    for (size_t i = 0; i < l->n; i++)
        id[i] = (uint32_t)l->code[i];
    if (l->n > 1)
        qsort(id, l->n, sizeof(*id), by_id);
    for (size_t i = 0; i < l->n; i++)
        if (l->sources == 0 || id[l->sources - 1] != id[i])
            id[l->sources++] = id[i];
    for (size_t i = 0; i < l->n; i++) {
        uint32_t key = (uint32_t)l->code[i];
        const uint32_t *at = bsearch(&key, id, l->sources, sizeof(*id), by_id);

        l->source[i] = (uint32_t)(at - id);
    }
    free(id);
    return 0;
}

static void expect(struct learning *l)
{
    const uint32_t *which = l->which;

    memset(l->count, 0, l->n * sizeof(*l->count));
    for (size_t c = 0; c < l->a->columns; which += l->a->height[c++]) {
        double sum = 0.0;

        for (uint32_t i = 0; i < l->a->height[c]; i++)
            sum += l->p[which[i]];
        for (uint32_t i = 0; i < l->a->height[c]; i++)
            l->count[which[i]] += l->p[which[i]] / sum;
    }
}

static void maximise(struct learning *l)
{
    memset(l->total, 0, l->sources * sizeof(*l->total));
    for (size_t i = 0; i < l->n; i++)
        l->total[l->source[i]] += l->count[i];
    for (size_t i = 0; i < l->n; i++)
        l->p[i] = l->count[i] / l->total[l->source[i]];
}

static int keep(struct learning *l, struct err *err)
{
    struct word_align *a = l->a;

    free(a->link);
    a->link = malloc((l->n + 1) * sizeof(*a->link));
    a->n = 0;
    if (!a->link)
        return ERR_SET(err, ERR_NOMEM, "%zu links of tokens", l->n);
    for (; a->n < l->n; a->n++)
        a->link[a->n] = (struct word_link){ (uint32_t)(l->code[a->n] >> 32),
                                            (uint32_t)l->code[a->n],
                                            (float)l->count[a->n] };
    return 0;
}

int word_align_learn(struct word_align *a, int rounds, struct err *err)
{
    struct learning l = { .a = a };
    int rc = allocate(&l, err);

    if (rc == 0)
        rc = number_sources(&l, err);
    for (size_t i = 0; rc == 0 && i < l.n; i++)
        l.p[i] = l.count[i] = 1.0;
    for (int i = 0; rc == 0 && i < rounds; i++) {
        expect(&l);
        maximise(&l);
    }
    if (rc == 0)
        rc = keep(&l, err);
    free(l.code);
    free(l.which);
    free(l.p);
    free(l.count);
    free(l.total);
    free(l.source);
    return rc;
}

void word_align_release(struct word_align *a)
{
    free(a->link);
    free(a->cell);
    free(a->height);
    *a = (struct word_align)WORD_ALIGN_INIT;
}

const struct word_link *word_align_of(const struct word_align *a,
                                      uint32_t target, size_t *n)
{
    size_t lo = 0, hi = a->n, end;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (a->link[mid].target < target)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (end = lo; end < a->n && a->link[end].target == target; end++)
        continue;
    *n = end - lo;
    return a->link + lo;
}
