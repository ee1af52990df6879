/* Parameters of pipeline files; the rest of dag is in test_dag and
 * tests/pipeline. */
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dag/params.h"

static const char file[] =
    "{\"params\": {\"seed\": 42, \"deep\": true, \"base\": \"mini\",\n"
    "             \"gold\": {\"path\": \"../gold.tsv\"}},\n"
    " \"use\": [\"$base:$seed.$deep\", \"$gold\", \"$sead\", 1.5, \"plain\"]}";

struct fixture {
    struct json *doc;
    struct params p;
};

static void declare(struct fixture *f)
{
    struct err err = ERR_INIT;

    assert_ok(json_parse(&f->doc, "f.json", file, strlen(file), 0, &err), &err);
    assert_ok(params_declare(&f->p, f->doc, "/work/flow", &err), &err);
}

static void release(struct fixture *f)
{
    params_release(&f->p);
    json_free(f->doc);
}

/* The text of the n-th value of "use". */
static int expand(struct fixture *f, size_t n, struct buf *b, const char **name,
                  struct err *err)
{
    const struct json_node *v = json_first(json_get(json_root(f->doc), "use"));

    while (n--)
        v = json_next(v);
    buf_reset(b);
    return params_expand(&f->p, v, b, name, err);
}

static void expand_replaces_names_and_tells_the_last(void **state)
{
    struct fixture f;
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;
    const char *name = NULL;

    (void)state;
    declare(&f);
    assert_ok(expand(&f, 0, &b, &name, &err), &err);
    assert_string_equal(buf_str(&b), "mini:42.true");
    assert_string_equal(name, "deep");
    name = NULL;
    assert_ok(expand(&f, 3, &b, &name, &err), &err);
    assert_string_equal(buf_str(&b), "1.5");
    assert_ok(expand(&f, 4, &b, &name, &err), &err);
    assert_string_equal(buf_str(&b), "plain");
    assert_null(name);
    buf_release(&b);
    release(&f);
}

static void an_unknown_name_is_an_error_of_the_file(void **state)
{
    struct fixture f;
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;
    const char *name = NULL;

    (void)state;
    declare(&f);
    assert_int_equal(expand(&f, 2, &b, &name, &err), ERR_FORMAT);
    assert_string_equal(err.msg,
                        "f.json:3:40: unknown parameter '$sead' (seed?)");
    buf_release(&b);
    release(&f);
}

static void paths_belong_to_the_file_or_to_the_working_folder(void **state)
{
    struct fixture f;
    struct buf b = BUF_INIT(FILE_PATH_MAX);
    struct err err = ERR_INIT;
    const char *name = NULL;
    char cwd[FILE_PATH_MAX], want[2 * FILE_PATH_MAX];

    (void)state;
    declare(&f);
    assert_ok(expand(&f, 1, &b, &name, &err), &err);
    assert_string_equal(buf_str(&b), "/work/flow/../gold.tsv");
    assert_ok(params_set(&f.p, "gold=my/gold.tsv", &err), &err);
    assert_ok(expand(&f, 1, &b, &name, &err), &err);
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    snprintf(want, sizeof(want), "%s/my/gold.tsv", cwd);
    assert_string_equal(buf_str(&b), want);
    buf_release(&b);
    release(&f);
}

static void set_keeps_the_declared_type(void **state)
{
    static const struct {
        const char *text, *why; /* NULL: accepted */
    } cases[] = {
        { "seed=7", NULL },
        { "seed=7x", "expected a number" },
        { "seed=", "expected a number" },
        { "deep=false", NULL },
        { "deep=no", "expected true or false" },
        { "base=a=b", NULL },
        { "base=", NULL },
        { "base", "expected name=value" },
        { "sed=7", "no parameter 'sed' (seed?)" },
    };
    struct fixture f;
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;
    const char *name;

    (void)state;
    declare(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int rc = params_set(&f.p, cases[i].text, &err);

        assert_int_equal(rc, cases[i].why ? ERR_USAGE : 0);
        if (cases[i].why)
            assert_non_null(strstr(err.msg, cases[i].why));
    }
    assert_ok(expand(&f, 0, &b, &name, &err), &err);
    assert_string_equal(buf_str(&b), ":7.false");
    buf_release(&b);
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expand_replaces_names_and_tells_the_last),
        cmocka_unit_test(an_unknown_name_is_an_error_of_the_file),
        cmocka_unit_test(paths_belong_to_the_file_or_to_the_working_folder),
        cmocka_unit_test(set_keeps_the_declared_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
