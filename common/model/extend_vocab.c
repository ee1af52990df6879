#include "model/extend_vocab.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "model/infer.h"
#include "model/translate_rows.h"
#include "text/normalise.h"
#include "text/tokenizer_extend.h"
#include "text/wordpiece.h"

enum { PIECES = WORDPIECE_CHARS_MAX };

struct work {
    const struct bi_encoder *m;
    const struct extend_vocab *x;
    struct extend_vocab_report *report;
    size_t first;        /* id of the first new token */
    size_t columns;      /* of the table */
    float *table;        /* the new one */
    bool *made;          /* [choice->n] rows that are filled */
    float *mean, *sd;    /* [columns] of the old table's rows */
    struct intern token; /* the new ones, to find them */
};

/* ---- the table ---- */

static void describe_table(struct work *w)
{
    const float *old = w->m->weights.embedding.word;
    size_t rows = w->m->config.V;

    for (size_t c = 0; c < w->columns; c++) {
        double sum = 0.0, squares = 0.0, mean;

        for (size_t r = 0; r < rows; r++)
            sum += (double)old[r * w->columns + c];
        mean = sum / (double)rows;
        for (size_t r = 0; r < rows; r++) {
            double d = (double)old[r * w->columns + c] - mean;

            squares += d * d;
        }
        w->mean[c] = (float)mean;
        w->sd[c] = (float)sqrt(squares / (double)rows);
    }
}

/* ---- rows ---- */

static float *row_of(const struct work *w, size_t id)
{
    return w->table + id * w->columns;
}

static void mean_of(struct work *w, float *row, const uint32_t *id, size_t n)
{
    for (size_t c = 0; c < w->columns; c++) {
        double sum = 0.0;

        for (size_t i = 0; i < n; i++)
            sum += (double)row_of(w, id[i])[c];
        row[c] = (float)(sum / (double)n);
    }
}

/* The id of a token of the old vocabulary, or of a new one whose row is
 * filled; or -1. */
static int64_t filled(const struct work *w, struct span token)
{
    int64_t id = tokenizer_find(w->m->tokenizer, token), number;

    if (id >= 0)
        return id;
    number = intern_find(&w->token, token);
    return number >= 0 && w->made[number] ? (int64_t)w->first + number : -1;
}

static bool has_prefix(const struct work *w, struct span token)
{
    struct span prefix = tokenizer_prefix(w->m->tokenizer);

    return prefix.len > 0 && token.len > prefix.len &&
           memcmp(token.ptr, prefix.ptr, prefix.len) == 0;
}

/* Pieces of a character: its other form, or those of what it stands for. */
static int character_pieces(const struct work *w, struct span token,
                            uint32_t *id, size_t *n, struct err *err)
{
    struct span prefix = tokenizer_prefix(w->m->tokenizer), other = token;
    struct buf b = BUF_INIT(4096);
    int64_t found;
    int rc = 0;

    if (has_prefix(w, token))
        other = (struct span){ token.ptr + prefix.len, token.len - prefix.len };
    else
        rc = buf_append(&b, prefix.ptr, prefix.len, err);
    if (rc == 0)
        rc = buf_append(&b, other.ptr, other.len, err);
    if (rc < 0)
        goto out;
    found = filled(w, (struct span){ b.ptr, b.len });
    *n = found >= 0;
    id[0] = (uint32_t)found;
    if (found >= 0)
        goto out;
    buf_reset(&b);
    rc = normalise_text(&b, other, NORMALISE_FOLD, err);
    if (rc == 0 && b.len > 0)
        *n = tokenizer_pieces(w->m->tokenizer, (struct span){ b.ptr, b.len },
                              id, PIECES);
out:
    buf_release(&b);
    return rc;
}

/* Pieces of a word; of an unknown one its characters, as far as known. */
static int word_pieces(const struct work *w, struct span word, uint32_t *id,
                       size_t *n, struct err *err)
{
    struct span prefix = tokenizer_prefix(w->m->tokenizer);
    const char *p = word.ptr, *end = p + word.len;
    struct buf b = BUF_INIT(4096);
    int rc = 0;

    *n = tokenizer_pieces(w->m->tokenizer, word, id, PIECES);
    if (*n > 0)
        return 0;
    while (rc == 0 && p < end && *n < PIECES) {
        const char *from = p;
        int64_t found;

        buf_reset(&b);
        if (p > word.ptr)
            rc = buf_append(&b, prefix.ptr, prefix.len, err);
        normalise_decode(&p, end);
        if (rc == 0)
            rc = buf_append(&b, from, (size_t)(p - from), err);
        found = rc == 0 ? filled(w, (struct span){ b.ptr, b.len }) : -1;
        if (found >= 0)
            id[(*n)++] = (uint32_t)found;
    }
    buf_release(&b);
    return rc;
}

static int fill_row(struct work *w, size_t i, struct err *err)
{
    const struct lexicon_choice *c = w->x->choice;
    float *row = row_of(w, w->first + i);
    uint32_t id[PIECES];
    struct rng rng;
    size_t n = 0;
    int rc = c->whole[i] ? word_pieces(w, c->token[i], id, &n, err)
                         : character_pieces(w, c->token[i], id, &n, err);

    if (rc < 0)
        return rc;
    w->made[i] = true;
    if (n > 0) {
        w->report->known++;
        mean_of(w, row, id, n);
        return 0;
    }
    w->report->noise++;
    rng_init(&rng, w->x->seed, i);
    for (size_t k = 0; k < w->columns; k++)
        row[k] = w->mean[k] + w->x->noise * w->sd[k] * (float)rng_normal(&rng);
    return 0;
}

