/*
 * provider.h - a chat-completions endpoint as data: a JSON file.
 *
 *   name         of the endpoint; part of every request's key
 *   base_url     "https://host/v1"; http only for loopback
 *   path         [/chat/completions]
 *   model        model or endpoint id
 *   key_env      variable with the API key [LLM_API_KEY]; "" = none needed
 *   key_file     file with the API key, readable by its owner only; goes
 *                before key_env
 *   token_field  [max_tokens]
 *   json         ways of asking for JSON, best first: json_schema,
 *                llama_schema (llama.cpp's shape), json_object, plain; the next
 *                is taken when one is refused
 *   json_mode    the same in short: json_object (then plain) or "none"
 *                [json_object]
 *   timeout_s    total time of one attempt [180]
 *   stream       true: the answer comes as events [false]
 *   thinking     { "off": {..}, "on": {..} }: what is merged into the request
 *   ignores      names of parameters that the endpoint ignores in silence
 *   concurrency  { "start": 8, "max": 64 }: requests under way
 *   rpm, tpm     requests and tokens a minute [as its headers say]
 *   key_header   header that is the key alone ["Authorization: Bearer KEY"]
 *   extra        object merged into the request ("enable_thinking": false);
 *                its members replace ours, null leaves one out
 *   errors       object: what an error means here, where it differs from the
 *                usual (reply.h)
 *   prices       rows of price.h
 *   batch        how the batch API is reached
 *   notes        for people
 *   replay       file of canned answers beside the profile: no endpoint is
 *                called, a local server answers from it (replay.h)
 */
#ifndef NET_PROVIDER_H
#define NET_PROVIDER_H

#include "base/file.h"
#include "base/json.h"

enum { PROVIDER_MAX = 4096 }; /* requests under way */

/* A way of asking for JSON. */
enum provider_rung {
    PROVIDER_SCHEMA,
    PROVIDER_LLAMA,
    PROVIDER_OBJECT,
    PROVIDER_PLAIN,
};
const char *provider_rung_name(enum provider_rung r);

struct provider {
    struct json *doc; /* owns the strings */
    const char *name, *base_url, *path, *model, *token_field, *notes;
    const char *key_env, *key_file, *key_header; /* key_header: or NULL */
    enum provider_rung rung[4];
    size_t rungs;
    bool stream;
    int key_fd; /* descriptor the key is read from; 0: none (not in the file) */
    int timeout_s;
    double start, max, rpm, tpm;
    const struct json_node *extra, *errors, *thinking, *ignores, *prices,
        *batch;                 /* NULL: none */
    char replay[FILE_PATH_MAX]; /* "" = a real endpoint */
};

/* ERR_FORMAT names the key that is wrong; unknown keys are refused, as is a
 * base_url that would show the API key to the network. */
int provider_load(struct provider *p, const char *path,
                  struct err *err) MUST_CHECK;
void provider_release(struct provider *p);

/*
 * The file of a profile: name itself where it has a slash or is a file, else
 * NAME.json in $SILVERSMITH_PROFILES, in pipelines/profiles of the tree that
 * this program was built in, or in ../share/silversmith/profiles beside it.
 * ERR_NOTFOUND lists the names there are.
 */
int provider_find(char path[FILE_PATH_MAX], const char *name,
                  struct err *err) MUST_CHECK;

/* No core file of this process, nor a pipe to a core handler: to be called
 * first, for a key in the environment is in memory from the start. */
void provider_guard_keys(void);

/*
 * The API key, or NULL where none is needed. It goes into memory that is not
 * swapped or dumped, is wiped from the environment, and is registered with
 * log_redact(). Valid until the process ends, when it is wiped. ERR_AUTH:
 * needed, but not there.
 */
int provider_take_key(const struct provider *p, const char **key,
                      struct err *err) MUST_CHECK;

#endif
