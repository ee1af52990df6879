/*
 * probe.h - one small call to each source of a profile or pool, and what works:
 * connection, key, way of asking for JSON, usage, thinking, limits, price.
 * Nothing is stored.
 */
#ifndef LLM_PROBE_H
#define LLM_PROBE_H

#include "llm/dialogue.h"
#include "llm/source.h"

struct probe {
    struct sources *sources; /* open */
    const struct prompt *prompt;
    double temperature;
    int64_t seed;
    bool thinking;
    bool (*stopped)(void);
};

/* Prints to stdout. Errors as buyer_run(), when a source does not work. */
int probe_run(const struct probe *p, struct err *err) MUST_CHECK;

#endif
