/*
 * tokenizer_added.c - added tokens, from the files that may list them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_parts.h"

int tokenizer_put_added(struct tokenizer *t, uint32_t id, bool normalized,
                        bool single_word, struct err *err)
{
    if (normalized && t->unigram)
        return tokenizer_add_normal(t, id, single_word, err);
    normalized = normalized && !t->bpe; /* has no normal form */
    return added_put(normalized ? &t->normal : &t->raw, t->token[id], id,
                     single_word, normalized ? &t->norm : NULL, err);
}

static void take_space(struct tokenizer *t, uint32_t id, bool before,
                       bool after)
{
    added_take_space(&t->raw, id, before, after);
    if (t->unigram)
        added_take_space(&t->unigram->added, id, before, after);
}

/* One row of added tokens. Its text may be in the vocabulary already, then
 * with the same id; else the id must be free. */
static int take_added(struct tokenizer *t, const struct json *doc,
                      const struct json_node *row, const char *content,
                      double id, struct err *err)
{
    struct span text = span_of(content), has;
    int64_t known = tokenizer_find_piece(t, text);
    bool special = json_bool(json_get(row, "special"), false);
    int rc = 0;

    if (!(id >= 0 && id < TOKENIZER_IDS) || id != floor(id))
        return JSON_ERR(err, doc, row, "added token with id %g", id);
    has = tokenizer_token(t, (uint32_t)id);
    if (known < 0 && has.len == 0)
        rc = tokenizer_set(t, text, (uint32_t)id, err);
    else if (has.len != text.len || memcmp(has.ptr, text.ptr, has.len) != 0)
        return JSON_ERR(
            err, doc, row, "added token \"%.40s\" has id %g, which is \"%.*s\"",
            content, id, (int)(has.len > 40 ? 40 : has.len), has.ptr);
    if (rc == 0)
        rc = tokenizer_put_added(
            t, (uint32_t)id, json_bool(json_get(row, "normalized"), !special),
            json_bool(json_get(row, "single_word"), false), err);
    if (!t->words) /* words of WordPiece have no spaces to give */
        take_space(t, (uint32_t)id, json_bool(json_get(row, "lstrip"), false),
                   json_bool(json_get(row, "rstrip"), false));
    return rc;
}

/* ---- their files ---- */

static int take_added_rows(struct tokenizer *t, const struct json *doc,
                           struct err *err)
{
    const struct json_node *rows = json_get(json_root(doc), "added_tokens");

    for (const struct json_node *n = json_first(rows); n; n = json_next(n)) {
        int rc = take_added(t, doc, n, json_str(json_get(n, "content"), ""),
                            json_num(json_get(n, "id"), -1), err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

/* added_tokens_decoder of tokenizer_config.json: id -> row. */
static int take_decoder(struct tokenizer *t, const struct tokenizer_source *src,
                        struct err *err)
{
    const struct json_node *rows =
        json_get(json_root(src->config), "added_tokens_decoder");

    for (const struct json_node *n = json_first(rows); n; n = json_next(n)) {
        char *rest;
        double id = strtod(json_key(n), &rest);
        int rc =
            take_added(t, src->config, n, json_str(json_get(n, "content"), ""),
                       *rest ? -1 : id, err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

/* added_tokens.json, the older form: text -> id. */
static int take_old_added(struct tokenizer *t,
                          const struct tokenizer_source *src, struct err *err)
{
    const struct json_node *rows = src->added ? json_root(src->added) : NULL;

    for (const struct json_node *n = json_first(rows); n; n = json_next(n)) {
        struct span text = span_of(json_key(n));
        int rc = 0;

        if (tokenizer_find(t, text) < 0)
            rc =
                take_added(t, src->added, n, json_key(n), json_num(n, -1), err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int tokenizer_take_added(struct tokenizer *t,
                         const struct tokenizer_source *src, struct err *err)
{
    int rc = 0;

    if (src->tokenizer)
        rc = take_added_rows(t, src->tokenizer, err);
    else if (src->config)
        rc = take_decoder(t, src, err);
    return rc < 0 ? rc : take_old_added(t, src, err);
}
