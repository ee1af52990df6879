/*
 * tokenizer_bpe.c - byte-level BPE tokenizers: tokenizer.json, or the older
 * vocab.json and merges.txt; and a text through one.
 */
#include <string.h>

#include "base/file.h"
#include "text/gpt2.h"
#include "text/tokenizer_parts.h"

enum { MAX_BYTES = 64 << 20 }; /* of merges.txt */

/* ---- tokenizer.json ---- */

/* Options that would change the ids are refused by name. */
static int check_model(const struct json *doc, const struct json_node *model,
                       struct err *err)
{
    static const char *const texts[] = { "continuing_subword_prefix",
                                         "end_of_word_suffix" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct json_node *n = json_get(model, texts[i]);

        if (json_str(n, "")[0])
            return JSON_ERR(err, doc, n, "%s \"%.40s\" is not known here",
                            texts[i], json_str(n, ""));
    }
    if (json_bool(json_get(model, "byte_fallback"), false))
        return JSON_ERR(err, doc, model, "byte_fallback is not known here");
    if (json_type(json_get(model, "dropout")) == JSON_NUMBER &&
        json_num(json_get(model, "dropout"), 0.0) != 0.0)
        return JSON_ERR(err, doc, model, "dropout of merges is not known here");
    return 0;
}

static int check_parts(struct tokenizer *t, const struct json *doc,
                       struct err *err)
{
    const struct json_node *root = json_root(doc);
    const struct json_node *norm = json_get(root, "normalizer");
    const struct json_node *pre = json_get(root, "pre_tokenizer");
    int rc = tokenizer_need_type(doc, "pre_tokenizer", "ByteLevel", err);

    if (rc < 0)
        return rc;
    if (norm && json_type(norm) != JSON_NULL)
        return JSON_ERR(err, doc, norm,
                        "normalizer %.40s is not known here with BPE (none is)",
                        json_str(json_get(norm, "type"), "?"));
    if (!json_bool(json_get(pre, "use_regex"), true))
        return JSON_ERR(err, doc, pre, "use_regex false is not known here");
    t->space_first = json_bool(json_get(pre, "add_prefix_space"), true);
    return check_model(doc, json_get(root, "model"), err);
}

