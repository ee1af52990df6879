/* Any bytes as a model's weights: opening refuses them with a reason, or every
 * tensor is found by its name, has the elements of its shape, and lies within
 * the file: all of its bytes can be read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/safetensors.h"

enum { FLOATS = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tensor(const struct safetensors *s, size_t i)
{
    static float x[FLOATS];
    const struct safetensor *t = safetensors_at(s, i);
    struct err err = ERR_INIT;
    uint64_t count = 1;

    if (safetensors_find(s, t->name) != t)
        abort();
    for (size_t k = 0; k < t->rank; k++)
        count *= t->shape[k];
    if (count != t->count)
        abort();
    if (t->count > FLOATS || safetensors_read(x, t, &err) < 0)
        return;
    if (strcmp(t->dtype, "F32") == 0 && count > 0 &&
        memcmp(x, t->data, count * sizeof(*x)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("weights", 0);
    struct safetensors *s;
    struct err err = ERR_INIT;
    char path[64];

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (safetensors_open(&s, path, &err) == 0) {
        for (size_t i = 0; i < safetensors_count(s); i++)
            check_tensor(s, i);
        safetensors_close(s);
    } else if (err.msg[0] == '\0') {
        abort();
    }
    close(fd);
    return 0;
}
