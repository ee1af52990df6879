/*
 * zip.h - a folder as one ZIP file, stored without compression: weights do not
 * compress, and any tool unpacks it. PKWARE APPNOTE 6.3; no ZIP64, so under
 * 4 GB and 65,535 files.
 */
#ifndef BASE_ZIP_H
#define BASE_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* CRC-32 of ISO 3309, as zip and gzip have it; crc 0 to begin. */
uint32_t zip_crc32(uint32_t crc, const void *ptr, size_t len);

/*
 * Write path, fsynced, with every regular file below dir, in byte order of
 * names, under root "/" (root "" for none). All times are 1980-01-01: same
 * files, same bytes. *files (may be NULL): how many.
 * ERR_NOTFOUND, ERR_IO, ERR_NOMEM; ERR_FULL: too large for the format.
 */
int zip_folder(const char *path, const char *dir, const char *root,
               size_t *files, struct err *err) MUST_CHECK;

#endif
