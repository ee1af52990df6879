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
#include "text/tokenizer_parts.h"

/* Indexed by enum tokenizer_special. */
static const char *const special_key[] = { "cls_token", "sep_token",
                                           "pad_token", "unk_token",
                                           "mask_token" };
static const char *const special_default[3][TOKENIZER_SPECIALS] = {
    { "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]" },
    { "<s>", "</s>", "<pad>", "<unk>", "<mask>" }, /* RoBERTa */
    { "<s>", "</s>", "<pad>", "[UNK]", "<mask>" }, /* MPNet */
};

/* ---- tokenizer.json ---- */

/* A part of the pipeline must be the one BERT has. */
int tokenizer_need_type(const struct json *doc, const char *part,
                        const char *type, struct err *err)
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
    return rc < 0 ? rc : tokenizer_take_vocab(t, doc, vocab, err);
}

static void take_normalizer(struct tokenizer *t, const struct json *doc)
{
    const struct json_node *n = json_get(json_root(doc), "normalizer");

    t->norm.clean = json_bool(json_get(n, "clean_text"), true);
    t->norm.cjk = json_bool(json_get(n, "handle_chinese_chars"), true);
    t->norm.lower = json_bool(json_get(n, "lowercase"), true);
    t->norm.strip = json_bool(json_get(n, "strip_accents"), t->norm.lower);
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

/* Where no class is named, MPNet's vocabulary is told by its first token. */
static bool is_mpnet(const struct tokenizer *t,
                     const struct tokenizer_source *src)
{
    const char *class =
        json_str(json_get(root_of(src->config), "tokenizer_class"), "");
    struct span first = tokenizer_token(t, 0);

    if (class[0])
        return strncmp(class, "MPNet", 5) == 0;
    return t->words && first.len == 3 && memcmp(first.ptr, "<s>", 3) == 0;
}

static void take_options(struct tokenizer *t,
                         const struct tokenizer_source *src)
{
    const struct json_node *c = root_of(src->config);
    const char *class = json_str(json_get(c, "tokenizer_class"), "");
    const char *post = "";

    if (src->tokenizer) {
        const struct json_node *root = json_root(src->tokenizer);

        if (t->words)
            take_normalizer(t, src->tokenizer);
        post = json_str(json_get(json_get(root, "post_processor"), "type"), "");
    }
    if (!src->tokenizer || (c && !is_generic(class))) {
        t->norm.clean = true;
        t->norm.cjk = json_bool(json_get(c, "tokenize_chinese_chars"), true);
        t->norm.lower = json_bool(json_get(c, "do_lower_case"), true);
        t->norm.strip = json_bool(json_get(c, "strip_accents"), t->norm.lower);
    }
    if (t->unigram)
        return; /* has said it all */
    t->double_sep = is_mpnet(t, src) || strncmp(class, "Roberta", 7) == 0 ||
                    strcmp(post, "RobertaProcessing") == 0;
    if (strncmp(class, "Roberta", 7) == 0)
        t->space_first = json_bool(json_get(c, "add_prefix_space"), false);
}

static const char *text_of(const struct json *doc, const char *key)
{
    const struct json_node *n = json_get(root_of(doc), key);
    const char *s = json_str(n, NULL);

    return s ? s : json_str(json_get(n, "content"), NULL);
}

static const char *special_name(const struct tokenizer *t,
                                const struct tokenizer_source *src, int s)
{
    const char *name = text_of(src->config, special_key[s]);

    if (!name)
        name = text_of(src->map, special_key[s]);
    if (!name && s == TOKENIZER_UNK && src->tokenizer)
        name = json_str(
            json_get(json_get(json_root(src->tokenizer), "model"), "unk_token"),
            NULL);
    return name ? name
                : special_default[!t->words          ? 1
                                  : is_mpnet(t, src) ? 2
                                                     : 0][s];
}

/* The library finds the specials in the text even when no file lists them. */
static int take_specials(struct tokenizer *t,
                         const struct tokenizer_source *src, struct err *err)
{
    for (int s = 0; s < TOKENIZER_SPECIALS; s++) {
        const char *name = special_name(t, src, s);
        int64_t id = tokenizer_find(t, span_of(name));
        int rc = 0;

        if (id < 0)
            return ERR_SET(err, ERR_FORMAT,
                           "%s: %s \"%.40s\" is not in the vocabulary",
                           src->folder, special_key[s], name);
        t->special[s] = (uint32_t)id;
        if (!added_has(&t->raw, t->special[s]) &&
            !added_has(&t->normal, t->special[s]) &&
            !(t->unigram && added_has(&t->unigram->added, t->special[s])))
            rc = tokenizer_put_added(t, (uint32_t)id, false, false, err);
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
    static const char *const others[] = { "sentencepiece.bpe.model",
                                          "spiece.model" };
    char path[FILE_PATH_MAX];

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        int rc = file_join(path, folder, others[i], err);

        if (rc < 0)
            return rc;
        if (file_exists(path))
            return ERR_SET(err, ERR_FORMAT,
                           "%s is not known here (known: tokenizer.json, "
                           "vocab.txt, vocab.json with merges.txt)",
                           path);
    }
    return ERR_SET(err, ERR_NOTFOUND,
                   "%s: no tokenizer.json, vocab.txt or vocab.json", folder);
}

/* Very old files do not name the model's type. */
static bool is_unigram(const struct json *doc)
{
    const struct json_node *model = json_get(json_root(doc), "model");

    return strcmp(json_str(json_get(model, "type"), ""), "Unigram") == 0;
}

static bool is_bpe(const struct json *doc)
{
    const struct json_node *model = json_get(json_root(doc), "model");
    const char *type = json_str(json_get(model, "type"), NULL);

    return type ? strcmp(type, "BPE") == 0 : json_get(model, "merges") != NULL;
}

static int take_wordpiece(struct tokenizer *t, const struct json *doc,
                          struct err *err)
{
    int rc = tokenizer_need_type(doc, "model", "WordPiece", err);

    if (rc == 0)
        rc = tokenizer_need_type(doc, "normalizer", "BertNormalizer", err);
    if (rc == 0)
        rc = tokenizer_need_type(doc, "pre_tokenizer", "BertPreTokenizer", err);
    return rc < 0 ? rc : take_model(t, doc, err);
}

static int load_vocabulary(struct tokenizer *t, struct tokenizer_source *src,
                           struct err *err)
{
    char lines[FILE_PATH_MAX], pairs[FILE_PATH_MAX];
    int rc = file_join(lines, src->folder, "vocab.txt", err);

    if (rc == 0)
        rc = file_join(pairs, src->folder, "vocab.json", err);
    if (rc < 0)
        return rc;
    if (src->tokenizer && is_unigram(src->tokenizer))
        return tokenizer_take_unigram(t, src->tokenizer, src->config, err);
    if (src->tokenizer)
        return is_bpe(src->tokenizer)
                   ? tokenizer_take_bpe(t, src->tokenizer, err)
                   : take_wordpiece(t, src->tokenizer, err);
    if (file_exists(lines))
        return tokenizer_take_lines(t, lines, err);
    return file_exists(pairs) ? tokenizer_take_merges(t, src->folder, err)
                              : no_vocabulary(src->folder, err);
}

static int load_all(struct tokenizer *t, struct tokenizer_source *src,
                    struct err *err)
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
    rc = tokenizer_take_added(t, src, err);
    if (rc == 0)
        rc = take_specials(t, src, err);
    added_sort(&t->raw);
    added_sort(&t->normal);
    if (t->unigram)
        added_sort(&t->unigram->added);
    if (rc == 0 && t->words && t->normal.n == 0)
        rc = shortcut_new(&t->shortcut, t, err);
    return rc;
}

int tokenizer_load(struct tokenizer **out, const char *folder, struct err *err)
{
    struct tokenizer_source src = { folder, NULL, NULL, NULL, NULL };
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

void tokenizer_free(struct tokenizer *t)
{
    if (!t)
        return;
    added_release(&t->raw);
    added_release(&t->normal);
    for (size_t i = 0; i < t->n_tokens; i++)
        free((char *)t->token[i].ptr);
    free(t->token);
    wordpiece_free(t->words);
    bpe_free(t->bpe);
    tokenizer_free_unigram(t->unigram);
    shortcut_free(t->shortcut);
    free(t);
}
