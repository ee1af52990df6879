/*
 * tokenizer_load.c - build a tokenizer from the files of a model folder.
 *
 * Which file says what (measured on transformers 5.23): the vocabulary is
 * tokenizer.json's or vocab.txt's; the normaliser's options are those of
 * tokenizer_config.json, with its class's defaults, even against
 * tokenizer.json; only a generic class there leaves tokenizer.json's alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "text/tokenizer_parts.h"

enum {
    MAX_IDS = 1 << 21,    /* twice the largest published vocabulary */
    MAX_BYTES = 64 << 20, /* of vocab.txt */
    MAX_ADDED = 256,      /* bytes of one added token */
};

/* Indexed by enum tokenizer_special. */
static const char *const special_key[] = { "cls_token", "sep_token",
                                           "pad_token", "unk_token",
                                           "mask_token" };
static const char *const special_default[] = { "[CLS]", "[SEP]", "[PAD]",
                                               "[UNK]", "[MASK]" };

/* The folder's files while loading; documents may be NULL. */
struct source {
    const char *folder;
    struct json *tokenizer; /* tokenizer.json */
    struct json *config;    /* tokenizer_config.json */
    struct json *map;       /* special_tokens_map.json */
    struct json *added;     /* added_tokens.json */
};

/* ---- tokens ---- */

static int token_room(struct tokenizer *t, uint32_t id, struct err *err)
{
    size_t want = (size_t)id + 1, n = t->n_tokens;
    struct span *more;

    if (want <= n)
        return 0;
    /* powers of two, so that adding one by one stays linear */
    if (n == 0 || (n & (n - 1)) == 0 || want > n + 1) {
        size_t cap = 1;

        while (cap < want)
            cap *= 2;
        more = realloc(t->token, cap * sizeof(*more));
        if (!more)
            return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu tokens", want);
        t->token = more;
    }
    memset(t->token + n, 0, (want - n) * sizeof(*t->token));
    t->n_tokens = want;
    return 0;
}

int tokenizer_set_token(struct tokenizer *t, struct span text, uint32_t id,
                        struct err *err)
{
    char *copy;
    int rc;

    if (id >= MAX_IDS)
        return ERR_SET(err, ERR_FORMAT, "token id %u, expected below %u",
                       (unsigned)id, (unsigned)MAX_IDS);
    rc = token_room(t, id, err);
    if (rc < 0)
        return rc;
    copy = malloc(text.len + 1);
    if (!copy)
        return ERR_SET(err, ERR_NOMEM, "vocabulary");
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    free((char *)t->token[id].ptr);
    t->token[id] = (struct span){ copy, text.len };
    return 0;
}

static int take_token(struct tokenizer *t, struct span text, uint32_t id,
                      struct err *err)
{
    int rc = tokenizer_set_token(t, text, id, err);

    return rc < 0 ? rc : wordpiece_add(t->words, t->token[id], id, err);
}

/* ---- added tokens ---- */

static int form_of(struct tokenizer_added *a, struct normalise_bert norm,
                   struct err *err)
{
    struct normalise_stream s;
    uint32_t cp;

    a->form = malloc((3 * a->text.len + 1) * sizeof(*a->form));
    if (!a->form)
        return ERR_SET(err, ERR_NOMEM, "added token");
    normalise_start(&s, a->text, norm);
    for (cp = normalise_next(&s); cp != NORMALISE_END; cp = normalise_next(&s))
        a->form[a->form_len++] = cp;
    return 0;
}

static int push_added(struct tokenizer_added_list *l,
                      const struct tokenizer_added *a, struct err *err)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 8;
        struct tokenizer_added *more = realloc(l->item, cap * sizeof(*more));

        if (!more)
            return ERR_SET(err, ERR_NOMEM, "%zu added tokens", cap);
        l->item = more;
        l->cap = cap;
    }
    l->item[l->n++] = *a;
    l->first[a->form ? a->form[0] & 255 : (unsigned char)a->text.ptr[0]] = true;
    return 0;
}

int tokenizer_add(struct tokenizer *t, uint32_t id, bool normalized,
                  bool single_word, struct err *err)
{
    struct tokenizer_added a = { t->token[id], NULL, 0, id, single_word };
    int rc = 0;

    if (a.text.len == 0)
        return 0;
    if (normalized)
        rc = form_of(&a, t->norm, err);
    if (rc == 0 && normalized && a.form_len == 0) { /* would match anywhere */
        free(a.form);
        return 0;
    }
    if (rc == 0)
        rc = push_added(normalized ? &t->normal : &t->raw, &a, err);
    if (rc < 0)
        free(a.form);
    return rc;
}

