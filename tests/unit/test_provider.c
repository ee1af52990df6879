#include "support/support.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "net/price.h"
#include "net/provider.h"
#include "support/scratch.h"

static int load(struct provider *p, const char *text, struct err *err)
{
    char path[SCRATCH_PATH];

    scratch_write(path, "p.json", text, (size_t)-1);
    return provider_load(p, path, err);
}

/* ---- the file ---- */

static void what_is_left_out_has_a_default(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;

    (void)state;
    assert_ok(load(&p,
                   "// mine\n{\"name\":\"n\",\"base_url\":\"https://h/v1\","
                   "\"model\":\"m\"}",
                   &err),
              &err);
    assert_string_equal(p.name, "n");
    assert_string_equal(p.base_url, "https://h/v1");
    assert_string_equal(p.model, "m");
    assert_string_equal(p.path, "/chat/completions");
    assert_string_equal(p.key_env, "LLM_API_KEY");
    assert_string_equal(p.key_file, "");
    assert_string_equal(p.token_field, "max_tokens");
    assert_string_equal(p.replay, "");
    assert_int_equal(p.timeout_s, 180);
    assert_int_equal(p.rungs, 2);
    assert_int_equal(p.rung[0], PROVIDER_OBJECT);
    assert_int_equal(p.rung[1], PROVIDER_PLAIN);
    assert_near("start", p.start, 8.0, 0.0, 0.0);
    assert_near("max", p.max, 64.0, 0.0, 0.0);
    assert_null(p.key_header);
    assert_false(p.stream);
    assert_null(p.extra);
    assert_null(p.errors);
    provider_release(&p);
}

static void everything_can_be_set(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;
    char want[SCRATCH_PATH];

    (void)state;
    assert_ok(load(&p,
                   "{\"name\":\"n\",\"base_url\":\"http://127.0.0.1:8000\","
                   "\"path\":\"/c\",\"model\":\"m\",\"key_env\":\"MY_KEY\","
                   "\"key_file\":\"k\",\"token_field\":\"t\",\"json_mode\":"
                   "\"none\",\"timeout_s\":900,\"extra\":{\"a\":1},\"errors\":"
                   "{\"x\":\"transient\"},\"replay\":\"answers.jsonl\","
                   "\"concurrency\":{\"start\":3,\"max\":2500},"
                   "\"rpm\":600,\"tpm\":1000000,\"key_header\":"
                   "\"api-key\",\"stream\":true}",
                   &err),
              &err);
    assert_string_equal(p.path, "/c");
    assert_string_equal(p.key_env, "MY_KEY");
    assert_string_equal(p.key_file, "k");
    assert_string_equal(p.token_field, "t");
    assert_int_equal(p.timeout_s, 900);
    assert_int_equal(p.rungs, 1);
    assert_int_equal(p.rung[0], PROVIDER_PLAIN);
    assert_near("start", p.start, 3.0, 0.0, 0.0);
    assert_near("max", p.max, 2500.0, 0.0, 0.0);
    assert_near("rpm", p.rpm, 600.0, 0.0, 0.0);
    assert_near("tpm", p.tpm, 1e6, 0.0, 0.0);
    assert_string_equal(p.key_header, "api-key");
    assert_true(p.stream);
    assert_int_equal(json_num(json_get(p.extra, "a"), 0.0), 1);
    assert_string_equal(json_str(json_get(p.errors, "x"), ""), "transient");
    assert_string_equal(p.replay, scratch_path(want, "answers.jsonl"));
    provider_release(&p);
}

static void every_profile_that_is_shipped_loads(void **state)
{
    static const char *const name[] = { "openai",   "deepseek",    "dashscope",
                                        "ark",      "qianfan",     "zhipu",
                                        "moonshot", "siliconflow", "vllm",
                                        "llamacpp", "ollama",      "generic" };

    (void)state;
    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        struct err err = ERR_INIT;
        struct provider p;
        char path[FILE_PATH_MAX];

        assert_ok(provider_find(path, name[i], &err), &err);
        assert_ok(provider_load(&p, path, &err), &err);
        assert_string_equal(p.name, name[i]);
        assert_true(p.rungs >= 2);
        assert_int_equal(p.rung[p.rungs - 1], PROVIDER_PLAIN);
        provider_release(&p);
    }
}

