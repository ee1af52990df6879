#include <stdio.h>
#include <string.h>

#include "base/opt.h"

/* Damerau-Levenshtein distance of short words. */
static size_t distance(const char *a, const char *b)
{
    enum { MAX = 40 };
    size_t d[MAX + 1][MAX + 1], n = strlen(a), m = strlen(b);

    if (n > MAX || m > MAX)
        return MAX;
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *opt_nearest(const char *word, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t near = strlen(word) / 3 + 2; /* further away is not a typo */

    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, words[i]);

        if (d < near) {
            near = d;
            best = words[i];
        }
    }
    return best;
}

const char *opt_hint(char out[OPT_HINT], const char *word,
                     const char *const *words, size_t n)
{
    const char *near = opt_nearest(word, words, n);

    out[0] = '\0';
    if (near)
        snprintf(out, OPT_HINT, " (%s?)", near);
    return out;
}
