#include "base/zip.h"

#include <stdio.h>
#include <string.h>

#include "base/file_parts.h"

enum { FILES_MAX = 65535, STORED = 20 /* version of the format needed */ };
enum { UTF8_NAMES = 1 << 11, UNIX = 3, FIRST_DAY = 1 << 5 | 1 };
static const uint64_t size_max = 0xffffffff;
static const uint32_t plain_file = 0100644u << 16;

uint32_t zip_crc32(uint32_t crc, const void *ptr, size_t len)
{
    const unsigned char *p = ptr;
    uint32_t table[256];

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int k = 0; k < 8; k++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    for (size_t i = 0; i < len; i++)
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 255];
    return ~crc;
}

struct zip {
    FILE *f;
    const char *path;
    uint64_t at;
    struct buf directory; /* the central one, written last */
    size_t files;
};

static int put(struct zip *z, const void *ptr, size_t len, struct err *err)
{
    if (len > 0 && fwrite(ptr, 1, len, z->f) != len)
        return file_fail(err, z->path, "write");
    z->at += len;
    return z->at <= size_max ? 0
                             : ERR_SET(err, ERR_FULL,
                                       "%s: over 4 GB, which a plain ZIP file "
                                       "cannot hold",
                                       z->path);
}

/* What local header and directory have in common, 26 bytes. */
static void describe(char h[26], uint32_t crc, size_t len, size_t name)
{
    memset(h, 0, 26);
    store_u16(h, STORED);
    store_u16(h + 2, UTF8_NAMES);
    store_u16(h + 8, FIRST_DAY);
    store_u32(h + 10, crc);
    store_u32(h + 14, (uint32_t)len);
    store_u32(h + 18, (uint32_t)len);
    store_u16(h + 22, (uint16_t)name);
}

static int list_file(struct zip *z, const char *name, const char same[26],
                     uint64_t at, struct err *err)
{
    char h[46] = { 'P', 'K', 1, 2 };
    int rc;

    store_u16(h + 4, UNIX << 8 | STORED);
    memcpy(h + 6, same, 26);
    store_u32(h + 38, plain_file);
    store_u32(h + 42, (uint32_t)at);
    rc = buf_append(&z->directory, h, sizeof(h), err);
    return rc < 0 ? rc : buf_puts(&z->directory, name, err);
}

static int add_file(struct zip *z, const char *from, const char *name,
                    struct err *err)
{
    char h[30] = { 'P', 'K', 3, 4 };
    const uint64_t at = z->at;
    struct file_map m;
    int rc = file_map(&m, from, err);

    if (rc < 0)
        return rc;
    if (z->files == FILES_MAX || m.len > size_max)
        rc = ERR_SET(err, ERR_FULL, "%s: too large for a plain ZIP file", from);
    if (rc == 0) {
        describe(h + 4, zip_crc32(0, m.ptr, m.len), m.len, strlen(name));
        rc = put(z, h, sizeof(h), err);
    }
    if (rc == 0)
        rc = put(z, name, strlen(name), err);
    if (rc == 0)
        rc = put(z, m.ptr, m.len, err);
    file_unmap(&m);
    z->files++;
    return rc < 0 ? rc : list_file(z, name, h + 4, at, err);
}

/* name: of dir within the archive. */
static int add_folder(struct zip *z, const char *dir, const char *name,
                      struct err *err)
{
    struct file_list list;
    int rc = file_list(&list, dir, err);

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        char from[FILE_PATH_MAX], to[FILE_PATH_MAX];

        rc = file_join(from, dir, list.name[i], err);
        if (rc == 0)
            rc = file_join(to, name, list.name[i], err);
        if (rc == 0)
            rc = file_is_dir(from) ? add_folder(z, from, to, err)
                                   : add_file(z, from, to, err);
    }
    file_list_release(&list);
    return rc;
}

static int finish(struct zip *z, struct err *err)
{
    char end[22] = { 'P', 'K', 5, 6 };
    int rc;

    store_u16(end + 8, (uint16_t)z->files);
    store_u16(end + 10, (uint16_t)z->files);
    store_u32(end + 12, (uint32_t)z->directory.len);
    store_u32(end + 16, (uint32_t)z->at);
    rc = put(z, z->directory.ptr, z->directory.len, err);
    return rc < 0 ? rc : put(z, end, sizeof(end), err);
}

int zip_folder(const char *path, const char *dir, const char *root,
               size_t *files, struct err *err)
{
    struct zip z = { .path = path, .directory = BUF_INIT(64 << 20) };
    int rc;

    z.f = fopen(path, "wb");
    if (!z.f)
        return file_fail(err, path, "write");
    rc = add_folder(&z, dir, root, err);
    if (rc == 0)
        rc = finish(&z, err);
    if (fclose(z.f) != 0 && rc == 0)
        rc = file_fail(err, path, "write");
    if (rc == 0)
        rc = file_sync(path, err);
    if (files)
        *files = z.files;
    buf_release(&z.directory);
    return rc;
}
