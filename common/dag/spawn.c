#include "dag/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
    stop_signal = sig;
}

void spawn_catch_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };

    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL); /* no SA_RESTART: poll() must return */
    sigaction(SIGTERM, &sa, NULL);
}

int spawn_stop_requested(void)
{
    return stop_signal;
}

void argv_release(struct argv *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->word[i]);
    *a = (struct argv)ARGV_INIT;
}

int argv_add(struct argv *a, const char *word, struct err *err)
{
    if (a->n == ARGV_MAX)
        return ERR_SET(err, ERR_FULL, "a command line of %d words", ARGV_MAX);
    a->word[a->n] = strdup(word);
    if (!a->word[a->n])
        return ERR_SET(err, ERR_NOMEM, "cannot copy a command line");
    a->word[++a->n] = NULL;
    return 0;
}

static bool is_plain(const char *w)
{
    return *w && !w[strspn(w, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-./=:,+@%")];
}

int argv_text(struct buf *b, const struct argv *a, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->n; i++) {
        const char *w = a->word[i];

        if (i)
            rc = buf_puts(b, " ", err);
        if (rc == 0 && is_plain(w)) {
            rc = buf_puts(b, w, err);
            continue;
        }
        if (rc == 0)
            rc = buf_puts(b, "'", err);
        for (; rc == 0 && *w; w++)
            rc = *w == '\'' ? buf_puts(b, "'\\''", err)
                            : buf_append(b, w, 1, err);
        if (rc == 0)
            rc = buf_puts(b, "'", err);
    }
    return rc;
}

/* In the child: only async-signal-safe calls until exec. */
static void child_exec(const struct argv *a, int out_fd, int err_fd,
                       const cpu_set_t *cpus)
{
    static const char said[] = "silversmith: error: cannot start ";

    if (cpus)
        (void)sched_setaffinity(0, sizeof(*cpus), cpus);
    if (out_fd >= 0)
        dup2(out_fd, STDOUT_FILENO);
    if (err_fd >= 0)
        dup2(err_fd, STDERR_FILENO);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    execv(a->word[0], a->word);
    if (write(STDERR_FILENO, said, sizeof(said) - 1) < 0 ||
        write(STDERR_FILENO, a->word[0], strlen(a->word[0])) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0)
        _exit(126);
    _exit(127);
}

static int exit_status(int raw)
{
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

int spawn_capture(const struct argv *a, struct buf *out, int *status,
                  bool quiet, struct err *err)
{
    int fd[2], raw = 0, rc = 0, null = -1;
    ssize_t n = 1;
    pid_t pid;

    if (pipe2(fd, O_CLOEXEC) < 0)
        return ERR_SET(err, ERR_IO, "pipe: %s", strerror(errno));
    if (quiet)
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid = fork();
    if (pid == 0)
        child_exec(a, fd[1], null, NULL);
    close(fd[1]);
    if (null >= 0)
        close(null);
    if (pid < 0)
        rc = ERR_SET(err, ERR_IO, "fork: %s", strerror(errno));
    while (pid > 0 && rc == 0 && n != 0) {
        rc = buf_reserve(out, 65536, err);
        n = rc < 0 ? 0 : read(fd[0], out->ptr + out->len, 65536);
        if (n < 0 && errno != EINTR)
            rc = ERR_SET(err, ERR_IO, "read from child: %s", strerror(errno));
        else if (n > 0)
            out->len += (size_t)n;
    }
    if (out->ptr)
        out->ptr[out->len] = '\0';
    close(fd[0]);
    while (pid > 0 && waitpid(pid, &raw, 0) < 0 && errno == EINTR)
        ;
    *status = exit_status(raw);
    return rc;
}

/* CPUs number share, share+shares, ... of our own mask. */
static bool cpu_part(cpu_set_t *part, size_t share, size_t shares)
{
    cpu_set_t all;
    size_t seen = 0;

    CPU_ZERO(part);
    if (shares < 2 || sched_getaffinity(0, sizeof(all), &all) != 0 ||
        (size_t)CPU_COUNT(&all) < shares)
        return false;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all) && seen++ % shares == share)
            CPU_SET(cpu, part);
    return true;
}

int spawn_start(struct job *j, const struct argv *a, const char *stdout_path,
                const char *log_path, size_t share, size_t shares,
                struct err *err)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
    int out = open(stdout_path, flags | O_TRUNC, 0666), fd[2];
    cpu_set_t cpus;
    bool part = cpu_part(&cpus, share, shares);

    j->log_fd = open(log_path, flags | O_APPEND, 0666);
    if (out < 0 || j->log_fd < 0 || pipe2(fd, O_CLOEXEC) < 0) {
        if (out >= 0)
            close(out);
        if (j->log_fd >= 0)
            close(j->log_fd);
        return ERR_SET(err, ERR_IO, "%s: %s", log_path, strerror(errno));
    }
    j->pid = fork();
    if (j->pid == 0)
        child_exec(a, out, fd[1], part ? &cpus : NULL);
    close(out);
    close(fd[1]);
    j->pipe_fd = fd[0];
    if (j->pid > 0)
        return 0;
    close(fd[0]);
    close(j->log_fd);
    j->pid = 0;
    return ERR_SET(err, ERR_IO, "fork: %s", strerror(errno));
}

/* Pass on what the job says. Losing a log line is no reason to stop. */
static void copy_output(struct job *j)
{
    char block[8192];
    ssize_t n = read(j->pipe_fd, block, sizeof(block));

    if (n > 0) {
        if (write(j->log_fd, block, (size_t)n) < 0 ||
            write(STDERR_FILENO, block, (size_t)n) < 0)
            return;
    } else if (n == 0 || errno != EINTR) {
        close(j->pipe_fd);
        j->pipe_fd = -1;
    }
}

static bool reap(struct job *j, int *status)
{
    int raw;

    if (j->pid == 0 || j->pipe_fd >= 0 ||
        waitpid(j->pid, &raw, WNOHANG) != j->pid)
        return false;
    *status = exit_status(raw);
    close(j->log_fd);
    j->pid = 0;
    return true;
}

int spawn_wait(struct job *jobs, size_t n, size_t *which, int *status,
               struct err *err)
{
    struct pollfd p[64];
    bool told = false;

    if (n > 64)
        return ERR_SET(err, ERR_USAGE, "%zu jobs, expected at most 64", n);
    for (;;) {
        size_t open_pipes = 0;

        for (size_t i = 0; i < n; i++) {
            if (reap(&jobs[i], status)) {
                *which = i;
                return 0;
            }
            p[i].fd = jobs[i].pid ? jobs[i].pipe_fd : -1;
            p[i].events = POLLIN;
            p[i].revents = 0;
            open_pipes += p[i].fd >= 0;
        }
        if (stop_signal && !told) {
            log_warn("stopping: passing the signal on, waiting for the steps");
            for (size_t i = 0; i < n; i++)
                if (jobs[i].pid)
                    kill(jobs[i].pid, stop_signal);
            told = true;
        }
        if (poll(p, (nfds_t)n, open_pipes ? 1000 : 5) < 0 && errno != EINTR)
            return ERR_SET(err, ERR_IO, "poll: %s", strerror(errno));
        for (size_t i = 0; i < n; i++)
            if (p[i].fd >= 0 && p[i].revents)
                copy_output(&jobs[i]);
    }
}
