#include "store/trailer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"

static const char magic[8] = { 'S', 'I', 'L', 'V', 'E', 'R', 'S', '1' };

int trailer_check(const char *path, struct err *err)
{
    struct file_map m;
    const char *t;
    int rc = file_map(&m, path, err);

    if (rc < 0)
        return rc;
    t = (const char *)m.ptr +
        (m.len < TRAILER_BYTES ? 0 : m.len - TRAILER_BYTES);
    if (m.len < TRAILER_BYTES || memcmp(t, magic, sizeof(magic)) != 0)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s: not a finished store (no trailer; %zu bytes)", path,
                     m.len);
    else if (load_u64(t + 8) != m.len - TRAILER_BYTES)
        rc = ERR_SET(err, ERR_FORMAT, "%s: damaged: %zu bytes, expected %llu",
                     path, m.len,
                     (unsigned long long)load_u64(t + 8) + TRAILER_BYTES);
    else if (load_u64(t + 16) != hash64(m.ptr, m.len - TRAILER_BYTES, 0) ||
             load_u64(t + 24) != hash64(t, 24, 1))
        rc =
            ERR_SET(err, ERR_FORMAT,
                    "%s: damaged: the bytes do not match their checksum", path);
    file_unmap(&m);
    return rc;
}

int trailer_add(const char *path, struct err *err)
{
    struct file_map m;
    uint8_t t[TRAILER_BYTES];
    ssize_t n;
    int rc = file_map(&m, path, err), fd;

    if (rc < 0)
        return rc;
    memcpy(t, magic, sizeof(magic));
    store_u64(t + 8, m.len);
    store_u64(t + 16, hash64(m.ptr, m.len, 0));
    store_u64(t + 24, hash64(t, 24, 1));
    file_unmap(&m);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return ERR_SET(err, ERR_IO, "%s: cannot open: %s", path,
                       strerror(errno));
    n = write(fd, t, TRAILER_BYTES);
    if (n >= 0 && n < TRAILER_BYTES)
        errno = ENOSPC;
    if (n < TRAILER_BYTES || fsync(fd) < 0)
        rc = ERR_SET(err, errno == ENOSPC ? ERR_FULL : ERR_IO,
                     "%s: cannot write the trailer: %s", path, strerror(errno));
    close(fd);
    return rc;
}
