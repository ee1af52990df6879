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
 *   json_mode    [json_object] or "none"
 *   timeout_s    total time of one attempt [180]
 *   extra        object merged into the request ("enable_thinking": false);
 *                its members replace ours, null leaves one out
 *   errors       object: what an error means here, where it differs from the
 *                usual (reply.h)
 *   replay       file of canned answers beside the profile: no endpoint is
 *                called, a local server answers from it (replay.h)
 */
#ifndef NET_PROVIDER_H
#define NET_PROVIDER_H

#include "base/file.h"
#include "base/json.h"

struct provider {
    struct json *doc; /* owns the strings */
    const char *name, *base_url, *path, *model, *token_field;
    const char *key_env, *key_file;
    bool json_mode;
    int timeout_s;
    const struct json_node *extra, *errors; /* NULL: none */
    char replay[FILE_PATH_MAX];             /* "" = a real endpoint */
};

/* ERR_FORMAT names the key that is wrong; unknown keys are refused, as is a
 * base_url that would show the API key to the network. */
int provider_load(struct provider *p, const char *path,
                  struct err *err) MUST_CHECK;
void provider_release(struct provider *p);

/*
 * The API key, or NULL where none is needed. It is read once, into memory that
 * is not swapped or dumped, wiped from the environment, and registered with
 * log_redact(). Valid until the process ends. ERR_AUTH: needed, but not there.
 */
int provider_take_key(const struct provider *p, const char **key,
                      struct err *err) MUST_CHECK;

#endif
