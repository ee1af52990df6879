#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file_parts.h"

int file_fail(struct err *err, const char *path, const char *what)
{
    int e = errno;
    struct statvfs vfs;
    char dir[FILE_PATH_MAX];

    if (e == ENOENT || e == ENOTDIR)
        return ERR_SET(err, ERR_NOTFOUND, "%s: cannot %s: %s", path, what,
                       strerror(e));
    snprintf(dir, sizeof(dir), "%s", path);
    if (strrchr(dir, '/'))
        *strrchr(dir, '/') = '\0';
    else
        snprintf(dir, sizeof(dir), ".");
    if ((e == ENOSPC || e == EDQUOT || e == EIO || e == EFBIG) &&
        statvfs(dir[0] ? dir : "/", &vfs) == 0)
        return ERR_SET(err, ERR_FULL, "%s: cannot %s: %s, %llu bytes free",
                       path, what, strerror(e),
                       (unsigned long long)vfs.f_bavail * vfs.f_frsize);
    return ERR_SET(err, ERR_IO, "%s: cannot %s: %s", path, what, strerror(e));
}

bool file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

bool file_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int file_size(const char *path, uint64_t *bytes, struct err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return file_fail(err, path, "look up");
    *bytes = (uint64_t)st.st_size;
    return 0;
}

static int read_fd(struct buf *b, int fd, const char *path, struct err *err)
{
    for (;;) {
        size_t room;
        ssize_t n;
        int rc = buf_reserve(b, 65536, err);

        if (rc == ERR_FULL) { /* near the limit: read what still fits */
            char extra;

            if (b->len < b->max)
                rc = buf_reserve(b, b->max - b->len, err);
            else if (read(fd, &extra, 1) == 0)
                return 0;
        }
        if (rc < 0)
            return err_prefix(err, "%s", path);
        room = b->cap - b->len - 1; /* a buffer may have more than it may use */
        if (room > b->max - b->len)
            room = b->max - b->len;
        n = read(fd, b->ptr + b->len, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_fail(err, path, "read");
        if (n == 0)
            return 0;
        b->len += (size_t)n;
        b->ptr[b->len] = '\0';
    }
}

int file_read(struct buf *b, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0)
        return file_fail(err, path, "open");
    rc = read_fd(b, fd, path, err);
    close(fd);
    return rc;
}

static int write_all(int fd, const void *ptr, size_t len)
{
    const char *p = ptr;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Write a new file and make its bytes durable. */
static int write_file(const char *path, const void *ptr, size_t len,
                      struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int rc = 0;

    if (fd < 0)
        return file_fail(err, path, "create");
    if (write_all(fd, ptr, len) < 0 || fsync(fd) < 0)
        rc = file_fail(err, path, "write");
    if (close(fd) < 0 && rc == 0)
        rc = file_fail(err, path, "close");
    if (rc < 0)
        unlink(path);
    return rc;
}

int file_write(const char *path, const void *ptr, size_t len, struct err *err)
{
    char tmp[FILE_PATH_MAX];
    int rc;

    if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= sizeof(tmp))
        return ERR_SET(err, ERR_FULL, "%s: path is too long", path);
    rc = write_file(tmp, ptr, len, err);
    return rc < 0 ? rc : file_rename(tmp, path, err);
}

int file_copy(const char *to, const char *from, struct err *err)
{
    struct file_map m;
    int rc = file_map(&m, from, err);

    if (rc < 0)
        return rc;
    rc = write_file(to, m.ptr, m.len, err);
    file_unmap(&m);
    return rc;
}

int file_mkdirs(const char *path, struct err *err)
{
    char part[FILE_PATH_MAX];
    size_t n = strlen(path);

    if (n >= sizeof(part))
        return ERR_SET(err, ERR_FULL, "%s: path is too long", path);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return file_fail(err, part, "create folder");
    }
    if (!file_is_dir(path)) {
        errno = ENOTDIR;
        return ERR_SET(err, ERR_IO, "%s: exists and is not a folder", path);
    }
    return 0;
}

int file_remove(const char *path, struct err *err)
{
    struct file_list list;
    struct stat st;
    int rc;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : file_fail(err, path, "look up");
    if (!S_ISDIR(st.st_mode))
        return unlink(path) < 0 ? file_fail(err, path, "delete") : 0;
    rc = file_list(&list, path, err);
    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        char inner[FILE_PATH_MAX];

        rc = file_join(inner, path, list.name[i], err);
        if (rc == 0)
            rc = file_remove(inner, err);
    }
    file_list_release(&list);
    if (rc == 0 && rmdir(path) < 0)
        rc = file_fail(err, path, "delete folder");
    return rc;
}

int file_sync(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return file_fail(err, path, "open");
    if (fsync(fd) < 0 && errno != EINVAL)
        rc = file_fail(err, path, "sync");
    close(fd);
    return rc;
}

int file_rename(const char *from, const char *to, struct err *err)
{
    char dir[FILE_PATH_MAX];
    char *slash;

    if ((size_t)snprintf(dir, sizeof(dir), "%s", to) >= sizeof(dir))
        return ERR_SET(err, ERR_FULL, "%s: path is too long", to);
    if (rename(from, to) < 0)
        return file_fail(err, to, "rename into place");
    slash = strrchr(dir, '/');
    if (!slash)
        return file_sync(".", err);
    slash[slash == dir] = '\0';
    return file_sync(dir, err);
}

int file_join(char out[FILE_PATH_MAX], const char *dir, const char *name,
              struct err *err)
{
    bool alone = !dir[0] || name[0] == '/';
    int n = snprintf(out, FILE_PATH_MAX, "%s%s%s", alone ? "" : dir,
                     alone || dir[strlen(dir) - 1] == '/' ? "" : "/", name);

    if (n < 0 || n >= FILE_PATH_MAX)
        return ERR_SET(err, ERR_FULL, "%s/%s: path is too long", dir, name);
    return 0;
}

const char *file_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int file_map(struct file_map *m, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    struct stat st;
    void *p;

    *m = (struct file_map){ NULL, 0 };
    if (fd < 0)
        return file_fail(err, path, "open");
    if (fstat(fd, &st) < 0) {
        rc = file_fail(err, path, "look up");
    } else if (S_ISDIR(st.st_mode)) {
        rc = ERR_SET(err, ERR_IO, "%s: is a folder, expected a file", path);
    } else if (st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            rc = file_fail(err, path, "map");
        else
            *m = (struct file_map){ p, (size_t)st.st_size };
    }
    close(fd);
    return rc;
}

void file_unmap(struct file_map *m)
{
    if (m->ptr)
        munmap((void *)(uintptr_t)m->ptr, m->len);
    *m = (struct file_map){ NULL, 0 };
}
