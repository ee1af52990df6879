#include "net/prompt.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/utf8.h"

static const char english[] =
    "You write training data for a sentence-embedding model. The domain is: "
    "{domain}.\n"
    "For the sentence you are given, write {positives} sentences that mean "
    "the same, and {negatives} that look alike but mean something else.\n"
    "Same meaning: one answer would serve both. Change words, order and "
    "sentence form freely; add no facts and drop none.\n"
    "Look-alike: keep most of the words and the topic, and change one thing "
    "that matters. Name what you changed as its kind: negation, number, "
    "entity, role, quantifier, modality, cause, antonym, condition, or "
    "other-question. Use several kinds.\n"
    "Write as people in this domain write. No numbering, no explanations, no "
    "sentence twice.\n"
    "Answer with one JSON object and nothing else, compact, on this pattern: "
    "{\"positives\":[\"...\"],\"negatives\":[{\"text\":\"...\",\"kind\":"
    "\"negation\"}]}\n"
    "---\n"
    "{positives} positives and {negatives} negatives, as JSON, for this "
    "sentence:\n{anchor}\n";

static const char chinese[] =
    "你为句向量模型编写训练数据。领域：{domain}。\n"
    "对给出的句子，写{positives}个意思"
    "相同的句子，再写{negatives}个看起来"
    "很像、意思却不同的句子。\n"
    "意思相同：同一个回答对两句都适用。"
    "可以换词、换语序、换句式，但不要增加"
    "或丢掉信息。\n"
    "形近义异：保留大部分字词和话题，只改动"
    "一处关键内容，并用 kind 注明改动"
    "的种类：negation（不、没、别）、num"
    "ber、entity、role（把、被互换）、"
    "quantifier（只、都、才、就）、modality、cause、antonym、condition、"
    "one-character（一字之差）、other-question。种类要多样。\n"
    "用这个领域里人们真实的说法。不要编号，不要解释，不要重复。\n"
    "只回答一个紧凑的 JSON 对象，格式如下："
    "{\"positives\":[\"...\"],\"negatives\":[{\"text\":\"...\",\"kind\":"
    "\"negation\"}]}\n"
    "---\n"
    "请以 JSON 给出{positives}个 positives 和{negatives}个 negatives，句子"
    "是：\n{anchor}\n";

static const char *const variables[] = { "{anchor}", "{positives}",
                                         "{negatives}", "{domain}" };
enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

/* Index of the variable that begins at p, or -1. */
static int variable_at(const char *p, size_t left)
{
    for (int i = 0; i < VARIABLES; i++) {
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
static int check(const struct prompt *p, const char *name, struct err *err)
{
    bool anchor = false;

    if (utf8_valid(buf_str(&p->text), p->text.len) < p->text.len ||
        memchr(buf_str(&p->text), '\0', p->text.len))
        return ERR_SET(err, ERR_FORMAT, "template %s: not UTF-8 text", name);
    for (size_t i = 0; i < p->text.len; i++) {
        const char *s = p->text.ptr + i;
        size_t word;

        if (*s != '{')
            continue;
        word = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_");
        if (word == 0 || s[1 + word] != '}')
            continue; /* JSON in the example */
        if (variable_at(s, p->text.len - i) < 0)
            return ERR_SET(err, ERR_FORMAT,
                           "template %s: unknown variable %.*s, expected "
                           "{anchor}, {positives}, {negatives} or {domain}",
                           name, (int)word + 2, s);
        anchor |= variable_at(s, p->text.len - i) == 0;
    }
    return anchor
               ? 0
               : ERR_SET(err, ERR_FORMAT, "template %s: has no {anchor}", name);
}

int prompt_load(struct prompt *p, const char *name, struct err *err)
{
    const char *cut;
    int rc;

    *p = (struct prompt){ .text = BUF_INIT(1 << 20) };
    if (strcmp(name, "en") == 0)
        rc = buf_puts(&p->text, english, err);
    else if (strcmp(name, "zh") == 0)
        rc = buf_puts(&p->text, chinese, err);
    else
        rc = file_read(&p->text, name, err);
    unify(&p->text);
    if (rc == 0)
        rc = check(p, name, err);
    if (rc == 0)
        rc = sha256_hex(p->hash, p->text.ptr, p->text.len, err);
    if (rc < 0) {
        prompt_release(p);
        return rc;
    }
    cut = strstr(p->text.ptr, "\n---\n");
    if (cut) {
        p->system = (struct span){ p->text.ptr, (size_t)(cut - p->text.ptr) };
        p->user = span_of(cut + 5);
    } else {
        p->user = (struct span){ p->text.ptr, p->text.len };
    }
    if (strspn(p->user.ptr, " \n") == p->user.len) {
        prompt_release(p);
        return ERR_SET(err, ERR_FORMAT,
                       "template %s: nothing after the line ---", name);
    }
    return 0;
}

void prompt_release(struct prompt *p)
{
    buf_release(&p->text);
}

static int put_variable(struct buf *b, int which, const struct prompt_values *v,
                        struct err *err)
{
    switch (which) {
    case 0:
        return buf_append(b, v->anchor.ptr, v->anchor.len, err);
    case 1:
        return buf_printf(b, err, "%d", v->positives);
    case 2:
        return buf_printf(b, err, "%d", v->negatives);
    default:
        return buf_puts(b, v->domain, err);
    }
}

int prompt_render(struct buf *b, struct span part,
                  const struct prompt_values *v, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < part.len;) {
        int which = variable_at(part.ptr + i, part.len - i);

        if (which < 0) {
            rc = buf_append(b, part.ptr + i++, 1, err);
            continue;
        }
        rc = put_variable(b, which, v, err);
        i += strlen(variables[which]);
    }
    return rc;
}
