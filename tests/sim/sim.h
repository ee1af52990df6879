/*
 * sim.h - a chat-completions provider to test against: HTTP/1.1 with keep-alive
 * on 127.0.0.1, one thread, epoll. It understands the prompt enough to write
 * sentences, plays faults, and writes down what it bills.
 *
 * What becomes of a request is a function of the seed, of its body and of how
 * often its Idempotency-Key was seen: the same run meets the same faults, in
 * whatever order its requests come.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"

enum { SIM_OUT_MAX = 64 << 20, SIM_PAGES = 65536 };

/* What follows the last byte. */
enum sim_ending { SIM_KEEP, SIM_CLOSE, SIM_RESET, SIM_HANG };

/* How one answer goes out: bytes of out, then fill bytes of filler. */
struct sim_play {
    struct buf out;
    size_t at;    /* sent of it */
    double next;  /* seconds, monotonic: nothing goes out before */
    size_t piece; /* bytes at a time; 0: all */
    double every; /* seconds between pieces */
    enum sim_ending ending;
    const char *filler; /* repeated; NULL: none */
    size_t filler_len, filler_at;
    uint64_t fill;
};

/* One request, whole. Spans lie in the connection's buffer. */
struct sim_request {
    struct span method, path, head, body;
    char key[96]; /* Idempotency-Key; "" = none */
    char auth[512];
    unsigned seen; /* requests with that key before */
};

struct sim_options {
    uint64_t seed;
    double latency;     /* seconds */
    const char *faults; /* "NAME=SHARE,NAME=SHARE" */
    const char *always; /* fault of every key's first `times` requests */
    unsigned times;
    const char *said;   /* "STATUS BODY": what the fault "said" says */
    const char *refuse; /* "PARAM@TEXT|..": 400 to bodies with a TEXT in it */
    unsigned storm, storm_len; /* after so many requests, ms of 429 */
    const char *key;           /* API key that is accepted; "" = any */
    const char *bill;          /* file; "" = none */
    int other_port;            /* where redirects lead */
    double poll;               /* seconds a batch takes */
    const char *batch;         /* what goes wrong with batches */
    int hold, after;           /* which of their requests hangs, and when */
};
extern struct sim_options sim_opt;

/* ---- bill.c ---- */

/* whole: with usage, of use. waste: with usage, of no use. cut: the usage did
 * not arrive. batch: whole, at the batch price. */
enum sim_billed { SIM_WHOLE, SIM_WASTE, SIM_CUT, SIM_BATCH };
void sim_bill_open(void);
void sim_bill(const char *key, enum sim_billed how, size_t prompt,
              size_t completion);
void sim_count_request(void);
void sim_count_throttled(void);
void sim_count_other(void); /* a connection to the port redirects lead to */
void sim_bill_json(struct buf *b);
/* How often was the key seen, before this time? */
unsigned sim_seen(const char *key);
unsigned sim_requests(void);

/* ---- words.c ---- */

/* What is asked for, as far as the prompt says. */
struct sim_ask {
    char anchor[2048];
    char kept[8192]; /* of earlier answers, when more is asked for */
    int positives, negatives;
    bool stream;
    bool echo;     /* the first positive is the anchor itself */
    uint64_t hash; /* of the anchor and the turn */
};
void sim_read_ask(struct sim_ask *a, const struct json_node *request);
/* The content: JSON with the sentences. */
void sim_write_items(struct buf *b, const struct sim_ask *a);
void sim_content(struct buf *b, const struct sim_request *r);
/* The first time two positives and a negative too few; always more than asked
 * for; the first time the anchor among them. */
enum sim_sentences { SIM_ASKED, SIM_FEW, SIM_MANY, SIM_ANCHOR };
void sim_content_as(struct buf *b, const struct sim_request *r,
                    enum sim_sentences how);

/* ---- faults.c ---- */

struct sim_fault {
    const char *name;
    int status;       /* 0: play() makes the answer */
    const char *head; /* more header lines */
    const char *body; /* begins with { or <; or "" */
    void (*play)(struct sim_play *p, const struct sim_request *r);
};
/* Those that are more than a status and a body. */
extern const struct sim_fault sim_plays[];
/* NULL: no such fault. */
const struct sim_fault *sim_fault(const char *name);
/* Which becomes of this request? NULL: an ordinary answer. */
const struct sim_fault *sim_fate(const struct sim_request *r);
void sim_fault_names(void); /* to stdout */
/* Answer, with or without a fault; bills it. */
void sim_answer(struct sim_play *p, const struct sim_request *r,
                const struct sim_fault *f);

/* ---- batch.c ---- */

/*
 * /v1/files and /v1/batches. False: not one of them. Answers come in another
 * order. --batch: late (the file is not found at first), queue (the first batch
 * has too many tokens), cancelled (the first is), model (all fail for the
 * model's name), expired (half of it is done), null (no output file,
 * all in the error file), 500 (every third request fails). --hold N,AFTER: the
 * Nth request hangs, before (0) or after (1) it has had its effect.
 */
bool sim_batch(struct sim_play *p, const struct sim_request *r);
int sim_batch_steps(void);         /* requests so far */
int sim_batch_files(void);         /* that are there */
int sim_batch_contents(void);      /* files of answers that were fetched */
size_t sim_batch_most_lines(void); /* of a file of requests */
size_t sim_batch_most_bytes(void);

/* ---- put.c ---- */

/* These end the program when memory is short. */
void put(struct buf *b, const char *s);
void put_len(struct buf *b, const void *p, size_t n);
void putf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void put_json_str(struct buf *b, const char *s, size_t len); /* with quotes */
/* A whole answer with Content-Length. head: more header lines, or "". */
void put_answer(struct buf *b, int status, const char *head, const char *type,
                struct span body);
/* A completion object. finish NULL: null. */
void put_completion(struct buf *b, struct span content, const char *finish,
                    size_t prompt, size_t completion);
/* Value of a header line, "" without one. */
void sim_header(char *out, size_t size, struct span head, const char *name);
double sim_now(void);

#endif
