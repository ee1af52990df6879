#include "mine/sample.h"

int sample_random(struct sample_pair *out, size_t *got, size_t want, uint32_t n,
                  struct pairset *known, struct rng *rng, struct err *err)
{
    size_t misses = 0;

    *got = 0;
    if (n < 2)
        return 0;
    /* Give up when draws keep hitting what is known: hardly any is left. */
    while (*got < want && misses < 100 * (want + 100)) {
        uint32_t a = (uint32_t)rng_below(rng, n);
        uint32_t b = (uint32_t)rng_below(rng, n);
        bool added = false;
        int rc = a == b ? 0 : pairset_add(known, a, b, &added, err);

        if (rc < 0)
            return rc;
        if (!added) {
            misses++;
            continue;
        }
        out[(*got)++] = (struct sample_pair){ a, b };
    }
    return 0;
}
