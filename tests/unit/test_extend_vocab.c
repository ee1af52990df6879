#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/extend_vocab.h"
#include "support/scratch.h"

static const char folder[] = "tests/golden/model/bi";

static struct bi_encoder open_model(const char *path)
{
    struct bi_encoder m;
    struct err err = ERR_INIT;

    assert_ok(bi_encoder_load(&m, path, &err), &err);
    return m;
}

/* The model that knows the text, in the scratch folder's name. */
static struct extend_vocab_report extend(struct bi_encoder *to,
                                         const char *name, const char *text,
                                         float noise, uint64_t seed)
{
    const struct lexicon_rules rules = { 1, 100, LEXICON_CUT_WORDS, 1 };
    struct lexicon l = LEXICON_INIT;
    struct lexicon_choice c = LEXICON_CHOICE_INIT;
    const struct extend_vocab x = {
        .lexicon = &l, .choice = &c, .noise = noise, .seed = seed
    };
    struct extend_vocab_report r;
    struct bi_encoder m = open_model(folder);
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];

    assert_ok(lexicon_add(&l, m.tokenizer, span_of(text), &err), &err);
    assert_ok(lexicon_choose(&c, &l, m.tokenizer, &rules, &err), &err);
    assert_ok(extend_vocab(&m, scratch_path(path, name), &x, &r, &err), &err);
    *to = open_model(path);
    lexicon_choice_release(&c);
    lexicon_release(&l);
    bi_encoder_release(&m);
    return r;
}

static const float *row(const struct bi_encoder *m, const char *token)
{
    int64_t id = tokenizer_find(m->tokenizer, span_of(token));

    assert_true(id >= 0);
    return m->weights.embedding.word + (size_t)id * m->config.C;
}

static void everything_else_stays_as_it_was(void **state)
{
    struct bi_encoder was = open_model(folder), is;
    struct extend_vocab_report r = extend(&is, "same", "怪 兽", 0.1f, 1);

    (void)state;
    assert_int_equal(is.config.V, was.config.V + 2);
    assert_int_equal(r.rows, is.config.V);
    assert_int_equal(r.unknown, 0);
    assert_int_equal(r.noise, 2);
    assert_int_equal(is.weights.tensors, was.weights.tensors);
    for (size_t i = 0; i < was.weights.tensors; i++)
        assert_memory_equal(is.weights.tensor[i].x, was.weights.tensor[i].x,
                            was.weights.tensor[i].n * sizeof(float));
    bi_encoder_release(&was);
    bi_encoder_release(&is);
}

static void a_cut_word_is_the_mean_of_its_pieces(void **state)
{
    struct bi_encoder m, was = open_model(folder);
    const char *word = "goodbank";
    uint32_t id[32];
    size_t n = tokenizer_pieces(was.tokenizer, span_of(word), id, 32);
    struct extend_vocab_report r = extend(&m, "cut", word, 0.1f, 1);

    (void)state;
    assert_true(n > 1 && n <= 32);
    assert_int_equal(r.known, 1);
    for (size_t c = 0; c < m.config.C; c++) {
        double sum = 0.0;

        for (size_t i = 0; i < n; i++)
            sum += (double)was.weights.embedding.word[id[i] * m.config.C + c];
        assert_true(fabs(sum / (double)n - (double)row(&m, word)[c]) < 1e-6);
    }
    assert_int_equal(tokenizer_pieces(m.tokenizer, span_of(word), id, 32), 1);
    bi_encoder_release(&was);
    bi_encoder_release(&m);
}

static void a_character_takes_its_other_form_or_what_it_stands_for(void **state)
{
    struct bi_encoder m;
    size_t size;

    (void)state;
    /* full-width %, U+FF05; 退 is known at the beginning of a word only */
    extend(&m, "forms", "％ a退", 0.1f, 1);
    size = m.config.C * sizeof(float);
    assert_memory_equal(row(&m, "％"), row(&m, "%"), size);
    bi_encoder_release(&m);
    /* kana are not set apart: one word, whose later letters get both forms */
    extend(&m, "kana", "かに にか", 0.1f, 1);
    assert_memory_equal(row(&m, "か"), row(&m, "##か"), size);
    assert_memory_equal(row(&m, "に"), row(&m, "##に"), size);
    assert_memory_not_equal(row(&m, "か"), row(&m, "に"), size);
    bi_encoder_release(&m);
}

