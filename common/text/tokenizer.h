/*
 * tokenizer.h - text to token ids, exactly as the reference library's fast
 * tokenizers do it.
 *
 * WordPiece (BERT, DistilBERT, ELECTRA, MiniLM, TinyBERT, Chinese BERT and
 * RoBERTa-wwm), byte-level BPE (RoBERTa), Unigram (XLM-RoBERTa and the
 * multilingual models). A struct tokenizer is read-only after loading, so any
 * number of threads may use one; encoding cannot fail. It allocates nothing,
 * but with Unigram: a few times the text, and the process ends when there is
 * no memory for that.
 *
 * Easily got wrong: ids are without [CLS] and [SEP] until tokenizer_single()
 * or tokenizer_pair() adds them; counts are of the whole text even when the
 * ids did not fit; max_len counts the specials.
 */
#ifndef TEXT_TOKENIZER_H
#define TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tokenizer; /* opaque; owns its vocabulary */

enum tokenizer_special {
    TOKENIZER_CLS,
    TOKENIZER_SEP,
    TOKENIZER_PAD,
    TOKENIZER_UNK,
    TOKENIZER_MASK,
    TOKENIZER_SPECIALS
};

/* How many ids the builders add: to one text, and at most to a pair (3 in
 * BERT, 4 in MPNet with its double </s>: tokenizer_pair_extra()). */
enum { TOKENIZER_SINGLE_EXTRA = 2, TOKENIZER_PAIR_EXTRA_MAX = 4 };

/*
 * Load from a model folder: tokenizer.json, or else vocab.txt, or else
 * vocab.json and merges.txt. WordPiece's options
 * (do_lower_case, tokenize_chinese_chars, strip_accents) come from
 * tokenizer_config.json, absent keys as true, true, null; only without that
 * file, or with a generic tokenizer_class there, from tokenizer.json. That is
 * the library's order: bert-base-chinese says lowercase in tokenizer.json,
 * not in tokenizer_config.json, and is not lower-cased. tokenizer.json's
 * truncation and padding blocks are ignored.
 * Errors: ERR_NOTFOUND (no tokenizer file), ERR_FORMAT (damaged, or another
 * model type: named), ERR_NOMEM, ERR_IO.
 */
int tokenizer_load(struct tokenizer **out, const char *folder,
                   struct err *err) MUST_CHECK;
void tokenizer_free(struct tokenizer *t); /* NULL is fine */

/* Largest id + 1, added tokens included: rows the embedding must have. */
size_t tokenizer_vocab_size(const struct tokenizer *t);
/* All five exist after loading; named by tokenizer_config.json. */
uint32_t tokenizer_special(const struct tokenizer *t, enum tokenizer_special s);
/* The token's text ("##ing"), or "" for an id nobody uses; lives with t. */
struct span tokenizer_token(const struct tokenizer *t, uint32_t id);
/* The model has one segment: that of a second text is 0 too. */
void tokenizer_one_segment(struct tokenizer *t);
/* The id of a token's exact text, or -1. */
int64_t tokenizer_find(const struct tokenizer *t, struct span token);

/*
 * Encode text (valid UTF-8; a bad byte counts as U+FFFD) without specials.
 * Returns the number of ids of the whole text; writes the first cap of them.
 * So "n > cap" means cut, and the count is what truncation needs.
 * At most tokenizer_room() ids.
 */
size_t tokenizer_encode(const struct tokenizer *t, struct span text,
                        uint32_t *ids, size_t cap);
/* Ids that a text of so many bytes can have, and no more. */
size_t tokenizer_room(const struct tokenizer *t, size_t bytes);

/* Words a vocabulary of WordPiece is asked for; false: there are none (BPE),
 * and the next three must not be called. */
bool tokenizer_has_words(const struct tokenizer *t);
/* "WordPiece", "BPE", "Unigram". */
const char *tokenizer_kind(const struct tokenizer *t);
/* What marks a piece that continues a word: "##". */
struct span tokenizer_prefix(const struct tokenizer *t);
/* fn for each word of a text, in its normal form, in order; an ideograph is a
 * word, added tokens are none. One too long to be split comes as length 0. */
typedef void tokenizer_word_fn(void *ctx, struct span word);
void tokenizer_each_word(const struct tokenizer *t, struct span text,
                         tokenizer_word_fn *fn, void *ctx);
/* The pieces of such a word, ids written and counted as above; 0: it becomes
 * the unknown token. cap > 0. */
size_t tokenizer_pieces(const struct tokenizer *t, struct span word,
                        uint32_t *ids, size_t cap);

/*
 * [CLS] A [SEP] into out (room for max_len); A is cut on the right to fit.
 * Returns the length. a needs to hold only its first max_len ids when na says
 * there are more. max_len >= 2.
 */
size_t tokenizer_single(const struct tokenizer *t, uint32_t *out,
                        const uint32_t *a, size_t na, size_t max_len);
/*
 * [CLS] A [SEP] B [SEP] into out, segment ids 0 up to the first [SEP] and 1
 * after it (0 where there is one segment only) into segment (may be NULL); both
 * have room for max_len. Cut
 * "longest first". Returns the length. max_len >= tokenizer_pair_extra();
 * a, b as above. RoBERTa and MPNet: <s> A </s></s> B </s>.
 */
size_t tokenizer_pair_extra(const struct tokenizer *t);
size_t tokenizer_pair(const struct tokenizer *t, uint32_t *out,
                      uint8_t *segment, const uint32_t *a, size_t na,
                      const uint32_t *b, size_t nb, size_t max_len);
/* The cut alone: lower *na and *nb so that their sum is at most room, as the
 * reference's longest_first does (sum unchanged when it fits). */
void tokenizer_truncate_pair(size_t *na, size_t *nb, size_t room);

#endif
