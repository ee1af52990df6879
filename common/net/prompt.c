#include "net/prompt.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/utf8.h"
#include "net/data_file.h"

static const char *const variables[] = {
    "{anchor}", "{positives}", "{negatives}", "{domain}", "{kinds}", "{wanted}",
    "{style}",  "{notes}",     "{examples}",  "{avoid}",  "{items}",
};
static_assert(sizeof(variables) / sizeof(variables[0]) == PROMPT_VARIABLES,
              "one name each");

const char *prompt_variable(enum prompt_variable v)
{
    return variables[v];
}

int prompt_variable_at(const char *p, size_t left)
{
    for (int i = 0; *p == '{' && i < PROMPT_VARIABLES; i++) {
        size_t n = strlen(variables[i]);

        if (left >= n && memcmp(p, variables[i], n) == 0)
            return i;
    }
    return -1;
}

/* CR LF becomes LF, a byte order mark goes. */
static void unify(struct buf *text)
{
    size_t n = 0, from = 0;

    if (text->len >= 3 && memcmp(text->ptr, "\xEF\xBB\xBF", 3) == 0)
        from = 3;
    for (; from < text->len; from++)
        if (text->ptr[from] != '\r' || text->ptr[from + 1] != '\n')
            text->ptr[n++] = text->ptr[from];
    text->len = n;
    if (text->ptr)
        text->ptr[n] = '\0';
}

/* A brace with a lower-case word in it must be a variable: a typing error
 * would be paid for a hundred thousand times. */
static int check_body(const struct prompt *p, const char *name, size_t body,
                      struct err *err)
{
    for (size_t i = body; i < p->text.len; i++) {
        const char *s = p->text.ptr + i;
        size_t word;

        if (*s != '{')
            continue;
        word = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_");
        if (word == 0 || s[1 + word] != '}')
            continue; /* JSON in the example */
        if (prompt_variable_at(s, p->text.len - i) < 0)
            return ERR_SET(err, ERR_FORMAT,
                           "template %s: unknown variable %.*s, expected "
                           "{anchor}, {positives}, {negatives}, {domain}, "
                           "{kinds}, {wanted}, {style}, {notes}, {examples}, "
                           "{avoid} or {items}",
                           name, (int)word + 2, s);
    }
    /* a judge sees the anchor in the items */
    return p->uses[PROMPT_ANCHOR] || p->uses[PROMPT_ITEMS]
               ? 0
               : ERR_SET(err, ERR_FORMAT, "template %s: has no {anchor}", name);
}

static int read_text(struct prompt *p, const char *name, size_t *body,
                     struct err *err)
{
    int rc;

    unify(&p->text);
    if (utf8_valid(buf_str(&p->text), p->text.len) < p->text.len ||
        memchr(buf_str(&p->text), '\0', p->text.len))
        return ERR_SET(err, ERR_FORMAT, "template %s: not UTF-8 text", name);
    rc = prompt_read_head(p, name, body, err);
    if (rc == 0)
        rc = check_body(p, name, *body, err);
    return rc == 0 ? sha256_hex(p->hash, p->text.ptr, p->text.len, err) : rc;
}

/* What differs from anchor to anchor ends the part that a cache can keep. */
static void warn_changing(const struct prompt *p, const char *name)
{
    static const enum prompt_variable each[] = { PROMPT_ANCHOR, PROMPT_WANTED,
                                                 PROMPT_STYLE, PROMPT_ITEMS };

    for (size_t i = 0; i < p->system.len; i++) {
        int v = prompt_variable_at(p->system.ptr + i, p->system.len - i);

        for (size_t k = 0; k < sizeof(each) / sizeof(each[0]); k++)
            if (v == (int)each[k])
                log_warn("template %s: %s stands before the line ---: "
                         "providers cache only what is the same for all",
                         name, variables[v]);
    }
}

int prompt_find(char path[4096], const char *name, struct err *err)
{
    static const struct data_kind kind = { "template", "prompts", ".txt",
                                           "SILVERSMITH_PROMPTS" };

    return data_file_find(path, &kind, name, err);
}

int prompt_load(struct prompt *p, const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    const char *cut, *from;
    size_t body = 0;
    int rc;

    *p = (struct prompt){ .text = BUF_INIT(1 << 20) };
    rc = prompt_find(path, name, err);
    if (rc == 0)
        rc = file_read(&p->text, path, err);
    if (rc == 0)
        rc = read_text(p, name, &body, err);
    if (rc < 0) {
        prompt_release(p);
        return rc;
    }
    from = p->text.ptr + body;
    cut = strstr(from, "\n---\n");
    p->user = span_of(cut ? cut + 5 : from);
    if (cut)
        p->system = (struct span){ from, (size_t)(cut - from) };
    if (strspn(p->user.ptr, " \n") == p->user.len) {
        prompt_release(p);
        return ERR_SET(err, ERR_FORMAT,
                       "template %s: nothing after the line ---", name);
    }
    warn_changing(p, name);
    return 0;
}

void prompt_release(struct prompt *p)
{
    buf_release(&p->text);
}

/* ---- rendering ---- */

static struct span optional(enum prompt_variable which,
                            const struct prompt_values *v)
{
    const struct span of[] = { v->kinds,    v->wanted, v->style, v->notes,
                               v->examples, v->avoid,  v->items };

    return of[which - PROMPT_KIND_LIST];
}

static int put_variable(struct buf *b, int which, const struct prompt_values *v,
                        struct err *err)
{
    struct span s;

    switch (which) {
    case PROMPT_ANCHOR:
        return buf_append(b, v->anchor.ptr, v->anchor.len, err);
    case PROMPT_POSITIVES:
        return buf_printf(b, err, "%d", v->positives);
    case PROMPT_NEGATIVES:
        return buf_printf(b, err, "%d", v->negatives);
    case PROMPT_DOMAIN:
        return buf_puts(b, v->domain, err);
    default:
        s = optional(which, v);
        return s.len ? buf_append(b, s.ptr, s.len, err) : 0;
    }
}

/* Has the line a variable that stands for nothing? */
static bool is_void(struct span line, const struct prompt_values *v)
{
    for (size_t i = 0; i < line.len; i++) {
        int which = prompt_variable_at(line.ptr + i, line.len - i);

        if (which >= PROMPT_KIND_LIST && optional(which, v).len == 0)
            return true;
    }
    return false;
}

static int render_line(struct buf *b, struct span line,
                       const struct prompt_values *v, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < line.len;) {
        int which = prompt_variable_at(line.ptr + i, line.len - i);

        if (which < 0) {
            rc = buf_append(b, line.ptr + i++, 1, err);
            continue;
        }
        rc = put_variable(b, which, v, err);
        i += strlen(variables[which]);
    }
    return rc;
}

int prompt_render(struct buf *b, struct span part,
                  const struct prompt_values *v, struct err *err)
{
    int rc = 0;

    while (rc == 0 && part.len) {
        const char *nl = memchr(part.ptr, '\n', part.len);
        size_t n = nl ? (size_t)(nl - part.ptr) + 1 : part.len;
        const struct span line = { part.ptr, n };

        if (!is_void(line, v))
            rc = render_line(b, line, v, err);
        part = (struct span){ part.ptr + n, part.len - n };
    }
    return rc;
}