static void load_shipped(struct provider *p, const char *name)
{
    struct err err = ERR_INIT;
    char path[FILE_PATH_MAX];

    assert_ok(provider_find(path, name, &err), &err);
    assert_ok(provider_load(p, path, &err), &err);
}

/* How each is told not to think and is asked for JSON. */
static void shipped_profiles_say_what_their_endpoints_want(void **state)
{
#define KWARGS "{\"chat_template_kwargs\":{\"enable_thinking\":false}}"
#define TYPE "{\"thinking\":{\"type\":\"disabled\"}}"
    static const struct {
        const char *name, *off, *rungs, *token_field;
        double max;
    } row[] = {
        { "openai", "{\"reasoning_effort\":\"none\"}",
          "json_schema json_object plain ", "max_completion_tokens", 64 },
        { "deepseek", TYPE, "json_object plain ", "max_tokens", 500 },
        { "dashscope", "{\"enable_thinking\":false}",
          "json_schema json_object plain ", "max_tokens", 64 },
        { "ark", TYPE, "json_schema json_object plain ", "max_tokens", 64 },
        { "qianfan", "{\"enable_thinking\":false}", "json_object plain ",
          "max_tokens", 64 },
        { "vllm", KWARGS, "json_schema json_object plain ", "max_tokens", 256 },
        { "llamacpp", KWARGS, "llama_schema json_schema json_object plain ",
          "max_tokens", 16 },
        { "ollama", "{\"reasoning_effort\":\"none\"}",
          "json_schema json_object plain ", "max_tokens", 8 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct buf off = BUF_INIT(1000), rungs = BUF_INIT(1000);
        struct err err = ERR_INIT;
        struct provider p;

        load_shipped(&p, row[i].name);
        assert_ok(json_print(&off, json_get(p.thinking, "off"), false, &err),
                  &err);
        for (size_t k = 0; k < p.rungs; k++)
            assert_ok(
                buf_printf(&rungs, &err, "%s ", provider_rung_name(p.rung[k])),
                &err);
        assert_string_equal(buf_str(&off), row[i].off);
        assert_string_equal(buf_str(&rungs), row[i].rungs);
        assert_string_equal(p.token_field, row[i].token_field);
        assert_near(row[i].name, p.max, row[i].max, 0.0, 0.0);
        buf_release(&off);
        buf_release(&rungs);
        provider_release(&p);
    }
}

/* A server that gives up without a stream after 300 s is thought for in one. */
static void who_thinks_at_dashscope_streams(void **state)
{
    const struct json_node *on;
    struct provider p;

    (void)state;
    load_shipped(&p, "dashscope");
    on = json_get(p.thinking, "on");
    assert_true(json_bool(json_get(on, "stream"), false));
    assert_true(json_bool(
        json_get(json_get(on, "stream_options"), "include_usage"), false));
    assert_false(p.stream);
    provider_release(&p);
}

static void deepseek_has_two_prices_by_the_hour(void **state)
{
    static const struct {
        const char *model;
        time_t at; /* UTC */
        double input, cached, output;
    } row[] = {
        { "deepseek-flash", 1795485600, 0.30, 0.006, 1.20 }, /* Tue 02:00 */
        { "deepseek-flash", 1795494600, 0.15, 0.003, 0.60 }, /* Tue 04:30 */
        { "deepseek-flash", 1795514340, 0.30, 0.006, 1.20 }, /* Tue 09:59 */
        { "deepseek-flash", 1795514400, 0.15, 0.003, 0.60 }, /* Tue 10:00 */
        { "deepseek-flash", 1795831200, 0.15, 0.003, 0.60 }, /* Sat 02:00 */
        { "deepseek-v4-pro", 1795485600, 1.32, 0.044, 3.96 },
        { "deepseek-v4-pro", 1795831200, 0.66, 0.022, 1.98 },
    };
    struct provider p;

    (void)state;
    load_shipped(&p, "deepseek");
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct price now;

        price_at(&now, p.prices, p.name, row[i].model, row[i].at);
        assert_near("input", now.input, row[i].input, 0.0, 1e-12);
        assert_near("cached", now.cached, row[i].cached, 0.0, 1e-12);
        assert_near("output", now.output, row[i].output, 0.0, 1e-12);
    }
    provider_release(&p);
}

