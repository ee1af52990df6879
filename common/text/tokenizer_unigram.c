/*
 * tokenizer_unigram.c - Unigram tokenizers (SentencePiece, as XLM-RoBERTa and
 * the multilingual sentence-transformers models have it): tokenizer.json, and
 * a text through one.
 *
 * Which file says what (measured on transformers 5.23): the class
 * XLMRobertaTokenizer takes the vocabulary and the charsmap only, and splits
 * at white space whatever tokenizer.json says; all other classes leave
 * tokenizer.json alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_parts.h"

enum { TEXT_MAX = 1 << 30 }; /* bytes of a text's normal form */

/* ---- the vocabulary ---- */

/* ["piece", score] */
static int take_piece(struct tokenizer *t, double *score,
                      const struct json *doc, const struct json_node *n,
                      uint32_t id, struct err *err)
{
    const struct json_node *text = json_first(n);
    const struct json_node *value = text ? json_next(text) : NULL;

    if (json_size(n) != 2 || !json_str(text, NULL) ||
        json_type(value) != JSON_NUMBER)
        return JSON_ERR(err, doc, n, "piece %u: expected [\"text\", score]",
                        (unsigned)id);
    *score = json_num(value, 0.0);
    return tokenizer_set(t, span_of(json_str(text, "")), id, err);
}

static int take_pieces(struct tokenizer *t, const struct json *doc,
                       const struct json_node *model,
                       const struct json_node *vocab, size_t unk,
                       struct err *err)
{
    size_t n = json_size(vocab);
    double *score = malloc((n + 1) * sizeof(*score));
    uint32_t id = 0;
    int rc = 0;

    if (!score)
        return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu pieces", n);
    for (const struct json_node *p = json_first(vocab); rc == 0 && p;
         p = json_next(p), id++)
        rc = take_piece(t, &score[id], doc, p, id, err);
    if (rc == 0)
        rc = unigram_new(&t->unigram->model, t->token, score, n, unk,
                         json_bool(json_get(model, "byte_fallback"), false),
                         err);
    t->unigram->pieces = n;
    free(score);
    return rc;
}

/* ---- the other parts ---- */

static bool is_xlm_roberta(const char *class)
{
    return strncmp(class, "XLMRoberta", 10) == 0;
}

static int take_parts(struct unigram_parts *u, const struct json *doc,
                      const struct json_node *config, struct err *err)
{
    const struct json_node *root = json_root(doc);
    bool own =
        is_xlm_roberta(json_str(json_get(config, "tokenizer_class"), ""));
    int rc = rewrite_read(&u->rewrite, doc, json_get(root, "normalizer"),
                          own ? "Precompiled" : NULL, err);

    if (rc == 0 && !own)
        rc = metaspace_read(&u->space, doc, json_get(root, "pre_tokenizer"),
                            err);
    if (own) {
        memcpy(u->space.mark, "\xe2\x96\x81", 4);
        u->space.by_space = true;
        u->space.prepend = json_bool(json_get(config, "add_prefix_space"), true)
                               ? METASPACE_ALWAYS
                               : METASPACE_NEVER;
    }
    return rc;
}

/* The rows that are built here are [CLS] A [SEP] and [CLS] A [SEP] B [SEP],
 * or with two [SEP] between: how many tokens does the template have, and what
 * is the last one's segment? */
static int read_template(size_t *n, bool *second, const struct json *doc,
                         const struct json_node *row, struct err *err)
{
    const struct json_node *what = NULL;

    *n = 0;
    for (const struct json_node *p = json_first(row); p; p = json_next(p)) {
        bool text = *n == 1 || (json_next(p) && !json_next(json_next(p)));

        what = json_get(p, text ? "Sequence" : "SpecialToken");
        if (!what)
            return JSON_ERR(
                err, doc, p,
                "template is not known here (<s> A </s>, and "
                "<s> A </s> B </s> or <s> A </s> </s> B </s>, are)");
        ++*n;
    }
    *second = json_num(json_get(what, "type_id"), 0.0) != 0.0;
    return 0;
}

static int take_template(struct tokenizer *t, const struct json *doc,
                         struct err *err)
{
    const struct json_node *post = json_get(json_root(doc), "post_processor");
    const char *type = json_str(json_get(post, "type"), "none");
    size_t one = 0, two = 0;
    bool second = false;
    int rc;

    if (strcmp(type, "RobertaProcessing") == 0 ||
        strcmp(type, "BertProcessing") == 0) {
        t->double_sep = type[0] == 'R';
        return 0;
    }
    if (strcmp(type, "TemplateProcessing") != 0)
        return JSON_ERR(err, doc, post,
                        "post_processor %.40s is not known here"
                        " with Unigram (TemplateProcessing is)",
                        type);
    rc = read_template(&one, &second, doc, json_get(post, "single"), err);
    if (rc == 0)
        rc = read_template(&two, &second, doc, json_get(post, "pair"), err);
    if (rc == 0 && (one != 3 || two < 5 || two > 6))
        rc = JSON_ERR(err, doc, post,
                      "templates of %zu and %zu tokens, "
                      "expected 3, and 5 or 6",
                      one, two);
    t->double_sep = two == 6;
    t->one_segment = !second;
    return rc;
}

