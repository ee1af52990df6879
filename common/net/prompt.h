/*
 * prompt.h - prompt templates: text files with variables in braces.
 *
 * A file is an optional head, a line "===", a system message, a line "---",
 * and a user message. The system message is the same for all anchors of a run
 * (providers cache equal beginnings), so variables that differ from anchor to
 * anchor belong after "---".
 *
 * Variables: {anchor} {positives} {negatives} {domain}; {kinds} every kind of
 * negative that may be asked for and what it is; {wanted} the kinds (and
 * similarities) of this anchor's negatives; {style} its register, length and
 * persona; {notes} and {examples} of the user; {avoid} openings not to use;
 * {items} sentences to judge. A line with {kinds} ... {avoid} is left out when
 * there is nothing to put in.
 *
 * Head, one a line, # begins a comment:
 *   language: zh              of what is written: en, zh, or "any"
 *   variables: anchor kinds   those used; then each must be, and no other
 *   domain: TEXT              {domain}, unless the caller has another
 *   kind NAME: TEXT           a kind of negative
 *   axis NAME: A | B | C      a style axis and its values
 *   same: TEXT                how an example is shown, with {a} and {b}
 *   differ: TEXT
 *   graded: TEXT              a kind with its {similarity}, after {kind}
 *   more: TEXT                asks for {positives} and {negatives} more
 */
#ifndef NET_PROMPT_H
#define NET_PROMPT_H

#include "base/buf.h"
#include "base/err.h"

enum {
    PROMPT_KINDS = 40,
    PROMPT_AXES = 8,
    PROMPT_VALUES = 24,
    PROMPT_DOMAIN_MAX = 400
};

struct prompt_kind {
    struct span name, text;
};
struct prompt_axis {
    struct span name, value[PROMPT_VALUES];
    size_t n;
};

enum prompt_variable {
    PROMPT_ANCHOR,
    PROMPT_POSITIVES,
    PROMPT_NEGATIVES,
    PROMPT_DOMAIN,
    PROMPT_KIND_LIST,
    PROMPT_WANTED,
    PROMPT_STYLE,
    PROMPT_NOTES,
    PROMPT_EXAMPLES,
    PROMPT_AVOID,
    PROMPT_ITEMS,
    PROMPT_VARIABLES
};

/* Spans point into text. */
struct prompt {
    struct buf text; /* the whole template */
    struct span system, user;
    struct span language, same, differ, graded, more; /* empty: not said */
    struct prompt_kind kind[PROMPT_KINDS];
    struct prompt_axis axis[PROMPT_AXES];
    size_t kinds, axes;
    bool uses[PROMPT_VARIABLES];
    char domain[PROMPT_DOMAIN_MAX]; /* "": not said */
    char hash[65];                  /* SHA-256 of the template */
};

struct prompt_values {
    struct span anchor;
    int positives, negatives;
    const char *domain;
    struct span kinds, wanted, style, notes, examples, avoid, items;
};

/* name: a file, or the name of one that comes with the program ("en", "zh").
 * ERR_FORMAT with the line: an unknown, undeclared or unused variable, a head
 * that cannot be read, neither {anchor} nor {items}. */
int prompt_load(struct prompt *p, const char *name, struct err *err) MUST_CHECK;
void prompt_release(struct prompt *p);
/* The file of a template's name. */
int prompt_find(char path[4096], const char *name, struct err *err) MUST_CHECK;
/* What {domain} stands for: given, or if that is "" the template's own.
 * ERR_USAGE: it is used and neither says it, or given is used nowhere. */
int prompt_domain(const struct prompt *p, const char *given, const char **out,
                  struct err *err) MUST_CHECK;
/* "{anchor}", ... */
const char *prompt_variable(enum prompt_variable v);
/* Append part (p->system or p->user) with the variables replaced. */
int prompt_render(struct buf *b, struct span part,
                  const struct prompt_values *v, struct err *err) MUST_CHECK;

/* Private: the variable that begins at s, or -1. */
int prompt_variable_at(const char *s, size_t left);
/* Private: read the head; *body is where it ends. */
int prompt_read_head(struct prompt *p, const char *name, size_t *body,
                     struct err *err) MUST_CHECK;

#endif