static int longer(const void *a, const void *b)
{
    const struct tokenizer_added *x = a, *y = b;
    size_t n = x->form ? x->form_len : x->text.len;
    size_t m = y->form ? y->form_len : y->text.len;

    if (n != m)
        return n > m ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

void tokenizer_sort_added(struct tokenizer *t)
{
    if (t->raw.n)
        qsort(t->raw.item, t->raw.n, sizeof(*t->raw.item), longer);
    if (t->normal.n)
        qsort(t->normal.item, t->normal.n, sizeof(*t->normal.item), longer);
}

/* One row of added tokens. Its text may be in the vocabulary already, then
 * with the same id; else the id must be free. */
static int take_added(struct tokenizer *t, const struct json *doc,
                      const struct json_node *row, const char *content,
                      double id, struct err *err)
{
    struct span text = span_of(content), has;
    int64_t known = wordpiece_find(t->words, text);
    bool special = json_bool(json_get(row, "special"), false);
    int rc = 0;

    if (!(id >= 0 && id < MAX_IDS) || id != floor(id))
        return JSON_ERR(err, doc, row, "added token with id %g", id);
    has = tokenizer_token(t, (uint32_t)id);
    if (known < 0 && has.len == 0)
        rc = tokenizer_set_token(t, text, (uint32_t)id, err);
    else if (has.len != text.len || memcmp(has.ptr, text.ptr, has.len) != 0)
        return JSON_ERR(
            err, doc, row, "added token \"%.40s\" has id %g, which is \"%.*s\"",
            content, id, (int)(has.len > 40 ? 40 : has.len), has.ptr);
    if (rc == 0)
        rc = tokenizer_add(t, (uint32_t)id,
                           json_bool(json_get(row, "normalized"), !special),
                           json_bool(json_get(row, "single_word"), false), err);
    return rc;
}

/* ---- tokenizer.json ---- */

static int take_vocab(struct tokenizer *t, const struct json *doc,
                      const struct json_node *vocab, struct err *err)
{
    for (const struct json_node *n = json_first(vocab); n; n = json_next(n)) {
        double id = json_num(n, -1);
        int rc;

        if (!(id >= 0 && id < MAX_IDS) || id != floor(id))
            return JSON_ERR(err, doc, n, "token id %g, expected 0 to %d", id,
                            MAX_IDS - 1);
        if (tokenizer_token(t, (uint32_t)id).len > 0)
            return JSON_ERR(err, doc, n, "token id %g is given twice", id);
        rc = take_token(t, span_of(json_key(n)), (uint32_t)id, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A part of the pipeline must be the one BERT has. */
static int need_type(const struct json *doc, const char *part, const char *type,
                     struct err *err)
{
    const struct json_node *n = json_get(json_root(doc), part);
    const char *found = json_str(json_get(n, "type"), NULL);

    /* very old files do not name the model's type */
    if (!found && strcmp(part, "model") == 0 && json_get(n, "merges"))
        found = "BPE";
    if (!found && strcmp(part, "model") == 0 &&
        json_get(n, "max_input_chars_per_word"))
        return 0;
    if (!found)
        return JSON_ERR(err, doc, n, "no %s type, expected %s", part, type);
    if (strcmp(found, type) != 0)
        return JSON_ERR(err, doc, n, "%s %.40s is not known here (%s is)", part,
                        found, type);
    return 0;
}

static int take_model(struct tokenizer *t, const struct json *doc,
                      struct err *err)
{
    const struct json_node *model = json_get(json_root(doc), "model"), *vocab;
    int64_t chars = WORDPIECE_CHARS;
    int rc = json_need(&vocab, model, "vocab", JSON_OBJECT, err);

    if (rc == 0 && json_get(model, "max_input_chars_per_word"))
        rc = json_need_int(&chars, model, "max_input_chars_per_word", 1,
                           WORDPIECE_CHARS_MAX, err);
    if (rc == 0)
        rc = wordpiece_new(
            &t->words,
            json_str(json_get(model, "continuing_subword_prefix"), "##"), err);
    t->max_chars = (size_t)chars;
    return rc < 0 ? rc : take_vocab(t, doc, vocab, err);
}

static void take_normalizer(struct tokenizer *t, const struct json *doc)
{
    const struct json_node *n = json_get(json_root(doc), "normalizer");

    t->norm.clean = json_bool(json_get(n, "clean_text"), true);
    t->norm.cjk = json_bool(json_get(n, "handle_chinese_chars"), true);
    t->norm.lower = json_bool(json_get(n, "lowercase"), true);
    t->norm.strip = json_bool(json_get(n, "strip_accents"), t->norm.lower);
}

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

/* ---- vocab.txt ---- */

/* As the reference reads it: a line is a token, white space at its end is
 * not; of equal lines the last counts. */
static struct span trim(struct span s)
{
    while (s.len > 0) {
        const char *p = s.ptr + s.len - 1, *q;

        while (p > s.ptr && ((unsigned char)*p & 0xc0) == 0x80)
            p--;
        q = p;
        if (!normalise_is_space(normalise_decode(&q, s.ptr + s.len)))
            break;
        s.len = (size_t)(p - s.ptr);
    }
    return s;
}

static int take_lines(struct tokenizer *t, const struct buf *b,
                      const char *path, struct err *err)
{
    const char *p = b->ptr, *end = b->ptr + b->len;
    uint32_t id = 0;

    for (; p < end; id++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct span line = { p, (size_t)((nl ? nl : end) - p) };
        int rc;

        if (utf8_valid(line.ptr, line.len) != line.len)
            return ERR_SET(err, ERR_FORMAT, "%s:%u: not valid UTF-8", path,
                           (unsigned)id + 1);
        rc = take_token(t, trim(line), id, err);
        if (rc < 0)
            return err_prefix(err, "%s:%u", path, (unsigned)id + 1);
        p = nl ? nl + 1 : end;
    }
    return 0;
}

static int load_lines(struct tokenizer *t, const char *path, struct err *err)
{
    struct buf b = BUF_INIT(MAX_BYTES);
    int rc = file_read(&b, path, err);

    if (rc == 0)
        rc = wordpiece_new(&t->words, "##", err);
    t->max_chars = WORDPIECE_CHARS;
    if (rc == 0 && b.len > 0)
        rc = take_lines(t, &b, path, err);
    buf_release(&b);
    return rc;
}

/* added_tokens_decoder of tokenizer_config.json: id -> row. */
static int take_decoder(struct tokenizer *t, const struct source *src,
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
static int take_old_added(struct tokenizer *t, const struct source *src,
                          struct err *err)
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

/* ---- options and specials ---- */

static const struct json_node *root_of(const struct json *doc)
{
    return doc ? json_root(doc) : NULL;
}

static bool is_generic(const char *class)
{
    return strcmp(class, "PreTrainedTokenizerFast") == 0 ||
           strcmp(class, "TokenizersBackend") == 0;
}

static void take_options(struct tokenizer *t, const struct source *src)
{
    const struct json_node *c = root_of(src->config);
    const char *class = json_str(json_get(c, "tokenizer_class"), "");
    const char *post = "";

    if (src->tokenizer) {
        const struct json_node *root = json_root(src->tokenizer);

        take_normalizer(t, src->tokenizer);
        post = json_str(json_get(json_get(root, "post_processor"), "type"), "");
    }
    if (!src->tokenizer || (c && !is_generic(class))) {
        t->norm.clean = true;
        t->norm.cjk = json_bool(json_get(c, "tokenize_chinese_chars"), true);
        t->norm.lower = json_bool(json_get(c, "do_lower_case"), true);
        t->norm.strip = json_bool(json_get(c, "strip_accents"), t->norm.lower);
    }
    t->double_sep = strncmp(class, "MPNet", 5) == 0 ||
                    strcmp(post, "RobertaProcessing") == 0;
}

static const char *text_of(const struct json *doc, const char *key)
{
    const struct json_node *n = json_get(root_of(doc), key);
    const char *s = json_str(n, NULL);

    return s ? s : json_str(json_get(n, "content"), NULL);
}

static const char *special_name(const struct source *src, int s)
{
    const char *name = text_of(src->config, special_key[s]);

    if (!name)
        name = text_of(src->map, special_key[s]);
    if (!name && s == TOKENIZER_UNK && src->tokenizer)
        name = json_str(
            json_get(json_get(json_root(src->tokenizer), "model"), "unk_token"),
            NULL);
    return name ? name : special_default[s];
}

static bool is_listed(const struct tokenizer *t, int64_t id)
{
    for (size_t i = 0; i < t->raw.n; i++)
        if (t->raw.item[i].id == id)
            return true;
    for (size_t i = 0; i < t->normal.n; i++)
        if (t->normal.item[i].id == id)
            return true;
    return false;
}

/* The library finds the specials in the text even when no file lists them. */
static int take_specials(struct tokenizer *t, const struct source *src,
                         struct err *err)
{
    for (int s = 0; s < TOKENIZER_SPECIALS; s++) {
        const char *name = special_name(src, s);
        int64_t id = tokenizer_find(t, span_of(name));
        int rc = 0;

        if (id < 0)
            return ERR_SET(err, ERR_FORMAT,
                           "%s: %s \"%.40s\" is not in the vocabulary",
                           src->folder, special_key[s], name);
        t->special[s] = (uint32_t)id;
        if (!is_listed(t, id))
            rc = tokenizer_add(t, (uint32_t)id, false, false, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- the folder ---- */

static int load_optional(struct json **doc, const char *folder,
                         const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, folder, name, err);

    *doc = NULL;
    if (rc < 0 || !file_exists(path))
        return rc;
    return json_load(doc, path, JSON_STRICT, err);
}

static int no_vocabulary(const char *folder, struct err *err)
{
    static const char *const others[] = { "vocab.json", "merges.txt",
                                          "sentencepiece.bpe.model",
                                          "spiece.model" };
    char path[FILE_PATH_MAX];

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        int rc = file_join(path, folder, others[i], err);

        if (rc < 0)
            return rc;
        if (file_exists(path))
            return ERR_SET(err, ERR_FORMAT,
                           "%s is not a WordPiece vocabulary; known here: "
                           "tokenizer.json or vocab.txt with WordPiece",
                           path);
    }
    return ERR_SET(err, ERR_NOTFOUND, "%s: no tokenizer.json and no vocab.txt",
                   folder);
}

static int load_vocabulary(struct tokenizer *t, struct source *src,
                           struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc;

    if (src->tokenizer) {
        rc = need_type(src->tokenizer, "model", "WordPiece", err);
        if (rc == 0)
            rc = need_type(src->tokenizer, "normalizer", "BertNormalizer", err);
        if (rc == 0)
            rc = need_type(src->tokenizer, "pre_tokenizer", "BertPreTokenizer",
                           err);
        return rc < 0 ? rc : take_model(t, src->tokenizer, err);
    }
    rc = file_join(path, src->folder, "vocab.txt", err);
    if (rc < 0)
        return rc;
    return file_exists(path) ? load_lines(t, path, err)
                             : no_vocabulary(src->folder, err);
}

static int load_all(struct tokenizer *t, struct source *src, struct err *err)
{
    int rc = load_optional(&src->tokenizer, src->folder, "tokenizer.json", err);

    if (rc == 0)
        rc = load_optional(&src->config, src->folder, "tokenizer_config.json",
                           err);
    if (rc == 0)
        rc = load_optional(&src->map, src->folder, "special_tokens_map.json",
                           err);
    if (rc == 0)
        rc = load_optional(&src->added, src->folder, "added_tokens.json", err);
    if (rc == 0)
        rc = load_vocabulary(t, src, err);
    if (rc < 0)
        return rc;
    take_options(t, src); /* before the added tokens: they are normalised */
    if (src->tokenizer)
        rc = take_added_rows(t, src->tokenizer, err);
    else if (src->config)
        rc = take_decoder(t, src, err);
    if (rc == 0)
        rc = take_old_added(t, src, err);
    if (rc == 0)
        rc = take_specials(t, src, err);
    tokenizer_sort_added(t);
    return rc;
}

int tokenizer_load(struct tokenizer **out, const char *folder, struct err *err)
{
    struct source src = { folder, NULL, NULL, NULL, NULL };
    struct tokenizer *t = calloc(1, sizeof(*t));
    int rc;

    *out = NULL;
    if (!t)
        return ERR_SET(err, ERR_NOMEM, "tokenizer");
    rc = load_all(t, &src, err);
    json_free(src.tokenizer);
    json_free(src.config);
    json_free(src.map);
    json_free(src.added);
    if (rc < 0) {
        tokenizer_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

static void release_added(struct tokenizer_added_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->item[i].form);
    free(l->item);
}

void tokenizer_free(struct tokenizer *t)
{
    if (!t)
        return;
    release_added(&t->raw);
    release_added(&t->normal);
    for (size_t i = 0; i < t->n_tokens; i++)
        free((char *)t->token[i].ptr);
    free(t->token);
    wordpiece_free(t->words);
    free(t);
}
