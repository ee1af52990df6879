#include "base/proto.h"

#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static int put_varint(struct buf *b, uint64_t v, struct err *err)
{
    char byte[10];
    size_t n = 0;

    for (; v > 127; v >>= 7)
        byte[n++] = (char)(v | 128);
    byte[n++] = (char)v;
    return buf_append(b, byte, n, err);
}

static int put_key(struct buf *b, unsigned field, enum wire wire,
                   struct err *err)
{
    return put_varint(b, (uint64_t)field << 3 | wire, err);
}

int proto_head(struct buf *b, unsigned field, uint64_t len, struct err *err)
{
    int rc = put_key(b, field, WIRE_BYTES, err);

    return rc < 0 ? rc : put_varint(b, len, err);
}

int proto_bytes(struct buf *b, unsigned field, const void *ptr, size_t len,
                struct err *err)
{
    int rc = proto_head(b, field, len, err);

    return rc < 0 || len == 0 ? rc : buf_append(b, ptr, len, err);
}

int proto_text(struct buf *b, unsigned field, const char *s, struct err *err)
{
    return proto_bytes(b, field, s, strlen(s), err);
}

int proto_int(struct buf *b, unsigned field, int64_t v, struct err *err)
{
    int rc = put_key(b, field, WIRE_VARINT, err);

    return rc < 0 ? rc : put_varint(b, (uint64_t)v, err);
}

int proto_float(struct buf *b, unsigned field, float v, struct err *err)
{
    char byte[4];
    int rc = put_key(b, field, WIRE_FIXED32, err);

    store_f32(byte, v);
    return rc < 0 ? rc : buf_append(b, byte, sizeof(byte), err);
}