static int take_tokens(struct tokenizer *t, const struct json *doc,
                       const struct json_node *vocab, struct err *err)
{
    for (const struct json_node *n = json_first(vocab); n; n = json_next(n)) {
        struct span text = span_of(json_key(n));
        uint32_t id = 0;
        int rc = tokenizer_need_id(&id, t, doc, n, err);

        if (rc == 0)
            rc = tokenizer_set(t, text, id, err);
        if (rc == 0)
            rc = bpe_add(t->bpe, text, id, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* "left right" */
static int take_merge(struct tokenizer *t, struct span line, struct err *err)
{
    const char *space = memchr(line.ptr, ' ', line.len);
    size_t left = space ? (size_t)(space - line.ptr) : 0;

    if (left == 0 || left + 1 == line.len)
        return ERR_SET(err, ERR_FORMAT,
                       "merge \"%.*s\", expected two tokens and a space",
                       (int)(line.len > 40 ? 40 : line.len), line.ptr);
    return bpe_merge(t->bpe, (struct span){ line.ptr, left },
                     (struct span){ space + 1, line.len - left - 1 }, err);
}

/* "left right" or, in newer files, ["left", "right"]. */
static int take_merge_node(struct tokenizer *t, const struct json_node *n,
                           struct err *err)
{
    const struct json_node *left = json_first(n);
    const struct json_node *right = left ? json_next(left) : NULL;

    if (json_type(n) == JSON_STRING)
        return take_merge(t, span_of(json_str(n, "")), err);
    if (json_size(n) != 2 || !json_str(left, NULL) || !json_str(right, NULL))
        return ERR_SET(err, ERR_FORMAT, "merge of %zu values, expected 2 texts",
                       json_size(n));
    return bpe_merge(t->bpe, span_of(json_str(left, "")),
                     span_of(json_str(right, "")), err);
}

static int take_merge_nodes(struct tokenizer *t, const struct json *doc,
                            const struct json_node *merges, struct err *err)
{
    for (const struct json_node *n = json_first(merges); n; n = json_next(n)) {
        struct err why = ERR_INIT;
        int rc = take_merge_node(t, n, &why);

        if (rc < 0)
            return JSON_ERR(err, doc, n, "%s", why.msg);
    }
    return 0;
}

/* The id of the model's own unknown token, or -1. */
static int64_t unknown(const struct tokenizer *t, const struct json_node *model)
{
    const char *name = json_str(json_get(model, "unk_token"), NULL);

    return name ? bpe_find(t->bpe, span_of(name)) : -1;
}

int tokenizer_take_bpe(struct tokenizer *t, const struct json *doc,
                       struct err *err)
{
    const struct json_node *model = json_get(json_root(doc), "model");
    const struct json_node *vocab, *merges;
    int rc = check_parts(t, doc, err);

    if (rc == 0)
        rc = json_need(&vocab, model, "vocab", JSON_OBJECT, err);
    if (rc == 0)
        rc = json_need(&merges, model, "merges", JSON_ARRAY, err);
    if (rc == 0)
        rc = bpe_new(&t->bpe, err);
    if (rc == 0)
        rc = take_tokens(t, doc, vocab, err);
    if (rc == 0)
        rc = take_merge_nodes(t, doc, merges, err);
    if (rc < 0)
        return rc;
    return bpe_finish(t->bpe, unknown(t, model),
                      json_bool(json_get(model, "ignore_merges"), false), err);
}

/* ---- vocab.json and merges.txt ---- */

/* The first line may be "#version: 0.2". */
static int take_merge_lines(struct tokenizer *t, const char *path,
                            const struct buf *b, struct err *err)
{
    const char *p = b->ptr, *end = b->ptr + b->len;

    for (unsigned number = 1; p < end; number++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct span line = { p, (size_t)((nl ? nl : end) - p) };
        int rc = 0;

        p = nl ? nl + 1 : end;
        if (line.len == 0 ||
            (number == 1 && strncmp(line.ptr, "#version", 8) == 0))
            continue;
        rc = take_merge(t, line, err);
        if (rc < 0)
            return err_prefix(err, "%s:%u", path, number);
    }
    return 0;
}

int tokenizer_take_merges(struct tokenizer *t, const char *folder,
                          struct err *err)
{
    char path[FILE_PATH_MAX];
    struct buf b = BUF_INIT(MAX_BYTES);
    struct json *doc = NULL;
    int rc = file_join(path, folder, "vocab.json", err);

    if (rc == 0)
        rc = json_load(&doc, path, JSON_STRICT, err);
    if (rc == 0)
        rc = bpe_new(&t->bpe, err);
    if (rc == 0)
        rc = take_tokens(t, doc, json_root(doc), err);
    if (rc == 0)
        rc = file_join(path, folder, "merges.txt", err);
    if (rc == 0)
        rc = file_read(&b, path, err);
    if (rc == 0 && b.len > 0)
        rc = take_merge_lines(t, path, &b, err);
    if (rc == 0)
        rc = bpe_finish(t->bpe, bpe_find(t->bpe, span_of("<unk>")), false, err);
    buf_release(&b);
    json_free(doc);
    return rc;
}

/* ---- a text ---- */

/* A word, made valid UTF-8, and cut where there is no room for it. */
static void put_word(const struct tokenizer *t, const char *p, const char *end,
                     struct wordpiece_out *out)
{
    char word[BPE_WORD];

    while (p < end) {
        size_t n = 0;

        while (p < end && n + 4 <= BPE_WORD)
            n += normalise_encode(word + n, normalise_decode(&p, end));
        bpe_split(t->bpe, (struct span){ word, n }, out);
    }
}

/* Of a character's bytes, one that is not the first. */
static bool is_inside(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The first word of the text with a space in front; returns where it ends in
 * the text itself. */
static const char *put_first(const struct tokenizer *t, struct span text,
                             struct wordpiece_out *out)
{
    char start[BPE_WORD];
    size_t n = text.len;
    const char *end;

    if (n >= sizeof(start))
        n = sizeof(start) - 1;
    while (n > 0 && n < text.len && is_inside(text.ptr[n]))
        n--;
    start[0] = ' ';
    memcpy(start + 1, text.ptr, n);
    end = gpt2_word(start, start + 1 + n);
    put_word(t, start, end, out);
    return text.ptr + (end - start - 1);
}

void tokenizer_encode_bpe(const struct tokenizer *t, struct span text,
                          struct wordpiece_out *out)
{
    const char *p = text.ptr, *end = text.ptr + text.len;

    if (t->space_first && p < end && *p != ' ')
        p = put_first(t, text, out);
    while (p < end) {
        const char *word = p;

        p = gpt2_word(p, end);
        put_word(t, word, p, out);
    }
}
