/*
 * normalise.h - Unicode: normal forms, character classes, and BERT's
 * normaliser as a stream of code points. The only user of utf8proc.
 *
 * The classes are those of the reference tokenizers (Hugging Face tokenizers
 * 0.23), not those of today's Unicode: its punctuation, marks and controls
 * are frozen at Unicode 8, its case mapping is at Unicode 17. utf8proc 2.8 is
 * at Unicode 15; two tables in the .c file hold what differs, found by
 * comparing every code point.
 */
#ifndef TEXT_NORMALISE_H
#define TEXT_NORMALISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum normalise_form {
    NORMALISE_NFC,
    NORMALISE_NFD,
    NORMALISE_NFKC,
    NORMALISE_NFKD,
    NORMALISE_FOLD, /* NFKC with case folded and ignorables dropped: equal
                       results mean "the same text to a reader" */
};

bool normalise_is_ascii(struct span text);
/* Append the normal form of text to out. ERR_FORMAT when text is not UTF-8,
 * ERR_FULL over out->max, ERR_NOMEM. */
int normalise_text(struct buf *out, struct span text, enum normalise_form form,
                   struct err *err) MUST_CHECK;

/* Decode one code point and move *p past it; p < end. A byte that is not
 * UTF-8 is U+FFFD and one byte long. */
uint32_t normalise_decode(const char **p, const char *end);
/* Encode a code point; the number of bytes, 1 to 4. */
size_t normalise_encode(char out[4], uint32_t cp);

/* Where the first grapheme (UAX 29, extended) of [p, end) ends; valid UTF-8,
 * p < end. */
const char *normalise_grapheme(const char *p, const char *end);

enum normalise_class {
    NORMALISE_WORD,    /* whatever is none of the others */
    NORMALISE_SPACE,   /* Unicode White_Space */
    NORMALISE_PUNCT,   /* general category P, and all ASCII punctuation */
    NORMALISE_MARK,    /* Mn */
    NORMALISE_CONTROL, /* Cc, Cf, Co, Cs; tab and line ends are SPACE, but
                          VT, FF and U+0085 count as controls here */
};
enum normalise_class normalise_class(uint32_t cp);
/* As the pre-tokenizer asks it: VT, FF and U+0085 are white space too. */
bool normalise_is_space(uint32_t cp);
/* CJK as BERT has it: ideographs only; no kana, no hangul. */
bool normalise_is_cjk(uint32_t cp);
/* A letter, digit, mark or connector: what a regular expression's \w is. */
bool normalise_is_word(uint32_t cp);
/* General categories L and N, as a regular expression's \p{L} and \p{N}. */
bool normalise_is_letter(uint32_t cp);
bool normalise_is_number(uint32_t cp);
/* A mark of any kind, as the normaliser StripAccents asks it. */
bool normalise_is_accent(uint32_t cp);
/* The reference's normal forms leave it alone: it was assigned, or decomposed,
 * after Unicode 9. */
bool normalise_is_formless(uint32_t cp);
/* One code point to one; U+0130 to i (its second half, U+0307, is lost). */
uint32_t normalise_lower(uint32_t cp);

/* Options of BertNormalizer. */
struct normalise_bert {
    bool clean; /* drop controls, NUL and U+FFFD; white space becomes ' ' */
    bool cjk;   /* put spaces around ideographs */
    bool strip; /* NFD, then drop Mn */
    bool lower;
};

/*
 * A text's normal form, one code point at a time, without allocating. Copy
 * the struct to look ahead. The text must outlive it. Runs of more than 32
 * combining characters that survive (not Mn) are put in canonical order only
 * piecewise.
 */
struct normalise_stream {
    const char *p, *end;
    struct normalise_bert options;
    uint32_t pending[48];
    unsigned n, i;
};
#define NORMALISE_END UINT32_MAX

void normalise_start(struct normalise_stream *s, struct span text,
                     struct normalise_bert options);
/* The next code point, or NORMALISE_END. */
uint32_t normalise_next(struct normalise_stream *s);

#endif
