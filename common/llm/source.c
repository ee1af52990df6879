#include "llm/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { THINKING_S = 900 };

/* ---- loading ---- */

static int load_prices(struct sources *s, const char *path, struct err *err)
{
    int rc;

    if (!path[0])
        return 0;
    rc = json_load(&s->prices, path, JSON_COMMENTS, err);
    if (rc == 0 && json_type(json_root(s->prices)) != JSON_ARRAY)
        rc = JSON_ERR(err, s->prices, json_root(s->prices),
                      "expected an array of prices");
    return rc == 0 ? price_check(s->prices, json_root(s->prices), err) : rc;
}

/* One source more, of the profile in that file. */
static int add_source(struct sources *s, const char *path, const char *model,
                      double weight, const struct source_options *o,
                      struct err *err)
{
    struct source *x = &s->source[s->n];
    int rc;

    if (s->n == BUYER_SOURCES)
        return ERR_SET(err, ERR_USAGE, "more than %d endpoints", BUYER_SOURCES);
    rc = provider_load(&x->provider, path, err);
    if (rc == 0)
        rc = file_digest(x->digest, path, err);
    if (rc == 0 && x->provider.replay[0])
        rc = replay_open(&x->replay, x->provider.replay, err);
    if (rc < 0)
        return rc;
    s->n++;
    x->model = model[0] ? model : x->provider.model;
    x->weight = weight;
    x->proven = x->provider.rungs < 2;
    if (o->thinking && x->provider.timeout_s < THINKING_S)
        x->provider.timeout_s = THINKING_S;
    if (o->timeout_s > 0.0)
        x->provider.timeout_s = (int)o->timeout_s;
    snprintf(x->name, sizeof(x->name), "%.60s/%.90s", x->provider.name,
             x->model);
    for (size_t i = 0; i + 1 < s->n; i++)
        if (strcmp(s->source[i].name, x->name) == 0)
            return ERR_SET(err, ERR_USAGE,
                           "%s is twice in the pool: give it once, with "
                           "several keys",
                           x->name);
    return 0;
}

static size_t at_most(double v)
{
    return v < 1.0 ? 1 : v > PROVIDER_MAX ? PROVIDER_MAX : (size_t)v;
}

static int add_lane(struct sources *s, size_t source,
                    const struct source_options *o, struct err *err)
{
    const struct provider *p = &s->source[source].provider;
    struct buyer_lane *l = &s->lane[s->lanes];

    if (s->lanes == BUYER_LANES)
        return ERR_SET(err, ERR_USAGE, "more than %d keys", BUYER_LANES);
    *l = (struct buyer_lane){ .provider = p, .source = (unsigned)source };
    l->start = at_most(o->start ? (double)o->start : p->start);
    l->max = at_most(o->max ? (double)o->max : p->max);
    if (o->fixed || l->max < l->start)
        l->max = l->start;
    l->fixed = o->fixed;
    l->rpm = o->rpm > 0.0 ? o->rpm : p->rpm;
    l->tpm = o->tpm > 0.0 ? o->tpm : p->tpm;
    s->lanes++;
    return 0;
}

/* ---- a pool ---- */

static int check_endpoint(const struct json *doc, const struct json_node *e,
                          struct err *err)
{
    static const char *const known[] = { "profile", "model", "weight", "keys" };

    for (const struct json_node *c = json_first(e); c; c = json_next(c)) {
        size_t i = 0;

        while (i < 4 && strcmp(known[i], json_key(c)) != 0)
            i++;
        if (i == 4)
            return JSON_ERR(err, doc, c,
                            "unknown key \"%s\" of an endpoint, expected "
                            "profile, model, weight or keys",
                            json_key(c));
    }
    if (!json_str(json_get(e, "profile"), "")[0])
        return JSON_ERR(err, doc, e, "an endpoint needs a \"profile\"");
    if (!(json_num(json_get(e, "weight"), 1.0) >= 0.0))
        return JSON_ERR(err, doc, json_get(e, "weight"),
                        "\"weight\" is below 0");
    return 0;
}

/* A profile's file beside the pool, or its name. */
static int find_beside(char path[FILE_PATH_MAX], const char *pool,
                       const char *name, struct err *err)
{
    char dir[FILE_PATH_MAX];
    char *slash;
    int rc;

    snprintf(dir, sizeof(dir), "%s", pool);
    slash = strrchr(dir, '/');
    *(slash ? slash : dir) = '\0';
    rc = file_join(path, dir, name, err);
    return rc == 0 && !file_exists(path) ? provider_find(path, name, err) : rc;
}

