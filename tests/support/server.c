#include "support/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"

/* Head and body, as much as fits. */
static void read_request(int fd, char *out, size_t size)
{
    size_t n = 0, want = size - 1;

    out[0] = '\0';
    while (n < want) {
        ssize_t k = read(fd, out + n, size - 1 - n);
        const char *end, *length;

        if (k <= 0)
            return;
        n += (size_t)k;
        out[n] = '\0';
        end = strstr(out, "\r\n\r\n");
        length = strcasestr(out, "\r\nContent-Length:");
        if (end)
            want = (size_t)(end + 4 - out) +
                   (length ? strtoul(length + 17, NULL, 10) : 0);
    }
}

/* What did not fit must be read all the same, or closing resets. */
static void drain(int fd)
{
    char rest[4096];

    while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
        ;
}

static void handle(int fd, struct server_seen *seen, int n, server_fn *answer,
                   const void *ctx)
{
    static char request[SERVER_TEXT];
    int now = ++seen->now, most = seen->most;

    while (now > most && !atomic_compare_exchange_weak(&seen->most, &most, now))
        ;
    read_request(fd, request, sizeof(request));
    memcpy(seen->last, request, sizeof(request));
    if (n < SERVER_SEEN) {
        memcpy(seen->whole[n], request, sizeof(request));
        snprintf(seen->all[n], sizeof(seen->all[n]), "%.*s",
                 (int)strcspn(request, "\r\n"), request);
    }
    answer(fd, request, n, ctx);
    drain(fd);
    seen->now--;
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void serve(int listener, struct server_seen *seen, server_fn *answer,
                  const void *ctx)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL), n = seen->requests;

        if (fd < 0)
            continue;
        seen->requests = n + 1;
        if (fork() == 0) {
            close(listener);
            handle(fd, seen, n, answer, ctx);
            _exit(0);
        }
        close(fd);
    }
}

void server_start(struct server *s, server_fn *answer, const void *ctx)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->seen = mmap(NULL, sizeof(*s->seen), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s->seen != MAP_FAILED);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(fd, s->seen, answer, ctx);
    }
    setpgid(s->pid, s->pid); /* whoever comes first */
    close(fd);
}

void server_stop(struct server *s)
{
    kill(-s->pid, SIGKILL); /* with those that are answering */
    waitpid(s->pid, NULL, 0);
    munmap(s->seen, sizeof(*s->seen));
}

static void put(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

void server_send(int fd, const char *head, const void *body, size_t body_len)
{
    put(fd, head, strlen(head));
    put(fd, "Connection: close\r\n\r\n", 21);
    put(fd, body, body_len);
}

void server_path(char *out, size_t size, const char *request)
{
    const char *p = strchr(request, ' ');

    p = p ? p + 1 : "";
    snprintf(out, size, "%.*s", (int)strcspn(p, " \r\n"), p);
}

size_t server_range(const char *request)
{
    const char *p = strcasestr(request, "\r\nRange: bytes=");

    return p ? strtoul(p + strlen("\r\nRange: bytes="), NULL, 10) : 0;
}
