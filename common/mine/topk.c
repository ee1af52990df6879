#include "mine/topk.h"

#include <stdlib.h>

#include "nn/gemm.h"

enum { QUERIES = 64, DOCS = 512 }; /* a tile of scores: 128 KiB, fits L2 */

struct job {
    struct topk_hit *hit;
    const float *x;
    float *tile; /* [workers, QUERIES, DOCS] */
    size_t n, k, C;
};

static int better(struct topk_hit a, struct topk_hit b)
{
    return a.score > b.score || (a.score == b.score && a.doc < b.doc);
}

/* Keep h among the k best of row, sorted; empty places have doc UINT32_MAX. */
static void insert(struct topk_hit *row, size_t k, struct topk_hit h)
{
    size_t i = k - 1;

    if (row[i].doc != UINT32_MAX && !better(h, row[i]))
        return;
    for (; i > 0 && (row[i - 1].doc == UINT32_MAX || better(h, row[i - 1]));
         i--)
        row[i] = row[i - 1];
    row[i] = h;
}

static void scan(struct job *j, const float *tile, size_t q0, size_t qn,
                 size_t d0, size_t dn)
{
    for (size_t q = 0; q < qn; q++)
        for (size_t d = 0; d < dn; d++)
            if (q0 + q != d0 + d)
                insert(
                    j->hit + (q0 + q) * j->k, j->k,
                    (struct topk_hit){ (uint32_t)(d0 + d), tile[q * dn + d] });
}

static void search(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct job *j = ctx;
    float *tile = j->tile + worker * QUERIES * DOCS;

    for (size_t i = begin * j->k; i < end * j->k; i++)
        j->hit[i] = (struct topk_hit){ UINT32_MAX, 0.0f };
    for (size_t d = 0; d < j->n; d += DOCS) {
        size_t dn = j->n - d < DOCS ? j->n - d : DOCS;

        gemm_nt(tile, j->x + begin * j->C, j->x + d * j->C, NULL, end - begin,
                dn, j->C);
        scan(j, tile, begin, end - begin, d, dn);
    }
}

int topk_self(struct topk_hit *hit, const float *x, size_t n, size_t k,
              size_t C, struct workers *w, struct err *err)
{
    struct job j = { hit, x, NULL, n, k, C };

    j.tile = malloc(workers_count(w) * QUERIES * DOCS * sizeof(*j.tile));
    if (!j.tile)
        return ERR_SET(err, ERR_NOMEM, "cannot search %zu vectors", n);
    workers_run(w, n, QUERIES, search, &j);
    free(j.tile);
    return 0;
}
