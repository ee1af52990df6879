/*
 * proto.h - protobuf's wire format, the writing half. A message is a buffer to
 * which fields are appended; one message inside another is a field of bytes.
 * protobuf.dev/programming-guides/encoding.
 */
#ifndef BASE_PROTO_H
#define BASE_PROTO_H

#include "base/buf.h"

/* Errors of all: ERR_FULL, ERR_NOMEM (of the buffer). */

/* The key of a field of bytes and its length; the caller writes the bytes. */
int proto_head(struct buf *b, unsigned field, uint64_t len,
               struct err *err) MUST_CHECK;
int proto_bytes(struct buf *b, unsigned field, const void *ptr, size_t len,
                struct err *err) MUST_CHECK;
int proto_text(struct buf *b, unsigned field, const char *s,
               struct err *err) MUST_CHECK;
/* int32, int64, bool and enum; a negative one takes ten bytes. */
int proto_int(struct buf *b, unsigned field, int64_t v,
              struct err *err) MUST_CHECK;
int proto_float(struct buf *b, unsigned field, float v,
                struct err *err) MUST_CHECK;

#endif