static int load_pool(struct sources *s, const char *path,
                     const struct source_options *o, struct err *err)
{
    const struct json_node *e =
        json_first(json_get(json_root(s->pool), "endpoints"));
    int rc = 0;

    if (o->model[0])
        return ERR_SET(err, ERR_USAGE,
                       "--model goes with one profile; the "
                       "pool names its models");
    if (!e)
        return ERR_SET(err, ERR_FORMAT, "%s: has no endpoints", path);
    for (; rc == 0 && e; e = json_next(e)) {
        const struct json_node *keys = json_get(e, "keys");
        char file[FILE_PATH_MAX];
        size_t n = json_size(keys) ? json_size(keys) : 1;

        rc = check_endpoint(s->pool, e, err);
        if (rc == 0)
            rc = find_beside(file, path, json_str(json_get(e, "profile"), ""),
                             err);
        if (rc == 0)
            rc = add_source(s, file, json_str(json_get(e, "model"), ""),
                            json_num(json_get(e, "weight"), 1.0), o, err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            rc = add_lane(s, s->n - 1, o, err);
    }
    return rc;
}

int sources_load(struct sources *s, const struct source_options *o,
                 struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc;

    memset(s, 0, sizeof(*s));
    rc = provider_find(path, o->provider, err);
    if (rc == 0)
        rc = load_prices(s, o->prices, err);
    if (rc == 0)
        rc = json_load(&s->pool, path, JSON_COMMENTS, err);
    if (rc == 0 && json_get(json_root(s->pool), "endpoints"))
        return load_pool(s, path, o, err);
    if (rc == 0)
        rc = add_source(s, path, o->model, 1.0, o, err);
    return rc == 0 ? add_lane(s, 0, o, err) : rc;
}

void sources_release(struct sources *s)
{
    for (size_t i = 0; i < s->n; i++) {
        replay_close(s->source[i].replay);
        provider_release(&s->source[i].provider);
    }
    json_free(s->pool);
    json_free(s->prices);
    memset(s, 0, sizeof(*s));
}

/* ---- keys ---- */

/* Where the key of lane i comes from, in a copy of its profile. */
static void place_key(struct provider *p, const struct sources *s, size_t i,
                      const struct source_options *o)
{
    size_t source = s->lane[i].source, nth = 0;
    const struct json_node *e, *k;

    *p = s->source[source].provider;
    for (size_t j = 0; j < i; j++)
        nth += s->lane[j].source == source;
    e = json_first(json_get(json_root(s->pool), "endpoints"));
    for (size_t j = 0; e && j < source; j++)
        e = json_next(e);
    k = json_first(json_get(e, "keys"));
    for (; k && nth > 0; nth--)
        k = json_next(k);
    if (k) {
        p->key_env = json_str(json_get(k, "env"), "");
        p->key_file = json_str(json_get(k, "file"), "");
    }
    if (!e && o->key_file[0])
        p->key_file = o->key_file;
    if (!e && o->key_fd > 0)
        p->key_fd = o->key_fd;
}

/* A variable is wiped when it is read: who needs it again gets the same. */
static const char *key_of_same(const struct sources *s, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(s->key_from[j], s->key_from[i]) == 0)
            return s->lane[j].key;
    return NULL;
}

static int open_lane(struct sources *s, size_t i,
                     const struct source_options *o, struct err *err)
{
    struct buyer_lane *l = &s->lane[i];
    const struct source *x = &s->source[l->source];
    struct provider p;
    size_t nth = 1;

    place_key(&p, s, i, o);
    for (size_t j = 0; j < i; j++)
        nth += s->lane[j].source == l->source;
    snprintf(s->lane_name[i], sizeof(s->lane_name[0]), "%s%s%.0zu",
             s->n > 1 ? x->name : p.name, nth > 1 ? " key " : "",
             nth > 1 ? nth : 0);
    snprintf(s->key_from[i], sizeof(s->key_from[i]), "%s%s",
             p.key_fd        ? "the descriptor"
             : p.key_file[0] ? "the file "
                             : "the variable ",
             p.key_fd        ? ""
             : p.key_file[0] ? p.key_file
                             : p.key_env);
    l->name = s->lane_name[i];
    l->url = x->url;
    l->key_from = s->key_from[i];
    l->key = key_of_same(s, i);
    return l->key ? 0 : provider_take_key(&p, &l->key, err);
}

int sources_open(struct sources *s, const struct source_options *o,
                 struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->lanes; i++)
        rc = open_lane(s, i, o, err);
    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        struct source *x = &s->source[i];

        if (x->replay)
            rc = replay_serve(x->replay, err);
        snprintf(x->url, sizeof(x->url), "%s%s",
                 x->replay ? replay_url(x->replay) : x->provider.base_url,
                 x->provider.path);
    }
    return rc;
}

/* ---- which ---- */

bool sources_know(const struct sources *s, struct span anchor)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->source[i].replay || replay_knows(s->source[i].replay, anchor))
            return true;
    return false;
}

/* -ln(u) / weight, the smallest wins; spares come after all others. */
static double draw(const struct source *x, struct span anchor)
{
    uint64_t h =
        hash64(anchor.ptr, anchor.len, hash64(x->name, strlen(x->name), 0));
    double u = ((double)(h >> 11) + 0.5) / 9007199254740992.0;

    return x->weight > 0.0 ? -log(u) / x->weight : 1e9 - log(u);
}

void sources_order(const struct sources *s, struct span anchor,
                   size_t order[BUYER_SOURCES])
{
    double score[BUYER_SOURCES];

    for (size_t i = 0; i < s->n; i++) {
        size_t k = i;

        score[i] = s->n > 1 ? draw(&s->source[i], anchor) : 0.0;
        for (; k > 0 && score[order[k - 1]] > score[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

const struct price *source_price(struct sources *s, size_t i)
{
    struct source *x = &s->source[i];
    time_t now = time(NULL);

    if (x->price_at && now - x->price_at < 60)
        return &x->price;
    x->price_at = now;
    price_at(&x->price, json_root(s->prices), x->provider.name, x->model, now);
    if (!x->price.known)
        price_at(&x->price, x->provider.prices, x->provider.name, x->model,
                 now);
    return &x->price;
}
