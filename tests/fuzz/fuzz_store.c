/* Any sequence of puts, commits, kills and finish: what a store holds is what a
 * plain table holds, its bytes depend on the records only, and one changed
 * byte is refused. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/records.h"

enum { KEYS = 64, TABLES = 2, LONGEST = 6000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The plain table: payload of a key = len bytes of fill; 0 = absent. */
struct entry {
    uint16_t len;
    uint8_t fill;
};
struct table {
    struct entry e[TABLES][KEYS];
};

static char dir[64];

static void leave(void)
{
    struct err err = ERR_INIT;

    if (file_remove(dir, &err) < 0)
        abort();
}

static const char *in_dir(char path[128], const char *name)
{
    if (!dir[0]) {
        snprintf(dir, sizeof(dir), "/dev/shm/fuzz_store.XXXXXX");
        if (!mkdtemp(dir)) {
            snprintf(dir, sizeof(dir), "/tmp/fuzz_store.XXXXXX");
            if (!mkdtemp(dir))
                abort();
        }
        atexit(leave);
    }
    snprintf(path, 128, "%s/%s", dir, name);
    return path;
}

static void must(int rc)
{
    if (rc < 0)
        abort();
}

static enum store_table table_of(int t)
{
    return t ? STORE_NOTES : STORE_PAIRS;
}

static struct store *start(const char *name)
{
    struct err err = ERR_INIT;
    struct store *s;
    char path[128];
    bool resumed;

    must(store_create(&s, in_dir(path, name), "pairs", &resumed, &err));
    return s;
}

static void put(struct store *s, int t, unsigned k, struct entry e)
{
    struct err err = ERR_INIT;
    uint8_t key[8], payload[LONGEST];

    memset(payload, e.fill, e.len);
    must(store_put(s, table_of(t), key_u64(key, k),
                   (struct blob){ payload, e.len }, &err));
}

/* Carry out the input on a store and on the table beside it. */
static struct store *play(struct table *now, const uint8_t *p, size_t n)
{
    struct store *s = start("a.part");
    struct err err = ERR_INIT;
    struct table committed = *now;

    for (; n >= 4; p += 4, n -= 4) {
        struct entry e = { (uint16_t)(1 + (p[2] * 256 + p[3]) % LONGEST),
                           p[3] };

        if (p[0] < 200) {
            put(s, p[0] % TABLES, p[1] % KEYS, e);
            now->e[p[0] % TABLES][p[1] % KEYS] = e;
        } else if (p[0] < 230) {
            must(store_commit(s, &err));
            committed = *now;
        } else {
            store_close(s);
            *now = committed;
            s = start("a.part");
        }
    }
    return s;
}

static void finish(struct store *s, const char *name)
{
    struct json_node *receipt = json_new_object();
    struct err err = ERR_INIT;
    char path[128];

    must(store_finish(s, in_dir(path, name), receipt, &err));
    json_node_free(receipt);
}

static void check(struct store *s, const struct table *want)
{
    struct err err = ERR_INIT;

    for (int t = 0; t < TABLES; t++)
        for (unsigned k = 0; k < KEYS; k++) {
            const struct entry *e = &want->e[t][k];
            struct blob b;
            uint8_t key[8];
            int rc = store_get(s, table_of(t), key_u64(key, k), &b, &err);

            if (rc == ERR_NOTFOUND && e->len == 0)
                continue;
            if (rc < 0 || b.len != e->len)
                abort();
            for (size_t i = 0; i < b.len; i++)
                if (((const uint8_t *)b.ptr)[i] != e->fill)
                    abort();
        }
}

static void write_plainly(const struct table *want)
{
    struct store *s = start("b.part");

    for (int t = 0; t < TABLES; t++)
        for (unsigned k = 0; k < KEYS; k++)
            if (want->e[t][k].len)
                put(s, t, k, want->e[t][k]);
    finish(s, "b");
}

static void check_bytes(const uint8_t *data, size_t size)
{
    struct buf a = BUF_INIT(1 << 26), b = BUF_INIT(1 << 26);
    struct err err = ERR_INIT;
    struct store *s;
    char path[128];
    size_t at;

    must(file_read(&a, in_dir(path, "a"), &err));
    must(file_read(&b, in_dir(path, "b"), &err));
    if (a.len != b.len || memcmp(a.ptr, b.ptr, a.len) != 0)
        abort();
    at = size > 4 ? load_u32(data + size - 4) % a.len : 0;
    a.ptr[at] ^= 1;
    must(file_write(in_dir(path, "c"), a.ptr, a.len, &err));
    if (store_open(&s, path, &err) != ERR_FORMAT)
        abort();
    buf_release(&a);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    struct table now;
    struct store *s;
    char path[128];

    memset(&now, 0, sizeof(now));
    must(file_remove(in_dir(path, "a.part"), &err));
    must(file_remove(in_dir(path, "b.part"), &err));
    s = play(&now, data, size);
    check(s, &now);
    finish(s, "a");
    must(store_open(&s, in_dir(path, "a"), &err));
    check(s, &now);
    store_close(s);
    write_plainly(&now);
    check_bytes(data, size);
    return 0;
}
