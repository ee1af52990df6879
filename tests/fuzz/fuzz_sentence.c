/* Any bytes as an anchor and, after the first line, its sentences: the checks
 * refuse what is not UTF-8, and else give a verdict that a vote stands for;
 * the figures of diversity are shares. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llm/checks.h"
#include "text/diversity.h"

enum { LINES = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t split(struct span *line, const char *p, size_t size)
{
    size_t n = 0;

    while (size && n < LINES) {
        const char *nl = memchr(p, '\n', size);
        size_t len = nl ? (size_t)(nl - p) : size;

        if (len)
            line[n++] = (struct span){ p, len };
        p += len + (nl != NULL);
        size -= len + (nl != NULL);
    }
    return n;
}

static void check(const struct checks *c, struct facets *anchor,
                  struct facets *text, const char *kind)
{
    struct checks_result r;
    struct err err = ERR_INIT;
    bool near;

    for (int positive = 0; positive < 2; positive++) {
        if (checks_text(c, &r, anchor, text, kind, positive, &err) < 0)
            continue;
        checks_opinion(c, &r, positive, 0.5, NAN, VOTE_REJECT);
        if (r.verdict == CHECKS_REJECT && r.vote[r.why] != VOTE_REJECT)
            abort();
        if (r.verdict == CHECKS_ACCEPT)
            abort(); /* the judge was against it */
    }
    if (checks_siblings(c, &near, text, text, &err) == 0 && !near)
        abort();
}

static void check_line(const struct checks *c, struct span anchor,
                       struct span text)
{
    static const char *const kinds[] = { "negation", "number", "" };
    struct facets a = { .found = 0 }, b = { .found = 0 };
    struct err err = ERR_INIT;

    if (facets_open(&a, anchor, &err) == 0 && facets_open(&b, text, &err) == 0)
        for (size_t k = 0; k < 3; k++)
            check(c, &a, &b, kinds[k]);
    facets_release(&a);
    facets_release(&b);
}

static bool is_share(double x)
{
    return isnan(x) || (x >= 0.0 && x <= 1.0);
}

static void measure(const struct span *line, size_t n)
{
    struct diversity_figures f;
    struct diversity *d;
    struct err err = ERR_INIT;

    if (diversity_new(&d, &err) < 0)
        return;
    if (diversity_add(d, line, n, &err) == 0 &&
        diversity_figures(&f, d, &err) == 0)
        if (!is_share(f.distinct[0]) || !is_share(f.distinct[2]) ||
            !is_share(f.group_overlap) || !is_share(f.sample_overlap) ||
            f.worn > f.shown || f.texts != n)
            abort();
    diversity_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct checks checks;
    struct span line[LINES];
    struct err err = ERR_INIT;
    size_t n = split(line, (const char *)data, size);

    if (!checks.detect && checks_open(&checks, "", &err) < 0)
        return 0;
    for (size_t i = 1; i < n; i++)
        check_line(&checks, line[0], line[i]);
    measure(line, n);
    return 0;
}