static void new_rows_lie_around_the_mean_of_the_table(void **state)
{
    struct bi_encoder m, was = open_model(folder);
    size_t V = was.config.V, C = was.config.C;

    (void)state;
    extend(&m, "mean", "怪", 0.0f, 1);
    for (size_t c = 0; c < C; c++) {
        double sum = 0.0;

        for (size_t r = 0; r < V; r++)
            sum += (double)was.weights.embedding.word[r * C + c];
        assert_true(fabs(sum / (double)V - (double)row(&m, "怪")[c]) < 1e-6);
    }
    bi_encoder_release(&was);
    bi_encoder_release(&m);
}

static void the_seed_decides_the_noise(void **state)
{
    struct bi_encoder a, b, c;
    size_t size;

    (void)state;
    extend(&a, "seed1", "怪兽", 0.5f, 1);
    extend(&b, "again", "怪兽", 0.5f, 1);
    extend(&c, "seed2", "怪兽", 0.5f, 2);
    size = a.config.C * sizeof(float);
    assert_memory_equal(row(&a, "怪"), row(&b, "怪"), size);
    assert_memory_not_equal(row(&a, "怪"), row(&c, "怪"), size);
    assert_memory_not_equal(row(&a, "怪"), row(&a, "兽"), size);
    bi_encoder_release(&a);
    bi_encoder_release(&b);
    bi_encoder_release(&c);
}

static void a_translation_takes_the_rows_of_what_it_translates(void **state)
{
    static const char *const own[] = { "the order", "the", "order", "for the" };
    static const char *const other[] = { "怪天", "怪", "天", "怪" };
    const struct lexicon_rules rules = { 1, 100, LEXICON_NO_WORDS, 1 };
    struct lexicon l = LEXICON_INIT;
    struct lexicon_choice c = LEXICON_CHOICE_INIT;
    struct span a[4], b[4];
    struct extend_vocab x = { &l, &c, a, b, 4, 0.1f, 1 };
    struct extend_vocab_report r;
    struct bi_encoder was = open_model(folder), m;
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    uint32_t id[16];

    (void)state;
    for (int i = 0; i < 4; i++) {
        a[i] = span_of(own[i]);
        b[i] = span_of(other[i]);
        assert_ok(lexicon_add(&l, was.tokenizer, b[i], &err), &err);
    }
    assert_int_equal(tokenizer_pieces(was.tokenizer, a[1], id, 16), 1);
    assert_ok(lexicon_choose(&c, &l, was.tokenizer, &rules, &err), &err);
    assert_ok(extend_vocab(&was, scratch_path(path, "both"), &x, &r, &err),
              &err);
    m = open_model(path);
    /* 怪 is new; 天 is known, but none of the model's language */
    assert_int_equal(r.translated, 1);
    assert_int_equal(r.remade, 1);
    assert_int_equal(r.noise, 0);
    for (size_t k = 0; k < m.config.C; k++) {
        double the = (double)row(&was, "the")[k];

        assert_true(fabs(the - (double)row(&m, "怪")[k]) <
                    0.2 * fabs(the) + 0.01);
    }
    assert_memory_not_equal(row(&m, "天"), row(&was, "天"),
                            m.config.C * sizeof(float));
    assert_memory_equal(row(&m, "the"), row(&was, "the"),
                        m.config.C * sizeof(float));
    lexicon_choice_release(&c);
    lexicon_release(&l);
    bi_encoder_release(&was);
    bi_encoder_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_else_stays_as_it_was),
        cmocka_unit_test(a_cut_word_is_the_mean_of_its_pieces),
        cmocka_unit_test(
            a_character_takes_its_other_form_or_what_it_stands_for),
        cmocka_unit_test(new_rows_lie_around_the_mean_of_the_table),
        cmocka_unit_test(the_seed_decides_the_noise),
        cmocka_unit_test(a_translation_takes_the_rows_of_what_it_translates),
    };

    return cmocka_run_group_tests_name("extend_vocab", tests, scratch_make,
                                       scratch_clean);
}
