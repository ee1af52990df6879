#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *b)
{
    free(b->ptr);
    b->ptr = NULL;
    b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    if (b->ptr)
        b->ptr[0] = '\0';
}

int buf_reserve(struct buf *b, size_t len, struct err *err)
{
    size_t want, cap;
    char *ptr;

    if (len > b->max || b->len > b->max - len)
        return ERR_SET(err, ERR_FULL, "%zu bytes exceed the limit of %zu",
                       b->len + len, b->max);
    want = b->len + len + 1;
    if (want <= b->cap)
        return 0;
    cap = b->cap + b->cap / 2 + 64;
    if (cap < want)
        cap = want;
    ptr = realloc(b->ptr, cap);
    if (!ptr)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate %zu bytes", cap);
    b->ptr = ptr;
    b->cap = cap;
    b->ptr[b->len] = '\0';
    return 0;
}

int buf_append(struct buf *b, const void *ptr, size_t len, struct err *err)
{
    int rc = buf_reserve(b, len, err);

    if (rc < 0)
        return rc;
    if (len)
        memcpy(b->ptr + b->len, ptr, len);
    b->len += len;
    b->ptr[b->len] = '\0';
    return 0;
}

int buf_puts(struct buf *b, const char *s, struct err *err)
{
    return buf_append(b, s, strlen(s), err);
}

int buf_printf(struct buf *b, struct err *err, const char *fmt, ...)
{
    va_list ap;
    int n, rc;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return ERR_SET(err, ERR_FORMAT, "cannot format '%s'", fmt);
    rc = buf_reserve(b, (size_t)n, err);
    if (rc < 0)
        return rc;
    va_start(ap, fmt);
    vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return 0;
}

const char *buf_str(const struct buf *b)
{
    return b->ptr ? b->ptr : "";
}

bool span_is(struct span s, const char *text)
{
    size_t n = strlen(text);

    return n == s.len && (n == 0 || memcmp(s.ptr, text, n) == 0);
}

struct span span_of(const char *text)
{
    return (struct span){ text, strlen(text) };
}

/* x86-64 is little-endian, as the formats are; memcpy is for alignment. */
uint16_t load_u16(const void *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

uint32_t load_u32(const void *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

uint64_t load_u64(const void *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

float load_f32(const void *p)
{
    float v;

    memcpy(&v, p, sizeof(v));
    return v;
}

void store_u16(void *p, uint16_t v)
{
    memcpy(p, &v, sizeof(v));
}

void store_u32(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof(v));
}

void store_u64(void *p, uint64_t v)
{
    memcpy(p, &v, sizeof(v));
}

void store_f32(void *p, float v)
{
    memcpy(p, &v, sizeof(v));
}
