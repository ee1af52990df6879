#include "support/support.h"

#include <string.h>

#include "base/opt.h"

struct args {
    int64_t count;
    double rate;
    const char *mode, *in, *note;
    struct opt_list files;
    int loud;
};

static const struct opt rows[] = {
    OPT_ROW_INT('c', "count", struct args, count, "3", -5, 10, 0, "how many"),
    OPT_ROW_REAL(0, "rate", struct args, rate, "0.5", 0, 1, 0, "how fast"),
    OPT_ROW_CHOICE('m', "mode", struct args, mode, "fast", "fast|slow|slower",
                   OPT_NO_RESULT, "how"),
    OPT_ROW_PORT('i', "in", struct args, in, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "pairs", "what"),
    OPT_ROW_STR(0, "note", struct args, note, "none", "TEXT", 0, "words"),
    OPT_ROW_PATHS('f', "file", struct args, files, OPT_IN_FILE, "FILE", 0,
                  "files"),
    OPT_ROW_FLAG('l', "loud", struct args, loud, 0, "noise"),
    OPT_ROW_END,
};

static const struct opt_spec spec = {
    .program = "prog",
    .command = "run",
    .summary = "Do it.",
    .example = "prog run --in x",
    .opts = rows,
    .version = 4,
};

enum { WORDS = 80 };

/* Words are separated by spaces; the first is the program. */
static int parse(struct args *a, const char *line, struct err *err)
{
    static char text[1024];
    char *argv[WORDS + 1];
    int argc = 0;

    assert_true(strlen(line) < sizeof(text));
    strcpy(text, line);
    for (char *p = text; *p && argc < WORDS; argc++) {
        argv[argc] = p;
        p += strcspn(p, " ");
        if (*p)
            *p++ = '\0';
    }
    argv[argc] = NULL;
    return opt_parse(&spec, argc, argv, a, sizeof(*a), err);
}

static void defaults_are_parsed_like_input(void **state)
{
    struct err err = ERR_INIT;
    struct args a;

    (void)state;
    assert_ok(parse(&a, "prog --in x", &err), &err);
    assert_int_equal(a.count, 3);
    assert_true(a.rate == 0.5);
    assert_string_equal(a.mode, "fast");
    assert_string_equal(a.note, "none");
    assert_int_equal(a.files.n, 0);
    assert_int_equal(a.loud, 0);
}

static void all_spellings_work(void **state)
{
    struct err err = ERR_INIT;
    struct args a;

    (void)state;
    assert_ok(parse(&a,
                    "prog -i x --count=-5 --rate 1e-1 -m slow -l --file a "
                    "-f b --file=c=d --note=",
                    &err),
              &err);
    assert_int_equal(a.count, -5);
    assert_true(a.rate == 0.1);
    assert_string_equal(a.mode, "slow");
    assert_string_equal(a.note, "");
    assert_int_equal(a.loud, 1);
    assert_int_equal(a.files.n, 3);
    assert_string_equal(a.files.item[2], "c=d");
}

