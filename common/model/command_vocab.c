/*
 * command_vocab.c - teach a model's vocabulary the characters and words of
 * texts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "model/command.h"
#include "model/extend_vocab.h"
#include "model/infer.h"
#include "text/lexicon.h"

enum { FILE_MAX = 1 << 30 };

struct args {
    struct stage_args common;
    struct opt_list texts, aligned;
    const char *model, *out, *words;
    int64_t min_count, max_new, min_word;
    double noise;
};

static struct args args;

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "sentence encoder with a WordPiece vocabulary"),
    OPT_ROW_PATHS('i', "texts", struct args, texts, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED | OPT_OR_FILE,
                  "texts it shall know; a file not called .lmdb: one text a "
                  "line"),
    OPT_ROW_PATHS(0, "aligned", struct args, aligned, OPT_IN_STORE, "STORE", 0,
                  "pairs of a text in the model's language and its "
                  "translation: new rows are made of the tokens they "
                  "translate"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    OPT_ROW_INT(0, "min-count", struct args, min_count, "2", 1, 1e15, 0,
                "occurrences that a new character needs"),
    OPT_ROW_INT(0, "max-new", struct args, max_new, "4000", 0, 1e6, 0,
                "new tokens at most; the most frequent are taken"),
    OPT_ROW_CHOICE(0, "words", struct args, words, "none", "none|unknown|cut",
                   0,
                   "whole words beside characters; unknown: those with unknown "
                   "characters; cut: those in several pieces too"),
    OPT_ROW_INT(0, "min-word", struct args, min_word, "20", 1, 1e15, 0,
                "occurrences that a new whole word needs"),
    OPT_ROW_REAL(0, "noise", struct args, noise, "0.1", 0, 10, 0,
                 "of rows that nothing is known for: standard deviations of "
                 "the table around its mean"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "model",
    .command = "extend-vocab",
    .summary = "Add the characters and words of texts that a vocabulary does "
               "not know.",
    .example = "model extend-vocab --model all-MiniLM-L6-v2 --texts zh.txt "
               "--aligned en-zh.lmdb --out english-and-more",
    .opts = rows,
    .version = 1,
};

/* ---- texts ---- */

struct reader {
    struct stage *st;
    const struct bi_encoder *m;
    struct model_config config; /* the model's, without the prompt */
    struct lexicon *lexicon;
    struct buf text;
};

static int take_text(struct reader *r, struct span text, struct err *err)
{
    int rc;

    buf_reset(&r->text);
    rc = infer_text(&r->text, &r->config, text, err);
    if (rc == 0)
        rc = lexicon_add(r->lexicon, r->m->tokenizer,
                         (struct span){ buf_str(&r->text), r->text.len }, err);
    r->st->n.seen++;
    r->st->n.kept++;
    return rc;
}

static int read_store(struct reader *r, const char *path, struct err *err)
{
    struct texts t = { NULL, NULL, 0 };
    struct store *s;
    int rc = store_open(&s, path, err);

    if (rc < 0)
        return rc;
    rc = texts_load(&t, s, err);
    for (uint32_t i = 0; rc == 0 && i < t.n; i++)
        rc = stage_stopped() ? stage_stop(err) : take_text(r, t.text[i], err);
    texts_release(&t);
    store_close(s);
    return rc;
}

static int read_line(struct reader *r, const char *path, uint64_t number,
                     struct span line, struct err *err)
{
    char where[FILE_PATH_MAX + 32];

    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0)
        return 0;
    if (utf8_valid(line.ptr, line.len) == line.len)
        return take_text(r, line, err);
    snprintf(where, sizeof(where), "%s:%llu", path, (unsigned long long)number);
    return stage_fail_record(r->st, where, "not valid UTF-8", NULL, err);
}

static int read_file(struct reader *r, const char *path, struct err *err)
{
    struct file_map map;
    const char *p, *end;
    uint64_t number = 0;
    int rc = file_map(&map, path, err);

    if (rc < 0)
        return rc;
    p = map.ptr;
    end = p + map.len;
    while (rc == 0 && p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct span line = { p, (size_t)((nl ? nl : end) - p) };

        rc = stage_stopped() ? stage_stop(err)
                             : read_line(r, path, ++number, line, err);
        p = nl ? nl + 1 : end;
    }
    file_unmap(&map);
    return rc;
}

static int read_texts(struct reader *r, const struct opt_list *paths,
                      struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < paths->n; i++)
        rc = stage_is_store(paths->item[i]) ? read_store(r, paths->item[i], err)
                                            : read_file(r, paths->item[i], err);
    if (rc == 0 && r->lexicon->total == 0)
        rc = ERR_SET(err, ERR_FORMAT, "--texts: no word in %llu texts",
                     (unsigned long long)r->st->n.seen);
    buf_release(&r->text);
    return rc;
}

/* ---- translations ---- */

/* The stores stay open: the texts lie in them. */
struct translations {
    struct store *store[OPT_LIST_MAX];
    struct texts texts[OPT_LIST_MAX];
    size_t stores;
    struct span *own, *translation;
    size_t n;
};

static int append_pairs(struct translations *t, const struct texts *texts,
                        struct store *s, struct err *err)
{
    struct pairs p = { NULL, 0 };
    uint64_t n;
    int rc = pairs_need(s, &n, err);
    struct span *own, *translation;

