#include "net/repair.h"

#include <assert.h>
#include <string.h>

#include "net/mend.h"

struct search {
    repair_fits_fn *fits;
    struct json *found; /* the best so far, or NULL */
    enum repair_how how;
};

const char *repair_name(enum repair_how how)
{
    switch (how) {
    case REPAIR_AS_IS:
        return "as-is";
    case REPAIR_FENCE:
        return "fence";
    case REPAIR_SPAN:
        return "span";
    case REPAIR_FIXED:
        return "fixed";
    case REPAIR_CUT:
        return "cut";
    }
    return "?";
}

/* p is in s. */
static struct span after(struct span s, const char *p)
{
    size_t skip = (size_t)(p - s.ptr);

    assert(skip <= s.len);
    return (struct span){ p, s.len - skip };
}

static const char *find(struct span s, const char *word)
{
    return memmem(s.ptr, s.len, word, strlen(word));
}

/* What follows the last closing tag. *open: a tag is left without one. */
static struct span after_thinking(struct span s, bool *open)
{
    static const char *const tags[] = { "</think>", "</thinking>" };

    for (size_t i = 0; i < 2; i++)
        for (const char *p = find(s, tags[i]); p; p = find(s, tags[i]))
            s = after(s, p + strlen(tags[i]));
    *open = find(s, "<think>") || find(s, "<thinking>");
    return s;
}

/* Keep what s parses to if it fits. */
static bool offer(struct search *x, struct span s, enum repair_how how)
{
    struct err none = ERR_INIT;
    struct json *doc;
    const struct json_node *root;
    enum json_type t;

    if (json_parse(&doc, "answer", s.ptr, s.len, JSON_STRICT, &none) < 0)
        return false;
    root = json_root(doc);
    t = json_type(root);
    if ((t != JSON_OBJECT && t != JSON_ARRAY) || !json_first(root) ||
        (x->fits && !x->fits(root))) {
        json_free(doc);
        return false;
    }
    json_free(x->found);
    x->found = doc;
    x->how = how;
    return true;
}

/* The contents of the last ``` block that is not empty, closed or not. */
static bool last_fence(struct span s, struct span *in)
{
    const char *end = s.ptr + s.len, *p = find(s, "```");
    bool found = false;

    while (p) {
        const char *close;

        p += 3;
        while (p < end && *p != '\n' && !mend_opens(p, end))
            p++; /* the language tag */
        close = find(after(s, p), "```");
        if (p < end) {
            *in = (struct span){ p, (size_t)((close ? close : end) - p) };
            found = true;
        }
        p = close ? find(after(s, close + 3), "```") : NULL;
    }
    return found;
}

/* End of the balanced value that begins at s[at], or 0. */
static size_t balanced(struct span s, size_t at)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = at; i < s.len; i++) {
        char c = s.ptr[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* The last value that stands by itself. After one that never ends there is
 * none: mending keeps more of it than its last item. */
static bool last_span(struct search *x, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        size_t end;

        if (s.ptr[i] != '{' && s.ptr[i] != '[')
            continue;
        end = balanced(s, i);
        if (!end)
            break;
        (void)offer(x, (struct span){ s.ptr + i, end - i }, REPAIR_SPAN);
        i = end - 1;
    }
    return x->found != NULL;
}

/* The last value anywhere. */
static bool inner_span(struct search *x, struct span s)
{
    int tries = 0;

    for (size_t i = s.len; i > 0 && tries < 128; i--) {
        size_t end;

        if (s.ptr[i - 1] != '{' && s.ptr[i - 1] != '[')
            continue;
        tries++;
        end = balanced(s, i - 1);
        if (end &&
            offer(x, (struct span){ s.ptr + i - 1, end - i + 1 }, REPAIR_SPAN))
            return true;
    }
    return false;
}

/* Mend each value that stands by itself: the last one wins, but one that is
 * cut off only if there is none before it. */
static bool mended(struct search *x, struct span s)
{
    struct buf b = BUF_INIT(4 * REPAIR_MAX);
    const char *end = s.ptr + s.len;
    struct err none = ERR_INIT;
    bool cut = false;
    size_t used;

    for (const char *p = s.ptr; p < end && !cut; p += used) {
        used = 1;
        if (!mend_opens(p, end))
            continue;
        buf_reset(&b);
        if (mend_json(&b, after(s, p), &used, &cut, &none) < 0)
            break;
        if (b.len > 2 && !(cut && x->found))
            (void)offer(x, (struct span){ b.ptr, b.len },
                        cut ? REPAIR_CUT : REPAIR_FIXED);
    }
    buf_release(&b);
    return x->found != NULL;
}

static bool search(struct search *x, struct span s)
{
    struct span fence;
    bool thinking, fenced;

    if (offer(x, s, REPAIR_AS_IS))
        return true;
    s = after_thinking(s, &thinking);
    if (offer(x, s, REPAIR_AS_IS))
        return true;
    fenced = last_fence(s, &fence);
    if (fenced && offer(x, fence, REPAIR_FENCE))
        return true;
    if (last_span(x, s))
        return true;
    if (!thinking && fenced && mended(x, fence))
        return true;
    return (!thinking && mended(x, s)) || inner_span(x, s);
}

/* Some models put the whole object into a string. */
static bool unquoted(struct search *x, struct span s)
{
    struct buf b = BUF_INIT(4 * REPAIR_MAX);
    struct err none = ERR_INIT;
    struct json *doc;
    struct span text;
    bool found = false;

    if (json_parse(&doc, "answer", s.ptr, s.len, JSON_STRICT, &none) < 0)
        return false;
    text = span_of(json_str(json_root(doc), ""));
    if (mend_clean(&b, text.ptr, text.len, &none) == 0)
        found = search(x, (struct span){ buf_str(&b), b.len });
    buf_release(&b);
    json_free(doc);
    return found;
}

int repair_json(struct json **out, enum repair_how *how, const char *text,
                size_t len, repair_fits_fn *fits, struct err *err)
{
    struct search x = { fits, NULL, REPAIR_AS_IS };
    struct buf b = BUF_INIT(4 * REPAIR_MAX);
    struct span s;
    int rc;

    *out = NULL;
    if (len > REPAIR_MAX)
        return ERR_SET(err, ERR_FORMAT, "answer of %zu bytes, at most %d", len,
                       REPAIR_MAX);
    rc = mend_clean(&b, text, len, err);
    s = (struct span){ buf_str(&b), b.len };
    if (rc == 0 && !search(&x, s) && !unquoted(&x, s))
        rc = ERR_SET(err, ERR_FORMAT, "no JSON in the answer");
    *out = x.found;
    *how = x.how;
    buf_release(&b);
    return rc;
}

int repair_object(struct json **out, const char *text, size_t len,
                  struct err *err)
{
    struct buf clean = BUF_INIT(3 * len + 64), b = BUF_INIT(6 * len + 64);
    const char *begin, *end;
    size_t used;
    bool cut = true;
    int rc = mend_clean(&clean, text, len, err);

    *out = NULL;
    begin = rc == 0 ? memchr(buf_str(&clean), '{', clean.len) : NULL;
    end = buf_str(&clean) + clean.len;
    if (begin)
        rc = mend_json(&b, (struct span){ begin, (size_t)(end - begin) }, &used,
                       &cut, err);
    if (rc == 0 && cut)
        rc = ERR_SET(err, ERR_FORMAT, "not one whole JSON object");
    if (rc == 0)
        rc = json_parse(out, "answer", b.ptr, b.len, JSON_STRICT, err);
    buf_release(&clean);
    buf_release(&b);
    return rc;
}
