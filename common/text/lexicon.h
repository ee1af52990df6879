/*
 * lexicon.h - the words of many texts with how often they occur, as the
 * vocabulary of a WordPiece tokenizer is asked for them, and the tokens that
 * it would need to know them.
 *
 * A word is unknown as a whole as soon as one of its characters has no piece.
 * So the missing characters are enough, in the form they occur in ("c" first
 * in a word, "##c" later): with all of them no word is unknown but those too
 * long to be split. Chinese has words of one character only, since BERT puts
 * spaces around ideographs.
 */
#ifndef TEXT_LEXICON_H
#define TEXT_LEXICON_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/intern.h"
#include "text/tokenizer.h"

struct lexicon {
    struct intern word; /* in its normal form */
    uint64_t *count;    /* [word.n] occurrences */
    uint64_t total;     /* occurrences of all words, too long ones included */
    uint64_t too_long;  /* occurrences of words that are always unknown */
    size_t cap;         /* private */
};
#define LEXICON_INIT \
    { \
        INTERN_INIT, NULL, 0, 0, 0 \
    }

/* Count the words of a text; t has words. ERR_NOMEM. */
int lexicon_add(struct lexicon *l, const struct tokenizer *t, struct span text,
                struct err *err) MUST_CHECK;
void lexicon_release(struct lexicon *l);
/* Occurrences that t does not know, and how many distinct words those are. */
uint64_t lexicon_unknown(const struct lexicon *l, const struct tokenizer *t,
                         size_t *distinct);

/* Whole words to ask for beside characters: none; those that are unknown; those
 * too that are cut into several pieces. */
enum lexicon_words {
    LEXICON_NO_WORDS,
    LEXICON_UNKNOWN_WORDS,
    LEXICON_CUT_WORDS
};

struct lexicon_rules {
    uint64_t min_count; /* occurrences that a character needs */
    size_t max_new;     /* tokens; the most frequent are taken */
    enum lexicon_words words;
    uint64_t min_word; /* occurrences that a whole word needs */
};

/* Tokens the vocabulary has not, the most frequent first, equal ones by their
 * bytes. */
struct lexicon_choice {
    struct span *token; /* [n] with "##" where it continues a word */
    bool *whole;        /* [n] a word, not a character */
    size_t n;
    struct intern text; /* private: owns the bytes */
};
#define LEXICON_CHOICE_INIT \
    { \
        NULL, NULL, 0, INTERN_INIT \
    }

/* ERR_NOMEM. */
int lexicon_choose(struct lexicon_choice *c, const struct lexicon *l,
                   const struct tokenizer *t, const struct lexicon_rules *rules,
                   struct err *err) MUST_CHECK;
void lexicon_choice_release(struct lexicon_choice *c);

#endif
