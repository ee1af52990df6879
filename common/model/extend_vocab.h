/*
 * extend_vocab.h - a sentence encoder whose vocabulary knows more: new tokens
 * in the tokenizer's files, new rows in the table of word embeddings.
 *
 * A new row is made of what the model knows already: the mean of the pieces a
 * word was split into; for a character the row of its other form ("c" and
 * "##c"), or the mean of its compatibility form's pieces (a full-width letter).
 * With translations at hand a token's row is the mean of the rows of the tokens
 * it translates, weighted by the square of their expected counts
 * (word_align.h): the model reads the other language before it has been trained
 * on it. That replaces the rows, too, of tokens that it has but whose
 * characters its own language never uses. Where it knows nothing: the mean of
 * the table plus normal noise, so that new rows differ. After Hewitt,
 * "Initializing New Word Embeddings for Pretrained Language Models", 2021, who
 * draws from the table's distribution: that is noise 1.
 */
#ifndef MODEL_EXTEND_VOCAB_H
#define MODEL_EXTEND_VOCAB_H

#include "model/bi_encoder.h"
#include "text/lexicon.h"

struct extend_vocab {
    const struct lexicon *lexicon;        /* of the texts to know */
    const struct lexicon_choice *choice;  /* the new tokens */
    const struct span *own, *translation; /* [pairs] */
    size_t pairs;
    float noise; /* in standard deviations of each column of the table */
    uint64_t seed;
};

/* How the new rows were made, and what the new tokenizer does not know. */
struct extend_vocab_report {
    size_t known, noise;       /* rows: from pieces; from mean and noise */
    size_t translated, remade; /* from translations: new; there before */
    size_t rows;               /* of the new table */
    uint64_t unknown;          /* occurrences of the lexicon's words */
};

/*
 * Make folder (its parent exists) of m with the choice's tokens; their ids go
 * from tokenizer_vocab_size() on. m, whose tokenizer has words, is only read.
 * The written tokenizer is loaded again and must give each token its id:
 * ERR_FORMAT. Others: those of bi_encoder_save() and tokenizer_extend().
 */
int extend_vocab(const struct bi_encoder *m, const char *folder,
                 const struct extend_vocab *x,
                 struct extend_vocab_report *report,
                 struct err *err) MUST_CHECK;

#endif
