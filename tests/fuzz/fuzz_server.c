/* Any bytes as what a server sends: header lines, a blank line, a body, which
 * arrives in pieces. Waits are finite or none, only of a stream of events is
 * there enough, and the key is not in what is kept. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/chat.h"
#include "net/hints.h"
#include "net/redact.h"
#include "net/watch.h"

static const char key[] = "sk-a1B2c3D4e5F6/g7H8+i9=";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static bool is_wait(double s)
{
    return s == -1.0 || (s >= 0.0 && s < 1e7);
}

/* The bytes of the header. */
static size_t read_header(const char *p, size_t size)
{
    struct hints h;
    size_t at = 0;

    hints_init(&h);
    while (at < size) {
        const char *nl = memchr(p + at, '\n', size - at);
        size_t n = nl ? (size_t)(nl - p) + 1 - at : size - at;

        hints_line(&h, p + at, n);
        at += n;
        if (n <= 2)
            break;
    }
    need(is_wait(h.retry_after) && is_wait(hints_wait(&h)));
    need(strlen(h.location) < sizeof(h.location));
    (void)redact(h.location, strlen(h.location), key);
    need(!strstr(h.location, "a1B2c3D4"));
    return at;
}

/* In pieces that the first byte tells the length of. */
static bool watch_body(const char *p, size_t size)
{
    static struct watch w;
    size_t step = size ? 1 + (unsigned char)p[0] % 97 : 1;
    bool on = true;

    watch_reset(&w, 60);
    for (size_t at = 0; on && at < size; at += step)
        on = watch_feed(&w, p + at, size - at < step ? size - at : step);
    need(on || w.events);
    return !on;
}

static void read_body(const char *p, size_t size)
{
    static struct chat_answer a;
    struct buf b = BUF_INIT(16 << 20);
    struct err err = ERR_INIT;

    need(buf_append(&b, p, size, &err) == 0);
    need(redact_body(&b, key, &err) == 0);
    need(!b.len || !memmem(b.ptr, b.len, key, sizeof(key) - 1));
    need(!b.len || !memmem(b.ptr, b.len, "a1B2c3D4", 8));
    need(chat_read(&a, buf_str(&b), b.len, &err) == 0);
    chat_answer_release(&a);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    size_t head = read_header(p, size);

    (void)watch_body(p + head, size - head);
    read_body(p + head, size - head);
    return 0;
}
