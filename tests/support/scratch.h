/*
 * scratch.h - a folder of a test's own, gone at its end, and small files.
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_PATH = 128 };

/* cmocka set-up and tear-down: make the folder, remove it with all in it. */
int scratch_make(void **state);
int scratch_clean(void **state);
/* path = folder "/" name. Returns path. */
const char *scratch_path(char path[SCRATCH_PATH], const char *name);
/* Write len bytes (or, with (size_t)-1, a C string) to the folder's name;
 * path gets its path. */
void scratch_write(char path[SCRATCH_PATH], const char *name, const void *ptr,
                   size_t len);
/* SHA-256 of a file, as hex. */
void scratch_digest(char hex[65], const char *path);

#endif
