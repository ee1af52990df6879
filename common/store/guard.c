#include "store/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

static int name_owner(int fd, const char *path, struct err *err)
{
    char who[200];
    ssize_t n = pread(fd, who, sizeof(who) - 1, 0);

    who[n > 0 ? n : 0] = '\0';
    who[strcspn(who, "\n")] = '\0';
    return ERR_SET(err, ERR_AGAIN, "%s: locked by %s", path,
                   who[0] ? who : "another process");
}

static void sign(int fd)
{
    char line[400], host[256] = "", when[32];
    time_t now = time(NULL);
    struct tm tm;
    int n;

    gethostname(host, sizeof(host) - 1);
    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    n = snprintf(line, sizeof(line), "process %ld on %s since %s\n",
                 (long)getpid(), host, when);
    /* only a courtesy to who waits: a full disk must not stop the owner */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, line, (size_t)n, 0) < 0)
        return;
}

/* Is the open file still the one at path? Its last owner may have removed it
 * between our open and our lock. */
static int is_current(int fd, const char *path)
{
    struct stat mine, there;

    return fstat(fd, &mine) == 0 && stat(path, &there) == 0 &&
           mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

int guard_lock(int *fd, const char *path, struct err *err)
{
    for (;;) {
        *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (*fd < 0)
            return ERR_SET(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
                           "%s: cannot create: %s", path, strerror(errno));
        if (flock(*fd, LOCK_EX | LOCK_NB) < 0) {
            int rc = name_owner(*fd, path, err);

            close(*fd);
            *fd = -1;
            return rc;
        }
        if (is_current(*fd, path)) {
            sign(*fd);
            return 0;
        }
        close(*fd);
    }
}

void guard_unlock(int fd, const char *path)
{
    if (fd < 0)
        return;
    unlink(path);
    close(fd);
}

const char *guard_network(unsigned long magic)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } bad[] = {
        { 0x6969, "NFS" },        { 0x517B, "SMB" },
        { 0xFF534D42, "CIFS" },   { 0xFE534D42, "SMB2" },
        { 0x0BD00BD0, "Lustre" }, { 0x47504653, "GPFS" },
        { 0x00C36400, "Ceph" },   { 0x5346414F, "AFS" },
        { 0x6B414653, "AFS" },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (magic == bad[i].magic)
            return bad[i].name;
    return NULL;
}

int guard_local(int fd, const char *path, struct err *err)
{
    struct statfs fs;
    const char *name =
        fstatfs(fd, &fs) == 0 ? guard_network((unsigned long)fs.f_type) : NULL;

    if (!name)
        return 0;
    return ERR_SET(err, ERR_CONFIG,
                   "%s: on a network file system (%s), where a store cannot be "
                   "written; use a local disk",
                   path, name);
}

uint64_t guard_room(const char *path)
{
    uint64_t left = 0, size = 0;
    struct err none = ERR_INIT;
    struct statvfs vfs;
    struct rlimit lim;

    if (statvfs(path, &vfs) == 0)
        left = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    if (getrlimit(RLIMIT_FSIZE, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY &&
        file_size(path, &size, &none) == 0 && lim.rlim_cur - size < left)
        left = lim.rlim_cur - size;
    return left;
}