static void refuses_and_says_why(void **state)
{
    static const struct {
        const char *line, *says;
    } row[] = {
        { "prog", "--in is required" },
        { "prog --in", "--in needs a value" },
        { "prog --in x --in y", "twice" },
        { "prog --in x -i y", "twice" },
        { "prog --in x stray", "unexpected argument 'stray'" },
        { "prog --in x --coutn 3", "--count?" },
        { "prog --in x --zzzzzzzzz 3", "unknown option '--zzzzzzzzz'; see" },
        { "prog --in x --coun 3", "--count?" },
        { "prog --in x -z", "unknown option '-z'" },
        { "prog --in x -cc", "unknown option" },
        { "prog --in x --count 11", "in [-5, 10]" },
        { "prog --in x --count -6", "in [-5, 10]" },
        { "prog --in x --count 1.5", "an integer" },
        { "prog --in x --count 3x", "an integer" },
        { "prog --in x --count=", "an integer" },
        { "prog --in x --rate nan", "a number" },
        { "prog --in x --rate 1.0001", "a number in [0, 1]" },
        { "prog --in x --rate 1e999", "a number" },
        { "prog --in x --mode slo", "one of fast|slow|slower" },
        { "prog --in x --mode fast|slow", "one of" },
        { "prog --in x --mode=", "one of" },
        { "prog --in x --loud=2", "--loud" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct args a;
        int rc = parse(&a, row[i].line, &err);

        if (rc != ERR_USAGE || !strstr(err.msg, row[i].says))
            fail_msg("%s: %d, %s", row[i].line, rc, err.msg);
    }
}

static void a_list_has_an_end(void **state)
{
    char line[1024] = "prog --in x";
    struct err err = ERR_INIT;
    struct args a;

    (void)state;
    for (int i = 0; i <= OPT_LIST_MAX; i++)
        strcat(line, " --file=y");
    assert_int_equal(parse(&a, line, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "64"));
}

static void values_have_a_canonical_text(void **state)
{
    static const char *const want[] = { "10",   "0.1", "slower", "x",
                                        "none", "a,b", "true" };
    struct err err = ERR_INIT;
    struct args a;

    (void)state;
    assert_ok(parse(&a,
                    "prog --in x --count 1e1 --rate .10 -m slower -f a -f b -l",
                    &err),
              &err);
    for (size_t i = 0; rows[i].long_name; i++) {
        struct buf b = BUF_INIT(100);

        assert_ok(opt_value(&b, &rows[i], &a, &err), &err);
        assert_string_equal(buf_str(&b), want[i]);
        buf_release(&b);
    }
}

static void describe_tells_every_row(void **state)
{
    struct json_node *d = opt_describe(&spec);
    const struct json_node *r = json_first(json_get(d, "options"));

    (void)state;
    assert_string_equal(json_str(json_get(d, "command"), ""), "run");
    assert_true(json_num(json_get(d, "version"), 0) == 4);
    assert_int_equal(json_size(json_get(d, "options")), 7);
    assert_string_equal(json_str(json_get(r, "name"), ""), "count");
    assert_string_equal(json_str(json_get(r, "type"), ""), "integer");
    assert_true(json_num(json_get(r, "min"), 0) == -5);
    assert_true(json_num(json_get(r, "default"), 0) == 3);
    assert_true(json_bool(json_get(r, "result"), false));
    r = json_next(json_next(r));
    assert_string_equal(json_str(json_get(r, "choices"), ""),
                        "fast|slow|slower");
    assert_false(json_bool(json_get(r, "result"), true));
    r = json_next(r);
    assert_string_equal(json_str(json_get(r, "role"), ""), "in-store");
    assert_string_equal(json_str(json_get(r, "port"), ""), "pairs");
    assert_true(json_bool(json_get(r, "required"), false));
    assert_null(json_get(r, "default"));
    r = json_next(json_next(r));
    assert_string_equal(json_str(json_get(r, "port"), ""), "file");
    assert_true(json_bool(json_get(r, "list"), false));
    json_node_free(d);
}

static void commands_are_told_apart(void **state)
{
    static const struct opt none[] = { OPT_ROW_END };
    static const struct opt_spec other = { .program = "prog",
                                           .command = "walk",
                                           .opts = none };
    const struct opt_spec *const all[] = { &spec, &other };
    char *walk[] = { "prog", "walk", NULL }, *wakl[] = { "prog", "wakl", NULL };
    char *run[] = { "prog", "run", "--in", "x", NULL };
    const struct opt_spec *chosen;
    struct err err = ERR_INIT;
    struct args a;

    (void)state;
    assert_ok(opt_parse_command(all, 2, 2, walk, &a, sizeof(a), &chosen, &err),
              &err);
    assert_ptr_equal(chosen, &other);
    assert_ok(opt_parse_command(all, 2, 4, run, &a, sizeof(a), &chosen, &err),
              &err);
    assert_ptr_equal(chosen, &spec);
    assert_string_equal(a.in, "x");
    assert_int_equal(
        opt_parse_command(all, 2, 2, wakl, &a, sizeof(a), &chosen, &err),
        ERR_USAGE);
    assert_non_null(strstr(err.msg, "(walk?)"));
    assert_int_equal(
        opt_parse_command(all, 2, 1, walk, &a, sizeof(a), &chosen, &err),
        ERR_USAGE);
    assert_non_null(strstr(err.msg, "run, walk"));
}

static void nearest_finds_typos_only(void **state)
{
    static const char *const words[] = { "threshold", "top-k", "seed" };

    (void)state;
    assert_string_equal(opt_nearest("treshold", words, 3), "threshold");
    assert_string_equal(opt_nearest("sede", words, 3), "seed");
    assert_string_equal(opt_nearest("topk", words, 3), "top-k");
    assert_null(opt_nearest("workers", words, 3));
    assert_null(opt_nearest("seed", words, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_parsed_like_input),
        cmocka_unit_test(all_spellings_work),
        cmocka_unit_test(refuses_and_says_why),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(values_have_a_canonical_text),
        cmocka_unit_test(describe_tells_every_row),
        cmocka_unit_test(commands_are_told_apart),
        cmocka_unit_test(nearest_finds_typos_only),
    };

    return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
