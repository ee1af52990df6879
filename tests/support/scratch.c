#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/scratch.h"

static char dir[64];

int scratch_make(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/silversmith-test.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

int scratch_clean(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    return file_remove(dir, &err);
}

const char *scratch_path(char path[SCRATCH_PATH], const char *name)
{
    snprintf(path, SCRATCH_PATH, "%s/%s", dir, name);
    return path;
}

void scratch_write(char path[SCRATCH_PATH], const char *name, const void *ptr,
                   size_t len)
{
    struct err err = ERR_INIT;

    scratch_path(path, name);
    if (len == (size_t)-1)
        len = strlen(ptr);
    assert_ok(file_write(path, ptr, len, &err), &err);
}

void scratch_digest(char hex[65], const char *path)
{
    struct err err = ERR_INIT;

    assert_ok(file_digest(hex, path, &err), &err);
}
