/* Any bytes as tokenizer.json, vocab.txt or tokenizer_config.json and any
 * bytes as text: loading refuses them, or encoding gives ids below the
 * vocabulary's size, no more than there is room for, and the same whatever the
 * room. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void leave(void)
{
    static const char *const name[] = { "tokenizer.json", "vocab.txt",
                                        "tokenizer_config.json" };

    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", dir, name[i]);
        unlink(path);
    }
    rmdir(dir);
}

static void put(const char *name, const uint8_t *ptr, size_t len)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
    if (len == 0)
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, ptr, len) != (ssize_t)len)
        abort();
    close(fd);
}

static void use(const struct tokenizer *t, struct span text)
{
    size_t n = tokenizer_encode(t, text, NULL, 0), V = tokenizer_vocab_size(t);
    uint32_t *all = malloc((n + 1) * sizeof(*all)), some[7];

    if (!all || n > tokenizer_room(t, text.len) ||
        tokenizer_encode(t, text, all, n) != n ||
        tokenizer_encode(t, text, some, 7) != n)
        abort();
    for (size_t i = 0; i < n; i++)
        if (all[i] >= V || (i < 7 && some[i] != all[i]))
            abort();
    for (int s = 0; s < TOKENIZER_SPECIALS; s++)
        if (tokenizer_special(t, (enum tokenizer_special)s) >= V)
            abort();
    free(all);
}

/* The parts end with a NUL: config, vocabulary, text. The vocabulary is
 * tokenizer.json when it begins with a brace. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tokenizer *t = NULL;
    struct err err = ERR_INIT;
    const uint8_t *part[3] = { data, NULL, NULL };
    size_t len[3] = { size, 0, 0 };

    if (!dir[0]) {
        snprintf(dir, sizeof(dir), "/tmp/fuzz_tokenizer.XXXXXX");
        if (!mkdtemp(dir))
            abort();
        atexit(leave);
    }
    for (int i = 0; i < 2; i++) {
        const uint8_t *nul = len[i] ? memchr(part[i], 0, len[i]) : NULL;

        if (!nul)
            return 0;
        part[i + 1] = nul + 1;
        len[i + 1] = len[i] - (size_t)(nul + 1 - part[i]);
        len[i] = (size_t)(nul - part[i]);
    }
    put("tokenizer_config.json", part[0], len[0]);
    put("tokenizer.json", part[1], len[1] && part[1][0] == '{' ? len[1] : 0);
    put("vocab.txt", part[1], len[1] && part[1][0] != '{' ? len[1] : 0);
    if (tokenizer_load(&t, dir, &err) < 0)
        return 0;
    use(t, (struct span){ (const char *)part[2], len[2] });
    tokenizer_free(t);
    return 0;
}
