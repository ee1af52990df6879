/*
 * bench_tokenizer - tokens a second of one thread.
 *
 *   build/bench/bench_tokenizer MODEL FILE [SECONDS]
 *
 * FILE has a text a line. Reading it is not counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "text/tokenizer.h"

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static size_t pass(const struct tokenizer *t, const struct buf *b)
{
    static uint32_t ids[1 << 16];
    const char *p = b->ptr, *end = b->ptr + b->len;
    size_t n = 0;

    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((nl ? nl : end) - p);

        n += tokenizer_encode(t, (struct span){ p, len }, ids, 1 << 16);
        p += len + 1;
    }
    return n;
}

int main(int argc, char **argv)
{
    double limit = argc > 3 ? strtod(argv[3], NULL) : 2.0, start, t;
    struct buf b = BUF_INIT((size_t)1 << 32);
    struct tokenizer *tok = NULL;
    struct err err = ERR_INIT;
    size_t n = 0, passes = 0;
    int rc;

    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL FILE [SECONDS]\n", argv[0]);
        return 2;
    }
    start = now();
    rc = tokenizer_load(&tok, argv[1], &err);
    t = now() - start;
    if (rc == 0)
        rc = file_read(&b, argv[2], &err);
    if (rc < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    printf("loaded in %.1f ms\n", t * 1e3);
    start = now();
    do {
        n += pass(tok, &b);
        passes++;
    } while (now() - start < limit);
    t = now() - start;
    printf("%.2f M tokens/s, %.1f MB/s (%zu tokens, %zu passes)\n",
           (double)n / t * 1e-6, (double)b.len * (double)passes / t * 1e-6,
           n / passes, passes);
    buf_release(&b);
    tokenizer_free(tok);
    return 0;
}
