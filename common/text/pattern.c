#include "text/pattern.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/normalise.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* PCRE2's default of ten million is seconds per text. */
enum { MATCH_STEPS = 200000, DEPTH = 10000, HEAP_KIB = 16384 };

struct pattern {
    pcre2_code *code;
    pcre2_code *ascii; /* of PATTERN_ASCII, or NULL */
    pcre2_match_context *limits;
    pcre2_match_data *match;
    struct span text; /* of the last match */
    uint32_t groups;  /* filled by the last match */
};

static int pcre2_fail(struct err *err, int code)
{
    char why[120];

    pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
    switch (code) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
        return ERR_SET(err, ERR_FULL, "pattern: %s", why);
    case PCRE2_ERROR_NOMEMORY:
        return ERR_SET(err, ERR_NOMEM, "pattern: %s", why);
    default:
        return ERR_SET(err, ERR_FORMAT, "pattern: %s", why);
    }
}

static int compile(pcre2_code **out, const char *expression, uint32_t options,
                   struct err *err)
{
    PCRE2_SIZE offset = 0;
    int code = 0;

    *out = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, options,
                         &code, &offset, NULL);
    if (!*out) {
        pcre2_fail(err, code);
        return err_prefix(err, "\"%.80s\", offset %zu", expression,
                          (size_t)offset);
    }
    /* three times as fast; without it, or short of its stack, the same is found
     */
    (void)pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE);
    return 0;
}

static int compile_forms(struct pattern *p, const char *expression,
                         unsigned flags, struct err *err)
{
    uint32_t options = flags & PATTERN_CASELESS ? PCRE2_CASELESS : 0;
    int rc;

    /* PCRE2 refuses UCP beside LITERAL, where it has no meaning */
    rc = compile(&p->code, expression,
                 options | PCRE2_UTF |
                     (flags & PATTERN_LITERAL
                          ? PCRE2_LITERAL
                          : PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C),
                 err);
    if (rc == 0 && flags & PATTERN_ASCII)
        rc = compile(&p->ascii, expression, options | PCRE2_NEVER_BACKSLASH_C,
                     err);
    return rc;
}

int pattern_new(struct pattern **out, const char *expression, unsigned flags,
                struct err *err)
{
    struct pattern *p = calloc(1, sizeof(*p));
    int rc;

    *out = NULL;
    if (!p)
        return ERR_SET(err, ERR_NOMEM, "pattern");
    rc = compile_forms(p, expression, flags, err);
    if (rc == 0) {
        p->limits = pcre2_match_context_create(NULL);
        p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
        if (!p->limits || !p->match)
            rc = ERR_SET(err, ERR_NOMEM, "pattern");
    }
    if (rc < 0) {
        pattern_free(p);
        return rc;
    }
    pcre2_set_match_limit(p->limits, MATCH_STEPS);
    pcre2_set_depth_limit(p->limits, DEPTH);
    pcre2_set_heap_limit(p->limits, HEAP_KIB);
    *out = p;
    return 0;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->limits);
    pcre2_code_free(p->code);
    pcre2_code_free(p->ascii);
    free(p);
}

static int find(struct pattern *p, struct span text, size_t from,
                uint32_t options, struct span *found, struct err *err)
{
    const char *s = text.len ? text.ptr : "";
    const pcre2_code *code =
        p->ascii && normalise_is_ascii(text) ? p->ascii : p->code;
    int rc;

    assert(from <= text.len);
    p->groups = 0;
    rc = pcre2_match(code, (PCRE2_SPTR)s, text.len, from, options, p->match,
                     p->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(code, (PCRE2_SPTR)s, text.len, from,
                         options | PCRE2_NO_JIT, p->match, p->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 1;
    if (rc < 0)
        return pcre2_fail(err, rc);
    p->text = (struct span){ s, text.len };
    p->groups = (uint32_t)rc;
    *found = pattern_group(p, 0);
    return 0;
}

int pattern_find(struct pattern *p, struct span text, size_t from,
                 struct span *found, struct err *err)
{
    return find(p, text, from, 0, found, err);
}

struct span pattern_group(const struct pattern *p, unsigned n)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->match);

    /* \K can put the beginning behind the end */
    if (n >= p->groups || at[2 * n] == PCRE2_UNSET || at[2 * n] > at[2 * n + 1])
        return (struct span){ NULL, 0 };
    return (struct span){ p->text.ptr + at[2 * n], at[2 * n + 1] - at[2 * n] };
}

static size_t next_character(struct span text, size_t at)
{
    at++;
    while (at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80)
        at++;
    return at;
}

int pattern_each(struct pattern *p, struct span text, size_t *at,
                 struct span *found, struct err *err)
{
    while (*at <= text.len) {
        /* the first search has checked the UTF-8 up to the end */
        int rc =
            find(p, text, *at, *at > 0 ? PCRE2_NO_UTF_CHECK : 0, found, err);

        if (rc != 0)
            return rc;
        if (found->len > 0) {
            *at = (size_t)(found->ptr - p->text.ptr) + found->len;
            return 0;
        }
        if (found->ptr && (size_t)(found->ptr - p->text.ptr) > *at)
            *at = (size_t)(found->ptr - p->text.ptr);
        *at = next_character(text, *at);
    }
    return 1;
}
