/*
 * sim - the provider of sim.h as a program. Prints "PORT" when it is ready.
 *   sim [--seed N] [--latency MS] [--faults A=0.01,B=0.02] [--always NAME]
 *       [--times N] [--said "STATUS BODY"] [--storm REQUESTS,MS] [--key KEY]
 *       [--bill FILE] [--port N] [--poll S] [--batch WHAT] [--hold N,AFTER]
 *       [--refuse PARAM@TEXT|PARAM@TEXT] | --names
 * GET /bill: what it billed, as JSON. SIGTERM ends it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/sim.h"

enum { CONNS = 8192, READ = 65536, WRITE = 262144 };

struct conn {
    int fd;
    struct buf in;
    struct sim_play play;
    bool answering, blocked;
};

struct sim_options sim_opt = { .faults = "",
                               .always = "",
                               .said = "200 {}",
                               .refuse = "",
                               .times = 1,
                               .key = "",
                               .bill = "",
                               .batch = "",
                               .poll = 0.3 };
static struct conn conns[CONNS];
static struct conn *top = conns; /* one past the last ever used */
static int poller, listener, other;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- connections ---- */

static int listen_on(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        listen(fd, 1024) != 0)
        die("listen");
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);

    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("getsockname");
    return ntohs(a.sin_port);
}

static void watch(int fd, unsigned what, int op, struct conn *c)
{
    struct epoll_event e = { .events = what, .data.ptr = c };

    if (epoll_ctl(poller, op, fd, &e) != 0)
        die("epoll_ctl");
}

static void drop(struct conn *c, bool reset)
{
    struct linger l = { 1, 0 };

    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
    close(c->fd);
    buf_release(&c->in);
    buf_release(&c->play.out);
    memset(c, 0, sizeof(*c));
}

static void admit(void)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        int one = 1;
        struct conn *c = conns;

        if (fd < 0)
            return;
        while (c < conns + CONNS && c->fd)
            c++;
        if (c == conns + CONNS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        top = c >= top ? c + 1 : top;
        *c = (struct conn){ .fd = fd, .in = BUF_INIT(512 << 20) };
        watch(fd, EPOLLIN, EPOLL_CTL_ADD, c);
    }
}

static void count_other(void)
{
    int fd = accept(other, NULL, NULL);

    if (fd < 0)
        return;
    sim_count_other();
    close(fd);
}

/* ---- requests ---- */

/* The request at the front of the buffer, if it is whole. Its bytes; or 0. */
static size_t read_request(struct sim_request *r, const struct buf *in)
{
    const char *head_end =
        in->len ? memmem(in->ptr, in->len, "\r\n\r\n", 4) : NULL;
    char length[32];
    const char *sp;
    size_t head, body;

    if (!head_end)
        return 0;
    head = (size_t)(head_end - in->ptr) + 4;
    memset(r, 0, sizeof(*r));
    r->head = (struct span){ in->ptr, head };
    sim_header(length, sizeof(length), r->head, "Content-Length");
    body = strtoul(length, NULL, 10);
    if (in->len < head + body)
        return 0;
    sp = memchr(in->ptr, ' ', head);
    r->method = (struct span){ in->ptr, sp ? (size_t)(sp - in->ptr) : 0 };
    r->path.ptr = in->ptr + r->method.len + 1;
    r->path.len = strcspn(r->path.ptr, " \r");
    r->body = (struct span){ in->ptr + head, body };
    sim_header(r->key, sizeof(r->key), r->head, "Idempotency-Key");
    sim_header(r->auth, sizeof(r->auth), r->head, "Authorization");
    return head + body;
}

static bool wrong_key(const struct sim_request *r)
{
    return sim_opt.key[0] && (strncmp(r->auth, "Bearer ", 7) != 0 ||
                              strcmp(r->auth + 7, sim_opt.key) != 0);
}

