#include "model/lazy_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int lazy_rows_init(struct lazy_rows *r, float *x, float *dx, size_t rows,
                   size_t cols, uint64_t steps, struct err *err)
{
    *r = (struct lazy_rows){ .x = x, .dx = dx, .rows = rows, .cols = cols };
    if (steps < LAZY_ROWS_AWAKE) {
        r->since = calloc(rows, sizeof(*r->since));
        r->keep = malloc((steps + 1) * sizeof(*r->keep));
        r->touched = malloc(rows * sizeof(*r->touched));
        r->has = calloc(rows, sizeof(*r->has));
    }
    if (r->since && r->keep && r->touched && r->has)
        return 0;
    lazy_rows_release(r);
    return ERR_SET(err, ERR_NOMEM, "cannot follow %zu rows over %llu steps",
                   rows, (unsigned long long)steps);
}

void lazy_rows_release(struct lazy_rows *r)
{
    free(r->since);
    free(r->keep);
    free(r->touched);
    free(r->has);
    memset(r, 0, sizeof(*r));
}

/* The steps that a sleeping row has missed. */
static void catch_up(struct lazy_rows *r, size_t row)
{
    float *x = r->x + row * r->cols;

    for (uint32_t s = r->since[row]; s < r->steps; s++)
        if (r->keep[s] != 1.0f)
            for (size_t i = 0; i < r->cols; i++)
                x[i] *= r->keep[s];
    r->since[row] = r->steps;
}

void lazy_rows_touch(struct lazy_rows *r, const uint32_t *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert(row[i] < r->rows);
        if (r->has[row[i]])
            continue;
        if (r->since[row[i]] != LAZY_ROWS_AWAKE)
            catch_up(r, row[i]);
        r->since[row[i]] = LAZY_ROWS_AWAKE;
        r->has[row[i]] = true;
        r->touched[r->n++] = row[i];
    }
}

void lazy_rows_step(struct lazy_rows *r, float keep)
{
    for (size_t i = 0; i < r->n; i++) {
        memset(r->dx + r->touched[i] * r->cols, 0, r->cols * sizeof(*r->dx));
        r->has[r->touched[i]] = false;
    }
    r->n = 0;
    r->keep[r->steps++] = keep;
}

void lazy_rows_settle(struct lazy_rows *r, size_t begin, size_t end)
{
    for (size_t row = begin; row < end; row++)
        if (r->since[row] != LAZY_ROWS_AWAKE)
            catch_up(r, row);
}