/* Characters first: words are made of them. */
static int fill_rows(struct work *w, struct err *err)
{
    const struct lexicon_choice *c = w->x->choice;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < c->n; i++) {
        uint32_t number;
        bool added;

        rc = intern_add(&w->token, c->token[i], &number, &added, err);
    }
    for (int whole = 0; whole < 2; whole++)
        for (size_t i = 0; rc == 0 && i < c->n; i++)
            if (c->whole[i] == whole && !w->made[i])
                rc = fill_row(w, i, err);
    return rc;
}

/* ---- the model ---- */

/* The tensors are the same but for the rows of one. */
static void copy_weights(struct weights *to, const struct weights *from)
{
    for (size_t i = 0; i < from->tensors; i++)
        memcpy(to->tensor[i].x, from->tensor[i].x,
               from->tensor[i].n * sizeof(float));
}

static int translate(struct work *w, const struct tokenizer *t, struct err *err)
{
    struct translate_rows r = { .tokenizer = t,
                                .own = w->x->own,
                                .translation = w->x->translation,
                                .pairs = w->x->pairs,
                                .first = w->first,
                                .table = w->table,
                                .columns = w->columns,
                                .made = w->made };
    int rc = r.pairs > 0 ? translate_rows(&r, err) : 0;

    w->report->translated = r.translated;
    w->report->remade = r.remade;
    return rc;
}

/* t: knows the new tokens. */
static int fill_table(struct weights *weights, const struct bi_encoder *m,
                      const struct tokenizer *t, const struct extend_vocab *x,
                      struct extend_vocab_report *report, struct err *err)
{
    struct work w = { .m = m,
                      .x = x,
                      .report = report,
                      .first = tokenizer_vocab_size(m->tokenizer),
                      .columns = model_config_table(&m->config),
                      .table = weights->embedding.word,
                      .token = INTERN_INIT };
    int rc = 0;

    w.made = calloc(x->choice->n + 1, sizeof(*w.made));
    w.mean = calloc(w.columns, sizeof(*w.mean));
    w.sd = calloc(w.columns, sizeof(*w.sd));
    if (!w.made || !w.mean || !w.sd)
        rc = ERR_SET(err, ERR_NOMEM, "%zu new rows", x->choice->n);
    if (rc == 0) {
        describe_table(&w);
        rc = translate(&w, t, err);
    }
    if (rc == 0)
        rc = fill_rows(&w, err);
    intern_release(&w.token);
    free(w.made);
    free(w.mean);
    free(w.sd);
    return rc;
}

/* The tokenizer's files, and what they make. */
static int extend_tokenizer(struct tokenizer **out, const struct bi_encoder *m,
                            const struct model_config *c, const char *folder,
                            const struct extend_vocab *x, struct err *err)
{
    size_t first = tokenizer_vocab_size(m->tokenizer);
    int rc = file_mkdirs(folder, err);

    if (rc == 0)
        rc = model_config_copy_tokenizer(folder, m->folder, c->layout, 0, err);
    if (rc == 0)
        rc = tokenizer_extend(folder, m->tokenizer, x->choice->token,
                              x->choice->n, err);
    if (rc == 0)
        rc = infer_tokenizer(out, c, folder, err);
    for (size_t i = 0; rc == 0 && i < x->choice->n; i++) {
        struct span s = x->choice->token[i];
        int64_t id = tokenizer_find(*out, s);

        if (id != (int64_t)(first + i))
            rc = ERR_SET(err, ERR_FORMAT,
                         "%s: \"%.*s\" has id %lld, expected %zu", folder,
                         (int)s.len, s.ptr, (long long)id, first + i);
    }
    return rc;
}

static int save(const struct weights *w, const struct model_config *c,
                const char *folder, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, folder, "model.safetensors", err);

    if (rc == 0)
        rc = weights_save(w, path, false, err);
    return rc < 0 ? rc : model_config_save(c, folder, err);
}

int extend_vocab(const struct bi_encoder *m, const char *folder,
                 const struct extend_vocab *x,
                 struct extend_vocab_report *report, struct err *err)
{
    size_t need = tokenizer_vocab_size(m->tokenizer) + x->choice->n, distinct;
    struct model_config c = m->config;
    struct weights w = { .arena = ARENA_INIT };
    struct tokenizer *t = NULL;
    int rc;

    *report = (struct extend_vocab_report){ 0 };
    c.body[0] = '\0';
    if (c.V < need)
        c.V = need;
    report->rows = c.V;
    rc = extend_tokenizer(&t, m, &c, folder, x, err);
    if (rc == 0)
        rc = weights_init(&w, &c, WEIGHTS_BODY, err);
    if (rc == 0) {
        report->unknown = lexicon_unknown(x->lexicon, t, &distinct);
        copy_weights(&w, &m->weights);
        rc = fill_table(&w, m, t, x, report, err);
    }
    if (rc == 0)
        rc = save(&w, &c, folder, err);
    weights_release(&w);
    tokenizer_free(t);
    return rc;
}
