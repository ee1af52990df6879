/*
 * source.h - who is asked: one profile, or a pool of several with weights.
 *
 * A pool is a JSON file:
 *   { "endpoints": [
 *       { "profile": "deepseek", "model": "deepseek-flash", "weight": 3,
 *         "keys": [ { "env": "KEY_A" }, { "file": "/run/secrets/b" } ] },
 *       { "profile": "qwen.json" } ] }
 * profile: a name or a file (beside the pool); model: the profile's; weight:
 * [1], 0 is a spare for when others fail; keys: [the profile's]. Each key has
 * limits of its own.
 *
 * An anchor goes to the source that wins a draw by hash of anchor and source,
 * weighted (rendezvous hashing: Thaler and Ravishankar, 1998), so a source more
 * or less moves no other anchor, and an answer that is there is found again.
 */
#ifndef LLM_SOURCE_H
#define LLM_SOURCE_H

#include "net/buyer.h"
#include "net/price.h"
#include "net/replay.h"
#include "store/store.h"

struct source {
    struct provider provider;
    struct replay *replay; /* NULL: a real endpoint */
    char name[160];        /* "deepseek/deepseek-flash" */
    const char *model;
    char digest[65]; /* of the profile's file */
    double weight;
    char url[1280];
    /* its way of asking, as far as it is known */
    size_t rung;       /* into provider.rung */
    char dropped[200]; /* ",seed,temperature," */
    bool proven;
    /* the price now */
    struct price price;
    time_t price_at;
};

struct sources {
    struct json *pool, *prices; /* NULL: none */
    struct source source[BUYER_SOURCES];
    size_t n;
    struct buyer_lane lane[BUYER_LANES];
    char lane_name[BUYER_LANES][200], key_from[BUYER_LANES][300];
    size_t lanes;
};

/* How the command line asks; "" and 0: as the profile says. */
struct source_options {
    const char *provider; /* profile or pool: a name or a file */
    const char *model, *prices, *key_file;
    int key_fd;
    size_t start, max; /* requests under way */
    bool fixed;
    bool thinking; /* answers take longer: 900 s at least */
    double rpm, tpm, timeout_s;
};

/* Errors as provider_load(); ERR_FORMAT for a wrong pool or price file. */
int sources_load(struct sources *s, const struct source_options *o,
                 struct err *err) MUST_CHECK;
void sources_release(struct sources *s); /* {0} is fine */
/* Read the keys, start canned endpoints: now requests can go out. */
int sources_open(struct sources *s, const struct source_options *o,
                 struct err *err) MUST_CHECK;

/* Sources for an anchor, best first, in order[s->n]. */
void sources_order(const struct sources *s, struct span anchor,
                   size_t order[BUYER_SOURCES]);
/* The price now; looked up once a minute. */
const struct price *source_price(struct sources *s, size_t i);
/* Has any source an answer to it? Canned ones may not. */
bool sources_know(const struct sources *s, struct span anchor);

/* Ways of asking that were answered before, in the store of answers. */
int sources_recall(struct sources *s, struct store *answers,
                   struct err *err) MUST_CHECK;
int sources_record(const struct sources *s, struct store *answers,
                   struct err *err) MUST_CHECK;
/* This way was refused, for a member of the request if not "". False: there is
 * no other. */
bool source_other_way(struct source *s, const char *param);

#endif