int tokenizer_take_unigram(struct tokenizer *t, const struct json *doc,
                           const struct json *config, struct err *err)
{
    const struct json_node *model = json_get(json_root(doc), "model");
    const struct json_node *vocab = NULL;
    int64_t unk = 0;
    int rc = json_need(&vocab, model, "vocab", JSON_ARRAY, err);

    if (rc == 0)
        rc = json_need_int(&unk, model, "unk_id", 0, TOKENIZER_IDS - 1, err);
    t->unigram = calloc(1, sizeof(*t->unigram));
    if (rc == 0 && !t->unigram)
        rc = ERR_SET(err, ERR_NOMEM, "tokenizer");
    if (rc == 0)
        rc =
            take_parts(t->unigram, doc, config ? json_root(config) : NULL, err);
    if (rc == 0)
        rc = take_template(t, doc, err);
    return rc < 0 ? rc : take_pieces(t, doc, model, vocab, (size_t)unk, err);
}

int tokenizer_add_normal(struct tokenizer *t, uint32_t id, bool single_word,
                         struct err *err)
{
    struct unigram_parts *u = t->unigram;
    struct buf form = BUF_INIT(TEXT_MAX), spare = BUF_INIT(TEXT_MAX);
    struct span *more;
    bool cut;
    int rc = rewrite_apply(&u->rewrite, &form, &spare, t->token[id], &cut, err);

    buf_release(&spare);
    more = realloc(u->form, (u->forms + 1) * sizeof(*more));
    if (more)
        u->form = more;
    if (rc == 0 && !more)
        rc = ERR_SET(err, ERR_NOMEM, "added token");
    if (rc == 0 && form.len > 0)
        rc = added_put(&u->added, (struct span){ form.ptr, form.len }, id,
                       single_word, NULL, err);
    if (rc < 0 || form.len == 0) {
        buf_release(&form);
        return rc;
    }
    u->form[u->forms++] = (struct span){ form.ptr, form.len };
    return 0;
}

void tokenizer_free_unigram(struct unigram_parts *u)
{
    if (!u)
        return;
    unigram_free(u->model);
    rewrite_release(&u->rewrite);
    added_release(&u->added);
    for (size_t i = 0; i < u->forms; i++)
        free((char *)u->form[i].ptr);
    free(u->form);
    free(u);
}

/* ---- a text ---- */

/* A text on its way. */
struct passage {
    const struct tokenizer *t;
    struct buf form, marked; /* marked: spare at first */
    struct unigram_room room;
    bool first; /* it begins the whole text */
    struct wordpiece_out *out;
};

static int put_word(void *ctx, struct span word, struct err *err)
{
    struct passage *p = ctx;

    return unigram_split(p->t->unigram->model, word, &p->room, p->out, err);
}

/* Normal text without added tokens. */
static int put_words(void *ctx, struct span text, struct err *err)
{
    struct passage *p = ctx;
    bool first = p->first && text.ptr == p->form.ptr;

    return metaspace_each(&p->t->unigram->space, text, first, &p->marked,
                          put_word, p, err);
}

static int encode(struct passage *p, struct span text, struct err *err)
{
    const struct unigram_parts *u = p->t->unigram;
    bool cut;
    int rc = rewrite_apply(&u->rewrite, &p->form, &p->marked, text, &cut, err);
    struct span form = { buf_str(&p->form), p->form.len };

    p->first = p->first && !cut;
    return rc < 0 ? rc
                  : tokenizer_each_part(&u->added, form, put_words, p, p->out,
                                        err);
}

void tokenizer_encode_unigram(const struct tokenizer *t, struct span text,
                              bool first, struct wordpiece_out *out)
{
    struct passage p = {
        t, BUF_INIT(TEXT_MAX), BUF_INIT(TEXT_MAX), UNIGRAM_ROOM_INIT, first, out
    };
    struct err err = ERR_INIT;

    if (encode(&p, text, &err) < 0)
        abort(); /* out of memory, or a text of a gigabyte */
    buf_release(&p.form);
    buf_release(&p.marked);
    unigram_room_release(&p.room);
}

/* An id has a byte of the marked text; a word and each byte of it may have
 * a mark of three bytes. */
size_t tokenizer_room(const struct tokenizer *t, size_t bytes)
{
    return t->unigram ? bytes * rewrite_growth(&t->unigram->rewrite) * 6 + 3
                      : bytes;
}