static void route(struct sim_play *p, struct sim_request *r)
{
    static const char chat[] = "/chat/completions";
    const size_t n = sizeof(chat) - 1;
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    p->next = sim_now() + sim_opt.latency;
    if (span_is(r->path, "/bill")) {
        sim_bill_json(&b);
        put_answer(&p->out, 200, "", "application/json",
                   (struct span){ b.ptr, b.len });
        p->next = 0.0;
    } else if (wrong_key(r)) {
        sim_answer(p, r, sim_fault("401"));
    } else if (r->path.len >= n &&
               memcmp(r->path.ptr + r->path.len - n, chat, n) == 0) {
        r->seen = sim_seen(r->key);
        sim_count_request();
        sim_answer(p, r, sim_fate(r));
    } else if (!sim_batch(p, r)) {
        sim_answer(p, r, sim_fault("404"));
    }
    buf_release(&b);
}

static void serve(struct conn *c)
{
    struct sim_request r;
    size_t n = c->answering ? 0 : read_request(&r, &c->in);

    if (n == 0)
        return;
    buf_reset(&c->play.out);
    c->play = (struct sim_play){ .out = c->play.out };
    route(&c->play, &r);
    memmove(c->in.ptr, c->in.ptr + n, c->in.len - n);
    c->in.len -= n;
    c->answering = true;
}

static void take(struct conn *c)
{
    for (;;) {
        char chunk[READ];
        ssize_t n = read(c->fd, chunk, sizeof(chunk));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            drop(c, false);
            return;
        }
        put_len(&c->in, chunk, (size_t)n);
        if (n < READ)
            return;
    }
}

/* ---- answers ---- */

static bool is_done(const struct sim_play *p)
{
    return p->at == p->out.len && p->fill == 0;
}

