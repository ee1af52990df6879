/*
 * utf8.h - is this valid UTF-8? Below the text layer (JSON, record import),
 * where utf8proc is not at hand. Unicode 15, table 3-7: no overlong forms, no
 * surrogates, nothing above U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* len when all bytes are valid, else the offset of the first bad sequence. */
size_t utf8_valid(const char *s, size_t len);
/* Number of code points in valid UTF-8. */
size_t utf8_count(const char *s, size_t len);

#endif
