/*
 * tokenizer_extend.h - new tokens in the files of a WordPiece tokenizer.
 */
#ifndef TEXT_TOKENIZER_EXTEND_H
#define TEXT_TOKENIZER_EXTEND_H

#include "text/tokenizer.h"

/*
 * Give n tokens the ids from tokenizer_vocab_size(t) on, in tokenizer.json
 * and vocab.txt of folder, as far as they are there; t was loaded from the same
 * files and has none of the tokens. What tokenizer.json had keeps its bytes;
 * vocab.txt is written anew, since its line is the id and added tokens may lie
 * above its last. Errors: ERR_FORMAT (an id below that nobody has, so
 * vocab.txt has no line for it), ERR_IO, ERR_NOMEM.
 */
int tokenizer_extend(const char *folder, const struct tokenizer *t,
                     const struct span *token, size_t n,
                     struct err *err) MUST_CHECK;

#endif
