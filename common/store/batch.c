#include "store/batch.h"

#include <stdint.h>

enum { FRAME = 12 /* bytes */ };
static const size_t batch_max = (size_t)1 << 34; /* bytes */

void batch_init(struct batch *b)
{
    *b = (struct batch){ .bytes = BUF_INIT(batch_max) };
}

void batch_release(struct batch *b)
{
    buf_release(&b->bytes);
    b->n = 0;
}

void batch_reset(struct batch *b)
{
    buf_reset(&b->bytes);
    b->n = 0;
}

int batch_add(struct batch *b, size_t table, struct blob key, struct blob head,
              struct blob body, struct blob *value, struct err *err)
{
    size_t len = head.len + body.len;
    uint8_t frame[FRAME];
    int rc;

    store_u32(frame, (uint32_t)table);
    store_u32(frame + 4, (uint32_t)key.len);
    store_u32(frame + 8, (uint32_t)len);
    rc = buf_append(&b->bytes, frame, FRAME, err);
    if (rc == 0)
        rc = buf_append(&b->bytes, key.ptr, key.len, err);
    if (rc == 0)
        rc = buf_append(&b->bytes, head.ptr, head.len, err);
    if (rc == 0)
        rc = buf_append(&b->bytes, body.ptr, body.len, err);
    if (rc < 0)
        return rc;
    b->n++;
    *value = (struct blob){ b->bytes.ptr + b->bytes.len - len, len };
    return 0;
}

bool batch_next(const struct batch *b, size_t *at, struct batch_put *put)
{
    const char *p = b->bytes.ptr + *at;
    size_t key, value;

    if (*at == b->bytes.len)
        return false;
    key = load_u32(p + 4);
    value = load_u32(p + 8);
    *put = (struct batch_put){ load_u32(p),
                               { p + FRAME, key },
                               { p + FRAME + key, value } };
    *at += FRAME + key + value;
    return true;
}
