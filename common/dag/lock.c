#include "dag/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int owner_says(int fd, const char *path, struct err *err)
{
    char who[200] = "";
    ssize_t n = pread(fd, who, sizeof(who) - 1, 0);

    who[n > 0 ? n : 0] = '\0';
    who[strcspn(who, "\n")] = '\0';
    return ERR_SET(err, ERR_AGAIN, "%s: another run holds it (%s)", path,
                   who[0] ? who : "owner unknown");
}

int lock_take(int *fd, const char *path, struct err *err)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char line[128], when[32];
    time_t now = time(NULL);
    struct tm tm;
    int n;

    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0)
        return ERR_SET(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (fcntl(*fd, F_OFD_SETLK, &l) < 0) {
        int rc = owner_says(*fd, path, err);

        close(*fd);
        *fd = -1;
        return rc;
    }
    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    n = snprintf(line, sizeof(line), "pid %ld since %s\n", (long)getpid(),
                 when);
    if (ftruncate(*fd, 0) < 0 || pwrite(*fd, line, (size_t)n, 0) < 0)
        return ERR_SET(err, ERR_IO, "%s: %s", path, strerror(errno));
    return 0;
}
