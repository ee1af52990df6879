#include "net/breaker.h"

bool breaker_add(struct breaker *b, bool failed)
{
    if (b->n == BREAKER_WINDOW)
        b->failures -= b->bad[b->at];
    else
        b->n++;
    b->bad[b->at] = failed;
    b->failures += failed;
    b->at = (b->at + 1) % BREAKER_WINDOW;
    return b->n >= BREAKER_LEAST && 2 * b->failures > b->n;
}
