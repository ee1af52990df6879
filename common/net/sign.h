/*
 * sign.h - what a character means to JSON, when it stands outside strings and
 * a language model wrote it: full-width punctuation, blanks, literals.
 */
#ifndef NET_SIGN_H
#define NET_SIGN_H

#include <stdbool.h>
#include <stddef.h>

/* The ASCII meaning of what is at p, and its bytes; '\0' at the end. A
 * character that means nothing gives its first byte, of one. */
char sign_at(const char *p, const char *end, size_t *len);
/* Is c one of the set? '\0' is in none. */
bool sign_in(char c, const char *set);
const char *sign_skip_blanks(const char *p, const char *end);
/* Bytes of the word at p: up to a blank or a sign. */
size_t sign_word(const char *p, const char *end);

/* What a word of n bytes is in JSON (None: null), or NULL. */
const char *sign_literal(const char *p, size_t n);
/* Only digits and what belongs to numbers? *fine: as JSON writes them. */
bool sign_number(const char *p, size_t n, bool *fine);
/* "And so on", also as one character. */
bool sign_ellipsis(const char *p, size_t n);

#endif