/* Up to `most` bytes more. -1: the connection is gone. */
static ssize_t push(struct conn *c, size_t most)
{
    struct sim_play *p = &c->play;
    const char *from = p->out.ptr + p->at;
    size_t n = p->out.len - p->at;
    ssize_t sent;

    if (n == 0) {
        from = p->filler + p->filler_at;
        n = p->filler_len - p->filler_at;
        if (n > p->fill)
            n = (size_t)p->fill;
    }
    sent = send(c->fd, from, n < most ? n : most, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN ? 0 : -1;
    if (p->at < p->out.len) {
        p->at += (size_t)sent;
    } else {
        p->fill -= (uint64_t)sent;
        p->filler_at = (p->filler_at + (size_t)sent) % p->filler_len;
    }
    return sent;
}

static void finish(struct conn *c)
{
    switch (c->play.ending) {
    case SIM_KEEP:
        c->answering = false;
        break;
    case SIM_CLOSE:
    case SIM_RESET:
        drop(c, c->play.ending == SIM_RESET);
        break;
    case SIM_HANG:
        break;
    }
}

static void pump(struct conn *c, double now)
{
    struct sim_play *p = &c->play;
    size_t left = p->piece ? p->piece : WRITE;
    bool room = true;

    if (!c->answering || now < p->next)
        return;
    while (left > 0 && room && !is_done(p)) {
        ssize_t n = push(c, left);

        if (n < 0) {
            drop(c, false);
            return;
        }
        room = n > 0;
        left -= (size_t)n;
    }
    if (is_done(p)) {
        finish(c);
        return;
    }
    if (p->piece)
        p->next = now + p->every;
    if (c->blocked == room) {
        c->blocked = !room;
        watch(c->fd, EPOLLIN | (room ? 0u : (unsigned)EPOLLOUT), EPOLL_CTL_MOD,
              c);
    }
}

/* Milliseconds until the next thing is to be sent; -1: nothing waits. */
static int pump_all(void)
{
    double now = sim_now(), soonest = -1.0;

    for (struct conn *c = conns; c < top; c++) {
        if (!c->fd)
            continue;
        serve(c);
        pump(c, now);
        if (!c->fd || !c->answering || c->blocked ||
            (is_done(&c->play) && c->play.ending == SIM_HANG))
            continue;
        if (soonest < 0.0 || c->play.next < soonest)
            soonest = c->play.next;
    }
    if (soonest < 0.0)
        return -1;
    return soonest <= now ? 0 : (int)((soonest - now) * 1000.0) + 1;
}

static void run(void)
{
    struct epoll_event e[256];
    int wait_ms = -1;

    for (;;) {
        int n = epoll_wait(poller, e, 256, wait_ms);

        for (int i = 0; i < n; i++) {
            struct conn *c = e[i].data.ptr;

            if (e[i].data.ptr == &listener)
                admit();
            else if (e[i].data.ptr == &other)
                count_other();
            else if (c->fd && (e[i].events & ~(unsigned)EPOLLOUT))
                take(c);
        }
        wait_ms = pump_all();
    }
}

/* ---- the command line ---- */

static void set_option(int o)
{
    switch (o) {
    case 's':
        sim_opt.seed = strtoull(optarg, NULL, 10);
        break;
    case 'l':
        sim_opt.latency = atof(optarg) * 1e-3;
        break;
    case 'f':
        sim_opt.faults = optarg;
        break;
    case 'a':
        sim_opt.always = optarg;
        break;
    case 't':
        sim_opt.times = (unsigned)atoi(optarg);
        break;
    case 'y':
        sim_opt.said = optarg;
        break;
    case 'k':
        sim_opt.key = optarg;
        break;
    case 'r':
        sim_opt.refuse = optarg;
        break;
    case 'b':
        sim_opt.bill = optarg;
        break;
    case 'p':
        sim_opt.poll = atof(optarg);
        break;
    case 'S':
        if (sscanf(optarg, "%u,%u", &sim_opt.storm, &sim_opt.storm_len) != 2)
            exit(2);
        break;
    case 'B':
        sim_opt.batch = optarg;
        break;
    case 'h':
        if (sscanf(optarg, "%d,%d", &sim_opt.hold, &sim_opt.after) != 2)
            exit(2);
        break;
    case 'n':
        sim_fault_names();
        exit(0);
    default:
        exit(2);
    }
}

static void check_options(void)
{
    if (sim_opt.always[0] && !sim_fault(sim_opt.always)) {
        fprintf(stderr, "sim: no fault %s; --names lists them\n",
                sim_opt.always);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static const struct option rows[] = {
        { "seed", 1, NULL, 's' },   { "latency", 1, NULL, 'l' },
        { "faults", 1, NULL, 'f' }, { "always", 1, NULL, 'a' },
        { "times", 1, NULL, 't' },  { "storm", 1, NULL, 'S' },
        { "key", 1, NULL, 'k' },    { "bill", 1, NULL, 'b' },
        { "poll", 1, NULL, 'p' },   { "names", 0, NULL, 'n' },
        { "port", 1, NULL, 'P' },   { "batch", 1, NULL, 'B' },
        { "hold", 1, NULL, 'h' },   { "said", 1, NULL, 'y' },
        { "refuse", 1, NULL, 'r' }, { NULL, 0, NULL, 0 }
    };
    int o, port = 0;

    while ((o = getopt_long(argc, argv, "", rows, NULL)) != -1) {
        if (o == 'P')
            port = atoi(optarg);
        else
            set_option(o);
    }
    check_options();
    signal(SIGPIPE, SIG_IGN);
    sim_bill_open();
    poller = epoll_create1(EPOLL_CLOEXEC);
    listener = listen_on(port);
    other = listen_on(0);
    sim_opt.other_port = port_of(other);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD, (struct conn *)&listener);
    watch(other, EPOLLIN, EPOLL_CTL_ADD, (struct conn *)&other);
    printf("%d\n", port_of(listener));
    fflush(stdout);
    run();
}
