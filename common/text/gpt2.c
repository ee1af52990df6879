#include "text/gpt2.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "text/normalise.h"

enum kind { KIND_LETTER, KIND_NUMBER, KIND_OTHER, KIND_SPACE };

static enum kind kind_of(uint32_t cp)
{
    if (cp < 0x80) {
        if ((cp | 32) >= 'a' && (cp | 32) <= 'z')
            return KIND_LETTER;
        if (cp >= '0' && cp <= '9')
            return KIND_NUMBER;
        return cp == ' ' || (cp >= '\t' && cp <= '\r') ? KIND_SPACE
                                                       : KIND_OTHER;
    }
    if (normalise_is_letter(cp))
        return KIND_LETTER;
    if (normalise_is_number(cp))
        return KIND_NUMBER;
    return normalise_is_space(cp) ? KIND_SPACE : KIND_OTHER;
}

/* Characters of one kind from p on. */
static const char *run(const char *p, const char *end, enum kind kind)
{
    while (p < end) {
        const char *q = p;

        if (kind_of(normalise_decode(&q, end)) != kind)
            break;
        p = q;
    }
    return p;
}

static size_t clitic(const char *p, const char *end)
{
    static const char *const forms[] = { "'s", "'t",  "'re", "'ve",
                                         "'m", "'ll", "'d" };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t n = strlen(forms[i]);

        if ((size_t)(end - p) >= n && memcmp(p, forms[i], n) == 0)
            return n;
    }
    return 0;
}

/* White space, but for the last when a word follows: a space goes with it. */
static const char *spaces(const char *p, const char *end)
{
    const char *last = p, *q = p;

    while (q < end) {
        const char *after = q;

        if (kind_of(normalise_decode(&after, end)) != KIND_SPACE)
            return last > p ? last : q;
        last = q;
        q = after;
    }
    return end;
}

const char *gpt2_word(const char *p, const char *end)
{
    const char *q = p, *after;
    size_t n = *p == '\'' ? clitic(p, end) : 0;
    enum kind kind;

    if (n > 0)
        return p + n;
    if (*q == ' ' && q + 1 < end)
        q++;
    after = q;
    kind = kind_of(normalise_decode(&after, end));
    return kind == KIND_SPACE ? spaces(p, end) : run(after, end, kind);
}
