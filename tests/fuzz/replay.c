/*
 * replay.c - main() for fuzz targets built without libFuzzer: each file named
 * on the command line goes through the target once.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    struct buf b = BUF_INIT(64 << 20);
    struct err err = ERR_INIT;
    uint8_t *exact; /* of exact size, so that a sanitizer sees any overread */

    if (file_read(&b, path, &err) < 0) {
        printf("%s\n", err.msg);
        return -1;
    }
    exact = malloc(b.len ? b.len : 1);
    if (!exact)
        return -1;
    if (b.len)
        memcpy(exact, b.ptr, b.len);
    LLVMFuzzerTestOneInput(exact, b.len);
    free(exact);
    buf_release(&b);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) < 0)
            return EXIT_FAILURE;
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