    if (rc == 0)
        rc = pairs_load(&p, s, err);
    if (rc < 0)
        return rc;
    own = realloc(t->own, (t->n + p.n + 1) * sizeof(*own));
    if (own)
        t->own = own;
    translation =
        realloc(t->translation, (t->n + p.n + 1) * sizeof(*translation));
    if (translation)
        t->translation = translation;
    if (!own || !translation)
        rc = ERR_SET(err, ERR_NOMEM, "%zu translations", t->n + p.n);
    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        t->own[t->n] = texts->text[p.pair[i].a];
        t->translation[t->n++] = texts->text[p.pair[i].b];
    }
    pairs_release(&p);
    return rc;
}

static int read_translations(struct translations *t,
                             const struct opt_list *paths, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < paths->n; i++) {
        struct store **s = &t->store[i];

        rc = store_open(s, paths->item[i], err);
        if (rc < 0)
            return rc;
        t->stores++;
        rc = texts_load(&t->texts[i], *s, err);
        if (rc == 0)
            rc = append_pairs(t, &t->texts[i], *s, err);
    }
    return rc;
}

static void release_translations(struct translations *t)
{
    for (size_t i = 0; i < t->stores; i++) {
        texts_release(&t->texts[i]);
        store_close(t->store[i]);
    }
    free(t->own);
    free(t->translation);
}

/* ---- the model ---- */

static double percent(uint64_t part, uint64_t whole)
{
    return 100.0 * (double)part / (double)whole;
}

static void report(struct stage *st, const struct lexicon *l,
                   const struct lexicon_choice *c, uint64_t before,
                   const struct extend_vocab_report *r)
{
    struct json_node *o = json_new_object();
    size_t words = 0;

    for (size_t i = 0; i < c->n; i++)
        words += c->whole[i];
    json_set_num(o, "occurrences", (double)l->total);
    json_set_num(o, "distinct", (double)l->word.n);
    json_set_num(o, "unknown_before", (double)before);
    json_set_num(o, "unknown_after", (double)r->unknown);
    json_set_num(o, "new_characters", (double)(c->n - words));
    json_set_num(o, "new_words", (double)words);
    json_set_num(o, "rows_from_translations", (double)r->translated);
    json_set_num(o, "rows_remade", (double)r->remade);
    json_set_num(o, "rows_from_pieces", (double)r->known);
    json_set_num(o, "rows_from_noise", (double)r->noise);
    json_set_num(o, "rows", (double)r->rows);
    json_set(st->extra, "vocabulary", o);
    log_info("unknown words: %llu of %llu (%.2f %%) before, %llu (%.2f %%) "
             "after; new: %zu characters, %zu words; rows from translations "
             "%zu and %zu old ones, from pieces %zu, from mean and noise %zu",
             (unsigned long long)before, (unsigned long long)l->total,
             percent(before, l->total), (unsigned long long)r->unknown,
             percent(r->unknown, l->total), c->n - words, words, r->translated,
             r->remade, r->known, r->noise);
}

static enum lexicon_words words_of(const char *name)
{
    if (strcmp(name, "none") == 0)
        return LEXICON_NO_WORDS;
    return strcmp(name, "cut") == 0 ? LEXICON_CUT_WORDS : LEXICON_UNKNOWN_WORDS;
}

static int extend(struct stage *st, const struct bi_encoder *m,
                  const struct lexicon *l, struct err *err)
{
    const struct args *a = st->args;
    const struct lexicon_rules rules = { .min_count = (uint64_t)a->min_count,
                                         .max_new = (size_t)a->max_new,
                                         .words = words_of(a->words),
                                         .min_word = (uint64_t)a->min_word };
    struct lexicon_choice c = LEXICON_CHOICE_INIT;
    struct translations t = { .n = 0 };
    struct extend_vocab x = { .lexicon = l,
                              .choice = &c,
                              .noise = (float)a->noise,
                              .seed = (uint64_t)a->common.seed };
    struct extend_vocab_report r;
    size_t distinct;
    uint64_t before = lexicon_unknown(l, m->tokenizer, &distinct);
    int rc = lexicon_choose(&c, l, m->tokenizer, &rules, err);

    if (rc == 0)
        rc = read_translations(&t, &a->aligned, err);
    x.own = t.own;
    x.translation = t.translation;
    x.pairs = t.n;
    if (rc == 0)
        rc = stage_create_dir(st, err);
    if (rc == 0)
        rc = extend_vocab(m, st->part, &x, &r, err);
    if (rc == 0)
        report(st, l, &c, before, &r);
    release_translations(&t);
    lexicon_choice_release(&c);
    return rc < 0 ? rc : stage_finish_dir(st, err);
}

static int extend_vocab_command(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct lexicon l = LEXICON_INIT;
    struct bi_encoder m = { 0 };
    struct reader r = {
        .st = st, .m = &m, .lexicon = &l, .text = BUF_INIT(FILE_MAX)
    };
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, a->model, err);

    if (rc == 0)
        rc = bi_encoder_load(&m, folder, err);
    if (rc < 0)
        return rc;
    if (!tokenizer_has_words(m.tokenizer))
        rc = ERR_SET(err, ERR_USAGE,
                     "--model %s: expected a WordPiece vocabulary; one of "
                     "byte pairs (BPE) knows every text already",
                     a->model);
    r.config = m.config;
    r.config.prompt[0] = '\0';
    if (rc == 0)
        rc = read_texts(&r, &a->texts, err);
    if (rc == 0)
        rc = extend(st, &m, &l, err);
    lexicon_release(&l);
    bi_encoder_release(&m);
    return rc;
}

const struct stage_spec command_extend_vocab = { .opts = &opts,
                                                 .args = &args,
                                                 .args_size = sizeof(args),
                                                 .run = extend_vocab_command };
