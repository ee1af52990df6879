/*
 * file.h - files and folders. Errors name the path and say what the system
 * said; a full disk is ERR_FULL with path, needed and free bytes.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { FILE_PATH_MAX = 4096 };

bool file_exists(const char *path);
bool file_is_dir(const char *path);
/* Size in bytes, or ERR_NOTFOUND / ERR_IO. */
int file_size(const char *path, uint64_t *bytes, struct err *err) MUST_CHECK;
/* Append the whole file to b. ERR_NOTFOUND, ERR_IO, ERR_FULL (b->max). */
int file_read(struct buf *b, const char *path, struct err *err) MUST_CHECK;
/* Write path.tmp, fsync, rename over path, fsync the folder. */
int file_write(const char *path, const void *ptr, size_t len,
               struct err *err) MUST_CHECK;
/* Copy a file's bytes, fsync the copy. */
int file_copy(const char *to, const char *from, struct err *err) MUST_CHECK;
/* Like mkdir -p. */
int file_mkdirs(const char *path, struct err *err) MUST_CHECK;
/* Delete a file or a whole folder; absent is success. Follows no links. */
int file_remove(const char *path, struct err *err) MUST_CHECK;
/* rename() and fsync of the folder: durable when it returns. */
int file_rename(const char *from, const char *to, struct err *err) MUST_CHECK;
/* fsync a file or folder by path. */
int file_sync(const char *path, struct err *err) MUST_CHECK;
/* out = dir "/" name, or name alone when it is absolute or dir is "" .
 * ERR_FULL when it does not fit FILE_PATH_MAX. */
int file_join(char out[FILE_PATH_MAX], const char *dir, const char *name,
              struct err *err) MUST_CHECK;
/* The part after the last slash. Points into path. */
const char *file_base(const char *path);

/* Names in a folder (no . and ..), sorted by bytes, owned by the list. */
struct file_list {
    char **name;
    size_t n;
};
int file_list(struct file_list *list, const char *dir,
              struct err *err) MUST_CHECK;
void file_list_release(struct file_list *list);
/* Remove what is in dir, files and folders, whose names end so. */
int file_sweep(const char *dir, const char *ending, struct err *err) MUST_CHECK;

/* SHA-256 as 64 hex digits and NUL: of one file's bytes; of a folder: of
 * "name NUL size NUL bytes" over all regular files below it in byte order of
 * their relative names. skip (may be NULL) names one top-level file to leave
 * out (a receipt). */
int file_digest(char hex[65], const char *path, struct err *err) MUST_CHECK;
int file_tree_digest(char hex[65], const char *dir, const char *skip,
                     struct err *err) MUST_CHECK;

/* A file mapped for reading; ptr is NULL for an empty file. The file must
 * not shrink while mapped. */
struct file_map {
    const void *ptr;
    size_t len;
};
int file_map(struct file_map *m, const char *path, struct err *err) MUST_CHECK;
void file_unmap(struct file_map *m);

#endif
