/*
 * buf.h - a growable byte string with a mandatory maximum, and views.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes that belong to somebody else; lifetime as the giver states. */
struct blob {
    const void *ptr;
    size_t len; /* bytes */
};

/* Text that belongs to somebody else; UTF-8, not NUL-terminated. */
struct span {
    const char *ptr;
    size_t len; /* bytes */
};

struct buf {
    char *ptr;  /* owned; NUL after the last byte whenever not NULL */
    size_t len; /* bytes in use, without the NUL */
    size_t cap;
    size_t max; /* growing beyond is ERR_FULL */
};

/* An empty buffer that may grow to max bytes. No allocation yet. */
#define BUF_INIT(max_bytes) \
    { \
        NULL, 0, 0, (max_bytes) \
    }

void buf_release(struct buf *b); /* safe on an empty buffer */
void buf_reset(struct buf *b);   /* keep the memory, drop the contents */
/* ERR_FULL over max, ERR_NOMEM; the buffer keeps what it had. */
int buf_append(struct buf *b, const void *ptr, size_t len,
               struct err *err) MUST_CHECK;
int buf_puts(struct buf *b, const char *s, struct err *err) MUST_CHECK;
int buf_printf(struct buf *b, struct err *err, const char *fmt, ...) MUST_CHECK
    PRINTF_LIKE(3, 4);
/* Room for len more bytes; the caller may write there, then add to b->len. */
int buf_reserve(struct buf *b, size_t len, struct err *err) MUST_CHECK;
/* The string (never NULL, NUL-terminated); valid until the next change. */
const char *buf_str(const struct buf *b);

/* True when s is byte for byte the C string. */
bool span_is(struct span s, const char *text);
struct span span_of(const char *text);

/* Little-endian loads and stores; no alignment needed. */
uint16_t load_u16(const void *p);
uint32_t load_u32(const void *p);
uint64_t load_u64(const void *p);
float load_f32(const void *p);
void store_u16(void *p, uint16_t v);
void store_u32(void *p, uint32_t v);
void store_u64(void *p, uint64_t v);
void store_f32(void *p, float v);

#endif
