#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "sim/sim.h"

static const char *const kinds[] = { "negation",      "number",     "entity",
                                     "role",          "quantifier", "modality",
                                     "cause",         "antonym",    "condition",
                                     "other-question" };
static const char *const open_en[] = {
    "put differently",   "in other words",     "what is meant is",
    "to say it again",   "one may also write", "the same thing once more",
    "said with care",    "let me rephrase",    "as a customer would say",
    "stated more simply"
};
static const char *const change_en[] = {
    "not at all",         "twelve times",     "only on Sundays",
    "unless it rains",    "by somebody else", "before 1999",
    "instead of leaving", "for nobody",       "with half of it",
    "against the rules"
};
static const char *const open_zh[] = { "换句话说",   "也就是说",     "意思是",
                                       "可以这样讲", "简单地说",     "再说一遍",
                                       "用别的话讲", "客人会这样问", "总之",
                                       "说得明白些" };
static const char *const change_zh[] = { "并没有",     "十二次",   "只在周日",
                                         "除非下雨",   "由别人来", "在去年之前",
                                         "而不是离开", "没有人",   "少了一半",
                                         "违反规定" };
enum { WAYS = 10 };

/* ---- what is asked for ---- */

/* The number before a word: "5 positives", "5个 positives". -1: none. */
static int number_before(const char *text, const char *word)
{
    for (const char *p = strstr(text, word); p; p = strstr(p + 1, word)) {
        const char *q = p;

        while (q > text && (q[-1] == ' ' || (q[-1] & 0x80)))
            q--;
        if (q - text > 5 && memcmp(q - 5, " more", 5) == 0)
            q -= 5;
        if (q > text && isdigit((unsigned char)q[-1])) {
            while (q > text && isdigit((unsigned char)q[-1]))
                q--;
            return atoi(q);
        }
    }
    return -1;
}

static void last_line(char *out, size_t size, const char *text)
{
    const char *end = text + strlen(text), *p;

    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    p = end;
    while (p > text && p[-1] != '\n')
        p--;
    snprintf(out, size, "%.*s", (int)(end - p), p);
}

void sim_read_ask(struct sim_ask *a, const struct json_node *request)
{
    const struct json_node *m = json_first(json_get(request, "messages"));
    bool first = true;

    *a = (struct sim_ask){ .positives = 5, .negatives = 5 };
    a->stream = json_bool(json_get(request, "stream"), false);
    for (; m; m = json_next(m)) {
        const char *text = json_str(json_get(m, "content"), "");
        int pos, neg;

        a->hash = hash64(text, strlen(text), a->hash);
        if (strcmp(json_str(json_get(m, "role"), ""), "assistant") == 0)
            snprintf(a->kept, sizeof(a->kept), "%s", text);
        if (strcmp(json_str(json_get(m, "role"), ""), "user") != 0)
            continue;
        if (first)
            last_line(a->anchor, sizeof(a->anchor), text);
        first = false;
        pos = number_before(text, "positive");
        neg = number_before(text, "negative");
        if (pos >= 0 || neg >= 0) {
            a->positives = pos < 0 ? 0 : pos;
            a->negatives = neg < 0 ? 0 : neg;
        }
    }
}

/* ---- the sentences ---- */

static bool is_chinese(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0xE3)
            return true;
    return false;
}

/* The i-th way that is not among what is kept. */
static const char *way(const struct sim_ask *a, const char *const *words, int i)
{
    const uint64_t from = a->hash % WAYS;

    for (uint64_t k = 0; k < WAYS; k++) {
        const char *w = words[(from + k) % WAYS];

        if (!strstr(a->kept, w) && i-- == 0)
            return w;
    }
    return words[(from + (uint64_t)(i + WAYS)) % WAYS];
}

static void put_item(struct buf *b, const struct sim_ask *a, bool zh, int i,
                     bool positive)
{
    const char *const *words =
        positive ? (zh ? open_zh : open_en) : (zh ? change_zh : change_en);
    const char *w =
        i < WAYS ? way(a, words, i) : words[(a->hash + (uint64_t)i) % WAYS];
    struct buf s = BUF_INIT(SIM_OUT_MAX);
    size_t len = strlen(a->anchor);

    while (len > 0 && ispunct((unsigned char)a->anchor[len - 1]))
        len--;
    if (positive)
        put(&s, w), put(&s, zh ? "，" : ", ");
    put_len(&s, a->anchor, len);
    if (!positive)
        put(&s, zh ? "" : " "), put(&s, w);
    if (i >= WAYS)
        putf(&s, " %d", i);
    put_json_str(b, s.ptr, s.len);
    buf_release(&s);
}

void sim_write_items(struct buf *b, const struct sim_ask *a)
{
    bool zh = is_chinese(a->anchor);

    put(b, "{\"positives\":[");
    for (int i = 0; i < a->positives && i < 100; i++) {
        put(b, i ? "," : "");
        if (i == 0 && a->echo)
            put_json_str(b, a->anchor, strlen(a->anchor));
        else
            put_item(b, a, zh, i, true);
    }
    put(b, "],\"negatives\":[");
    for (int i = 0; i < a->negatives && i < 100; i++) {
        put(b, i ? ",{\"text\":" : "{\"text\":");
        put_item(b, a, zh, i, false);
        putf(b, ",\"kind\":\"%s\"}", kinds[(a->hash + (uint64_t)i) % WAYS]);
    }
    put(b, "]}");
}

void sim_content_as(struct buf *b, const struct sim_request *r,
                    enum sim_sentences how)
{
    struct err err = ERR_INIT;
    struct json *doc = NULL;
    struct sim_ask a;

    if (json_parse(&doc, "request", r->body.ptr, r->body.len, JSON_STRICT,
                   &err) < 0)
        fprintf(stderr, "sim: %s\n", err.msg);
    sim_read_ask(&a, json_root(doc));
    if (how == SIM_FEW && !a.kept[0]) {
        a.positives -= 2;
        a.negatives -= 1;
    }
    if (how == SIM_MANY) {
        a.positives += 3;
        a.negatives += 4;
    }
    a.echo = how == SIM_ANCHOR && !a.kept[0];
    sim_write_items(b, &a);
    json_free(doc);
}

void sim_content(struct buf *b, const struct sim_request *r)
{
    sim_content_as(b, r, SIM_ASKED);
}
