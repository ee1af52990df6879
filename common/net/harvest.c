#include "net/harvest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct names {
    const char *const *name;
    size_t n;
};
#define NAMES(a) \
    { \
        a, sizeof(a) / sizeof(a[0]) \
    }

/* ---- where the lists are ---- */

static const char *const positive_names[] = {
    "positives",     "positive", "positive_sentences",
    "paraphrases",   "synonyms", "same_meaning",
    "similar",       "正例",     "正样本",
    "正面例子",      "同义句",   "意思相同",
    "意思相同的句子"
};
static const char *const negative_names[] = {
    "negatives",      "negative",      "negative_sentences",
    "hard_negatives", "hard_negative", "look_alikes",
    "lookalikes",     "look-alikes",   "different",
    "负例",           "负样本",        "反例",
    "难负例",         "形近义异",      "形近义异的句子"
};
static const struct names sides[] = { NAMES(positive_names),
                                      NAMES(negative_names) };
static const char *const text_names[] = { "text", "sentence", "content",
                                          "文本", "句子",     "内容" };
static const char *const kind_names[] = { "kind", "type", "category",
                                          "种类", "类型", "类别" };

/* The first of the names that o has; case does not matter. */
static const struct json_node *member(const struct json_node *o,
                                      struct names names)
{
    if (json_type(o) != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < names.n; i++) {
        const struct json_node *c = json_first(o);

        for (; c; c = json_next(c))
            if (strcasecmp(json_key(c), names.name[i]) == 0)
                return c;
    }
    return NULL;
}

const struct json_node *harvest_list(const struct json_node *root,
                                     enum harvest_side side)
{
    const struct json_node *list = member(root, sides[side]);
    const struct json_node *c = json_first(root);

    for (; !list && c; c = json_next(c))
        list = member(c, sides[side]);
    return list;
}

bool harvest_fits(const struct json_node *root)
{
    return harvest_list(root, HARVEST_POSITIVES) ||
           harvest_list(root, HARVEST_NEGATIVES);
}

/* ---- what is in them ---- */

const char *harvest_text(const struct json_node *item, const char **kind)
{
    static const struct names text = NAMES(text_names),
                              name = NAMES(kind_names);

    *kind = json_str(member(item, name), "");
    return json_str(item, json_str(member(item, text), NULL));
}

/* Is one of the marks, each with a blank after it, at s? Its bytes, or 0. */
static size_t mark_at(const char *s, const char *const *marks)
{
    for (; *marks; marks++)
        if (strncmp(s, *marks, strlen(*marks)) == 0)
            return strlen(*marks);
    return 0;
}

/*
 * "1. ", "2)", "(3) ", "4、": the mark goes. Not so "1.5", and "2、3天" is two
 * or three days: after the mark stands no digit. With an ASCII mark there must
 * be a blank, or a character that is not ASCII.
 */
static const char *skip_number(const char *s)
{
    static const char *const open[] = { "(", "（", "[", NULL };
    static const char *const close[] = { ")", "）", "]", NULL };
    static const char *const stop[] = { ".",  ")", "、", "．",
                                        "）", ":", "：", NULL };
    size_t before = mark_at(s, open), d = strspn(s + before, "0123456789"), n;
    const char *p = s + before + d;

    n = mark_at(p, before ? close : stop);
    if (d == 0 || d > 2 || n == 0 || isdigit((unsigned char)p[n]))
        return s;
    if (n == 1 && p[1] != ' ' && (unsigned char)p[1] < 0x80)
        return s;
    return p + n;
}

static const char *skip_bullet(const char *s)
{
    static const char *const bullets[] = { "- ", "* ", "• ", "•", "· ", NULL };

    /* circled 1 to 20 */
    if (strncmp(s, "\xE2\x91", 2) == 0 && (unsigned char)s[2] >= 0xA0 &&
        (unsigned char)s[2] <= 0xB3)
        return s + 3;
    return s + mark_at(s, bullets);
}

char *harvest_copy(const char *text)
{
    const char *s = text + strspn(text, " \t\r\n");
    const char *p = skip_bullet(s);
    char *t;
    size_t n;

    if (p == s)
        p = skip_number(s);
    t = strdup(p + strspn(p, " \t\r\n"));
    n = t ? strlen(t) : 0;
    while (n && isspace((unsigned char)t[n - 1]))
        t[--n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)t[i] < 0x20)
            t[i] = ' ';
    return t;
}
