/*
 * file_parts.h - what the files behind file.h share. Nobody else includes it.
 */
#ifndef BASE_FILE_PARTS_H
#define BASE_FILE_PARTS_H

#include "base/file.h"

/* errno as one of our codes: "PATH: cannot WHAT: ...". A full disk may come as
 * EIO from below. */
int file_fail(struct err *err, const char *path, const char *what);

#endif
