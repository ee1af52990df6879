/*
 * prompt.h - prompt templates: text with {anchor}, {positives}, {negatives}
 * and {domain}. The part before a line "---" is the system message, which is
 * the same for all anchors (providers cache equal beginnings).
 */
#ifndef NET_PROMPT_H
#define NET_PROMPT_H

#include "base/buf.h"
#include "base/err.h"

struct prompt {
    struct buf text;    /* the whole template */
    struct span system; /* parts of it */
    struct span user;
    char hash[65]; /* SHA-256 of the template */
};

struct prompt_values {
    struct span anchor;
    int positives, negatives;
    const char *domain;
};

/* name: "en", "zh", or a file. ERR_FORMAT: an unknown variable, or no
 * {anchor}. */
int prompt_load(struct prompt *p, const char *name, struct err *err) MUST_CHECK;
void prompt_release(struct prompt *p);
/* Append part (p->system or p->user) with the variables replaced. */
int prompt_render(struct buf *b, struct span part,
                  const struct prompt_values *v, struct err *err) MUST_CHECK;

#endif
