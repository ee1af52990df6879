/* Any bytes as a record of any kind: decoding refuses them, or what it found,
 * laid out again, is the same bytes. The first byte picks the kind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/records.h"

enum { TEXTS = 200, ROOM = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const uint8_t *again, size_t n, struct blob payload)
{
    if (n != payload.len || memcmp(again, payload.ptr, n) != 0)
        abort();
}

static void try_pair(struct blob b)
{
    struct err err = ERR_INIT;
    uint8_t again[24];
    struct pair p;

    if (pair_decode(&p, b, TEXTS, &err) < 0)
        return;
    if (p.a >= TEXTS || p.b >= TEXTS)
        abort();
    pair_encode(again, &p);
    same(again, sizeof(again), b);
}

static void try_text(struct blob b)
{
    static uint8_t again[2 * ROOM];
    struct err err = ERR_INIT;
    struct span text, attr;

    if (b.len > ROOM || text_decode(&text, &attr, b, &err) < 0)
        return;
    store_u16(again, (uint16_t)attr.len);
    memcpy(again + 2, attr.ptr, attr.len);
    memcpy(again + 2 + attr.len, text.ptr, text.len);
    same(again, 2 + attr.len + text.len, b);
}

static void try_triplet(struct blob b)
{
    static uint32_t negative[ROOM];
    static uint8_t again[12 + 4 * ROOM];
    struct err err = ERR_INIT;
    struct triplet t;

    if (triplet_decode(&t, negative, ROOM, b, TEXTS, &err) < 0)
        return;
    store_u32(again, t.anchor);
    store_u32(again + 4, t.positive);
    store_u32(again + 8, t.n);
    for (uint32_t i = 0; i < t.n; i++) {
        if (t.negative[i] >= TEXTS)
            abort();
        store_u32(again + 12 + 4 * i, t.negative[i]);
    }
    same(again, 12 + 4 * (size_t)t.n, b);
}

static void try_vector(struct blob b)
{
    static float v[ROOM];
    static uint8_t again[8 + 4 * ROOM];
    struct err err = ERR_INIT;
    size_t dim;

    if (vector_decode(v, ROOM, &dim, b, &err) < 0)
        return;
    memcpy(again, b.ptr, 4); /* type and padding, which is not looked at */
    store_u32(again + 4, (uint32_t)dim);
    memcpy(again + 8, v, 4 * dim);
    same(again, 8 + 4 * dim, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct blob) = { try_pair, try_text,
                                                  try_triplet, try_vector };

    if (size)
        kinds[data[0] % 4]((struct blob){ data + 1, size - 1 });
    return 0;
}