static void a_profile_is_found_by_name_or_file(void **state)
{
    struct err err = ERR_INIT;
    char path[FILE_PATH_MAX], mine[SCRATCH_PATH];

    (void)state;
    scratch_write(mine, "mine.json", "{}", 2);
    assert_ok(provider_find(path, mine, &err), &err);
    assert_string_equal(path, mine);
    *strrchr(mine, '/') = '\0';
    setenv("SILVERSMITH_PROFILES", mine, 1);
    assert_ok(provider_find(path, "mine", &err), &err);
    assert_int_equal(provider_find(path, "nobody", &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, "one of: mine"));
    unsetenv("SILVERSMITH_PROFILES");
    assert_int_equal(provider_find(path, "nobody", &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, "deepseek, generic"));
}

static void a_wrong_profile_is_refused_with_its_place(void **state)
{
#define NAMED "{\"name\":\"n\",\n \"model\":\"m\",\n "
#define VALID NAMED "\"base_url\":\"https://h\",\n "
    static const struct {
        const char *text, *want; /* after the file's name */
    } row[] = {
        { "", "1:1: not valid JSON here" },
        { "[]", "1:1: expected an object" },
        { VALID "\"modle\":\"x\"}", "4:2: unknown key \"modle\" (model?)" },
        { VALID "\"api_key\":\"sk-CANARY\"}", "4:2: unknown key \"api_key\"" },
        { VALID "\"path\":5}", "4:2: \"path\" is a number, expected a string" },
        { VALID "\"timeout_s\":\"9\"}",
          "4:2: \"timeout_s\" is a string, expected a number" },
        { VALID "\"extra\":[]}",
          "4:2: \"extra\" is an array, expected an object" },
        { VALID "\"timeout_s\":0}",
          "4:2: \"timeout_s\" is 0, expected 1 to 86400" },
        { VALID "\"timeout_s\":1e6}",
          "4:2: \"timeout_s\" is 1e+06, expected 1 to 86400" },
        { VALID "\"json_mode\":\"yes\"}",
          "4:2: \"json_mode\" is 'yes', expected json_object or none" },
        { VALID "\"token_field\":\"\"}", "4:2: \"token_field\" is empty" },
        { VALID "\"path\":\"chat\"}",
          "4:2: \"path\" is 'chat', expected / first" },
        { VALID "\"path\":\"@evil.example/\"}",
          "4:2: \"path\" is '@evil.example/', expected / first" },
        { VALID "\"key_env\":\"sk-CANARY\"}",
          "4:2: \"key_env\" is not the name of a variable; the key itself must "
          "not be in this file" },
        { VALID "\"key_env\":\"7UP\"}",
          "4:2: \"key_env\" is not the name of a variable; the key itself must "
          "not be in this file" },
        { VALID "\"errors\":{\n  \"x\":\"stop\"}}",
          "5:3: \"x\" is 'stop', expected throttled, paused, transient, "
          "billing, auth, config, bad-input or filtered" },
        { VALID "\"errors\":{\n  \"x\":1}}",
          "5:3: \"x\" is 'no string', expected throttled, paused, transient, "
          "billing, auth, config, bad-input or filtered" },
        { "{\"base_url\":\"https://h\",\"model\":\"m\"}",
          "1:1: \"name\" is needed" },
        { "{\"base_url\":\"https://h\",\"model\":\"m\",\n\"name\":\"\"}",
          "2:1: \"name\" is needed" },
        { "{\"base_url\":\"https://h\",\"name\":\"n\"}",
          "1:1: \"model\" is needed" },
        { NAMED "\"path\":\"/c\"}",
          "1:1: \"base_url\" is '', expected https:// (http:// for loopback "
          "only)" },
        { NAMED "\"base_url\":\"http://h.example\"}",
          "3:2: \"base_url\" is 'http://h.example', expected https:// (http:// "
          "for loopback only)" },
        { NAMED "\"base_url\":\"h.example\"}",
          "3:2: \"base_url\" is 'h.example', expected https:// (http:// for "
          "loopback only)" },
        { NAMED "\"base_url\":\"file:///etc/passwd\"}",
          "3:2: \"base_url\" is 'file:///etc/passwd', expected https:// "
          "(http:// for loopback only)" },
        { NAMED "\"base_url\":\"https://me:sesame@h\"}",
          "3:2: \"base_url\" has a user name or password in it" },
        { NAMED "\"base_url\":\"https://h/v1/\"}",
          "3:2: \"base_url\" ends in /, expected none: \"path\" begins with "
          "it" },
        { NAMED "\"base_url\":\"https://h/v1?key=x\"}",
          "3:2: \"base_url\" has a ? or #, expected an address only" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct provider p;
        char path[SCRATCH_PATH], want[768];

        assert_int_equal(load(&p, row[i].text, &err), ERR_FORMAT);
        snprintf(want, sizeof(want), "%s:%s", scratch_path(path, "p.json"),
                 row[i].want);
        assert_string_equal(err.msg, want);
        assert_null(strstr(err.msg, "CANARY"));
        assert_null(p.doc);
    }
}

static void a_long_address_is_refused(void **state)
{
    char text[2048], path[1100];
    struct err err = ERR_INIT;
    struct provider p;

    (void)state;
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    snprintf(text, sizeof(text), VALID "\"path\":\"/%s\"}", path);
    assert_int_equal(load(&p, text, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "have 1109 bytes, expected at most 1000"));
}

static void a_missing_file_is_named(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;
    char path[SCRATCH_PATH];

    (void)state;
    assert_int_not_equal(provider_load(&p, scratch_path(path, "none"), &err),
                         0);
    assert_non_null(strstr(err.msg, path));
}

/* ---- the key ---- */

static char file[SCRATCH_PATH];

/* A profile whose key comes from where; "%s" in it becomes file. */
static void load_keyed(struct provider *p, const char *where, const char *url)
{
    struct err err = ERR_INIT;
    char from[256], text[1024];

    snprintf(from, sizeof(from), "\"%s\":\"%s\"",
             strcmp(where, "file") == 0 ? "key_file" : "key_env",
             strcmp(where, "file") == 0 ? file : where);
    snprintf(text, sizeof(text),
             "{\"name\":\"n\",\"model\":\"m\",\"base_url\":\"%s\",%s}", url,
             from);
    assert_ok(load(p, text, &err), &err);
}

static void write_key(const char *key, size_t len, mode_t mode)
{
    scratch_write(file, "key", key, len);
    assert_int_equal(chmod(file, mode), 0);
}

static void a_key_from_the_environment_is_wiped(void **state)
{
    /* not setenv(), which copies: the bytes themselves must go */
    static char entry[] = "TEST_LLM_KEY=sk-CANARY-1";
    struct err err = ERR_INIT;
    struct provider p;
    const char *key = NULL;

    (void)state;
    assert_int_equal(putenv(entry), 0);
    load_keyed(&p, "TEST_LLM_KEY", "https://h");
    assert_ok(provider_take_key(&p, &key, &err), &err);
    assert_string_equal(key, "sk-CANARY-1");
    assert_null(getenv("TEST_LLM_KEY"));
    for (size_t i = 0; i < sizeof("sk-CANARY-1"); i++)
        assert_int_equal(entry[sizeof("TEST_LLM_KEY=") - 1 + i], '\0');
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
    log_redact(NULL, 0);
    provider_release(&p);
}

static const char *held; /* the key that a child has taken */

static void end_by_what_is_left(void)
{
    for (size_t i = 0; held && i < sizeof("sk-CANARY-4"); i++)
        if (held[i])
            _exit(1);
    _exit(held ? 0 : 2);
}

static void a_key_is_wiped_when_the_process_ends(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;
    int status;
    pid_t pid;

    (void)state;
    write_key("sk-CANARY-4", (size_t)-1, 0600);
    load_keyed(&p, "file", "https://h");
    pid = fork();
    if (pid == 0) {
        /* called after what was registered later */
        if (atexit(end_by_what_is_left) == 0 &&
            provider_take_key(&p, &held, &err) == 0)
            exit(3);
        _exit(4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    provider_release(&p);
}

static void a_key_comes_from_a_descriptor_in_two_reads(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;
    const char *key = NULL;
    int fd[2], status;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(fd), 0);
    pid = fork();
    if (pid == 0) {
        bool ok = write(fd[1], "sk-CAN", 6) == 6;

        for (int n = 1; ok && n > 0; sched_yield()) /* until it was read */
            ok = ioctl(fd[0], FIONREAD, &n) == 0;
        _exit(!ok || write(fd[1], "ARY-5\n", 6) != 6);
    }
    close(fd[1]);
    load_keyed(&p, "TEST_LLM_KEY", "https://h");
    p.key_fd = fd[0];
    assert_ok(provider_take_key(&p, &key, &err), &err);
    assert_string_equal(key, "sk-CANARY-5");
    assert_int_equal(fcntl(fd[0], F_GETFD), -1); /* closed */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    log_redact(NULL, 0);
    provider_release(&p);
}

static void a_key_file_is_read_without_its_line_end(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;
    const char *key = NULL;

    (void)state;
    write_key("sk-CANARY-2\r\n", (size_t)-1, 0600);
    load_keyed(&p, "file", "https://h");
    assert_ok(provider_take_key(&p, &key, &err), &err);
    assert_string_equal(key, "sk-CANARY-2");
    log_redact(NULL, 0);
    provider_release(&p);
}

static void bad_keys_are_refused_and_not_shown(void **state)
{
    static char longest[5000];
    static const struct {
        const char *why, *text;
        mode_t mode;
        int code;
        const char *want;
    } row[] = {
        { "others can read it", "sk-CANARY", 0644, ERR_CONFIG,
          "can be read by others: chmod 600 it" },
        { "the group can", "sk-CANARY", 0640, ERR_CONFIG,
          "can be read by others: chmod 600 it" },
        { "others can write it", "sk-CANARY", 0602, ERR_CONFIG,
          "can be read by others: chmod 600 it" },
        { "a blank in it", "sk- CANARY", 0600, ERR_AUTH,
          "has blanks or control characters in it" },
        { "a blank before it", " sk-CANARY", 0600, ERR_AUTH,
          "has blanks or control characters in it" },
        { "a header after it", "sk-CANARY\r\nX-Evil: 1", 0600, ERR_AUTH,
          "has blanks or control characters in it" },
        { "not ASCII", "sk-CANARY-你", 0600, ERR_AUTH,
          "has blanks or control characters in it" },
        { "empty", "", 0600, ERR_AUTH,
          "n needs an API key: set LLM_API_KEY, or name a file by --key-file "
          "or by \"key_file\" in the profile" },
        { "blank", " \n\n", 0600, ERR_AUTH, "n needs an API key" },
        { "too long", longest, 0600, ERR_AUTH, "is too long for a key" },
    };

    (void)state;
    memset(longest, 'k', sizeof(longest) - 1);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct provider p;
        const char *key = "x";

        write_key(row[i].text, (size_t)-1, row[i].mode);
        load_keyed(&p, "file", "https://h");
        assert_int_equal(provider_take_key(&p, &key, &err), row[i].code);
        if (!strstr(err.msg, row[i].want))
            fail_msg("%s: %s", row[i].why, err.msg);
        assert_null(strstr(err.msg, "CANARY"));
        assert_null(key);
        provider_release(&p);
    }
}

static void bad_variables_are_refused_and_not_shown(void **state)
{
    static char longest[5000];
    struct err err = ERR_INIT;
    struct provider p;
    const char *key;

    (void)state;
    load_keyed(&p, "TEST_LLM_KEY", "https://h");
    assert_int_equal(provider_take_key(&p, &key, &err), ERR_AUTH);
    assert_string_equal(err.msg,
                        "n needs an API key: set TEST_LLM_KEY, or name a "
                        "file by --key-file or by \"key_file\" in "
                        "the profile");
    setenv("TEST_LLM_KEY", "sk CANARY", 1);
    assert_int_equal(provider_take_key(&p, &key, &err), ERR_AUTH);
    assert_string_equal(err.msg, "the key from TEST_LLM_KEY has blanks or "
                                 "control characters in it");
    memset(longest, 'k', sizeof(longest) - 1);
    setenv("TEST_LLM_KEY", longest, 1);
    assert_int_equal(provider_take_key(&p, &key, &err), ERR_AUTH);
    assert_string_equal(err.msg, "TEST_LLM_KEY is too long for a key");
    unsetenv("TEST_LLM_KEY");
    provider_release(&p);
}

static void a_missing_key_file_is_named(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;
    const char *key;

    (void)state;
    scratch_path(file, "no-key");
    load_keyed(&p, "file", "https://h");
    assert_int_equal(provider_take_key(&p, &key, &err), ERR_AUTH);
    assert_non_null(strstr(err.msg, file));
    provider_release(&p);
}

static void some_need_no_key(void **state)
{
    static const struct {
        const char *env, *url;
    } row[] = {
        { "TEST_LLM_KEY", "http://127.0.0.1:8000/v1" },
        { "TEST_LLM_KEY", "http://localhost:8000" },
        { "", "https://h" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct provider p;
        const char *key = "x";

        load_keyed(&p, row[i].env, row[i].url);
        assert_ok(provider_take_key(&p, &key, &err), &err);
        assert_null(key);
        provider_release(&p);
    }
}

static void canned_answers_leave_the_key_alone(void **state)
{
    struct err err = ERR_INIT;
    struct provider p;
    const char *key = "x";

    (void)state;
    setenv("LLM_API_KEY", "sk-CANARY-3", 1);
    assert_ok(provider_load(&p, "samples/llm/canned.json", &err), &err);
    assert_ok(provider_take_key(&p, &key, &err), &err);
    assert_null(key);
    assert_string_equal(getenv("LLM_API_KEY"), "sk-CANARY-3");
    unsetenv("LLM_API_KEY");
    provider_release(&p);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_clean)
    const struct CMUnitTest tests[] = {
        CASE(what_is_left_out_has_a_default),
        CASE(everything_can_be_set),
        CASE(every_profile_that_is_shipped_loads),
        CASE(shipped_profiles_say_what_their_endpoints_want),
        CASE(who_thinks_at_dashscope_streams),
        CASE(deepseek_has_two_prices_by_the_hour),
        CASE(a_profile_is_found_by_name_or_file),
        CASE(a_wrong_profile_is_refused_with_its_place),
        CASE(a_long_address_is_refused),
        CASE(a_missing_file_is_named),
        /* before there is any other key, whose end would come first */
        CASE(a_key_is_wiped_when_the_process_ends),
        CASE(a_key_from_the_environment_is_wiped),
        CASE(a_key_comes_from_a_descriptor_in_two_reads),
        CASE(a_key_file_is_read_without_its_line_end),
        CASE(bad_keys_are_refused_and_not_shown),
        CASE(bad_variables_are_refused_and_not_shown),
        CASE(a_missing_key_file_is_named),
        CASE(some_need_no_key),
        CASE(canned_answers_leave_the_key_alone),
    };

    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
