/*
 * server.h - an HTTP server in child processes, for tests of what downloads and
 * posts. One request per connection, on 127.0.0.1, on a port the system
 * chooses; connections are answered side by side.
 */
#ifndef TESTS_SERVER_H
#define TESTS_SERVER_H

#include <stddef.h>
#include <sys/types.h>

enum { SERVER_SEEN = 64, SERVER_TEXT = 8192 };

/* In memory that all processes see. */
struct server_seen {
    int requests;
    _Atomic int now, most;      /* answered at the same time */
    char last[SERVER_TEXT];     /* the last request, with its body */
    char all[SERVER_SEEN][256]; /* first lines of requests, in order */
    char whole[SERVER_SEEN][SERVER_TEXT]; /* the requests */
};

/* Answer one request by writing to fd (server_send()). nth counts from 0. */
typedef void server_fn(int fd, const char *request, int nth, const void *ctx);

struct server {
    pid_t pid;
    char url[64]; /* "http://127.0.0.1:PORT" */
    struct server_seen *seen;
};

/* Fails the test when it cannot start. ctx is as it was at this call. */
void server_start(struct server *s, server_fn *answer, const void *ctx);
void server_stop(struct server *s);

/* head is the status line and header lines, each ending with \r\n; then the
 * body. A body_len below what Content-Length says is a cut. */
void server_send(int fd, const char *head, const void *body, size_t body_len);
/* The path of a request line, up to size-1 bytes. */
void server_path(char *out, size_t size, const char *request);
/* The first byte that a Range header asks for; 0 without one. */
size_t server_range(const char *request);

#endif
