/*
 * gpt2.h - a text's words as GPT-2's pre-tokenizer cuts them: a run of
 * letters, of digits or of other characters, each with the one space before
 * it; English clitics ('s 't 're 've 'm 'll 'd); the white space that is left.
 * The regular expression of Radford et al., 2019:
 *
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 */
#ifndef TEXT_GPT2_H
#define TEXT_GPT2_H

/* The end of the word that begins at p; p < end. Any bytes: one that is not
 * UTF-8 counts as U+FFFD. */
const char *gpt2_word(const char *p, const char *end);

#endif
