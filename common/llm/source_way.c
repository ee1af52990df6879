#include "llm/source.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* Is it how JSON is asked for? An endpoint that names nothing may mean that. */
static bool is_format(const char *param)
{
    static const char *const begin[] = { "response_format", "messages" };

    for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
        if (strncmp(param, begin[i], strlen(begin[i])) == 0)
            return true;
    return !param[0];
}

bool source_other_way(struct source *s, const char *param)
{
    static const char *const ours[] = { "temperature", "seed", "top_p",
                                        "stream_options" };
    size_t used = strlen(s->dropped);

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(param, ours[i]) != 0 || strstr(s->dropped, param))
            continue;
        snprintf(s->dropped + used, sizeof(s->dropped) - used, "%s%s,",
                 used ? "" : ",", param);
        log_warn("%s refuses \"%s\": it is left out from now on", s->name,
                 param);
        return true;
    }
    if (!is_format(param))
        return false;
    if (s->rung + 1 >= s->provider.rungs) {
        s->rung = 0; /* it was not that */
        return false;
    }
    s->rung++;
    log_warn("%s refuses %s: trying %s", s->name,
             provider_rung_name(s->provider.rung[s->rung - 1]),
             provider_rung_name(s->provider.rung[s->rung]));
    return true;
}

/* Ways that are stored; NULL in *doc: none. */
static int load_ways(struct json **doc, struct store *answers, struct err *err)
{
    struct err none = ERR_INIT;
    struct blob b;
    int rc = store_get_meta(answers, "ways", &b, &none);

    *doc = NULL;
    if (rc == ERR_NOTFOUND)
        return 0;
    if (rc < 0) {
        *err = none;
        return rc;
    }
    return json_parse(doc, "ways", b.ptr, b.len, JSON_STRICT, err);
}

static struct json_node *way_of(const struct source *x)
{
    struct json_node *way = json_new_object();

    json_set_str(way, "json", provider_rung_name(x->provider.rung[x->rung]));
    json_set_str(way, "dropped", x->dropped);
    return way;
}

/* Those of others (a judge, sources of an earlier run) stay. */
static void copy_others(struct json_node *to, const struct json *doc,
                        const struct sources *s)
{
    const struct json_node *way = json_first(json_root(doc));

    for (; way; way = json_next(way)) {
        bool ours = false;

        for (size_t i = 0; i < s->n; i++)
            ours |= s->source[i].proven &&
                    strcmp(s->source[i].name, json_key(way)) == 0;
        if (!ours)
            json_set_copy(to, json_key(way), way);
    }
}

int sources_record(const struct sources *s, struct store *answers,
                   struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT(1 << 16);
    struct json *doc;
    int rc = load_ways(&doc, answers, err);

    if (rc == 0)
        copy_others(o, doc, s);
    for (size_t i = 0; i < s->n; i++)
        if (s->source[i].proven)
            json_set(o, s->source[i].name, way_of(&s->source[i]));
    if (rc == 0)
        rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc =
            store_put_meta(answers, "ways", (struct blob){ b.ptr, b.len }, err);
    json_free(doc);
    json_node_free(o);
    buf_release(&b);
    return rc;
}

static void recall(struct source *x, const struct json_node *way)
{
    const char *name = json_str(json_get(way, "json"), "");

    if (!way)
        return;
    for (size_t i = 0; i < x->provider.rungs; i++)
        if (strcmp(provider_rung_name(x->provider.rung[i]), name) == 0) {
            x->rung = i;
            x->proven = true;
        }
    snprintf(x->dropped, sizeof(x->dropped), "%s",
             json_str(json_get(way, "dropped"), ""));
}

int sources_recall(struct sources *s, struct store *answers, struct err *err)
{
    struct json *doc;
    int rc = load_ways(&doc, answers, err);

    for (size_t i = 0; rc == 0 && i < s->n; i++)
        recall(&s->source[i], json_get(json_root(doc), s->source[i].name));
    json_free(doc);
    return rc;
}
