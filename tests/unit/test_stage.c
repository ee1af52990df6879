#include "support/support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "store/guard.h"
#include "store/stage.h"
#include "support/scratch.h"

/* ---- a small stage: numbers below --n become texts; odd ones are dropped,
 * --bad of them are bad records; --die names a moment to stop at ---- */

struct args {
    struct stage_args common;
    const char *in, *out, *die;
    int64_t n, bad;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('i', "in", struct args, in, OPT_IN_FILE, "FILE", 0, "any"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_STORE, "STORE", 0,
                 "texts"),
    OPT_ROW_INT(0, "n", struct args, n, "100", 0, 1e6, 0, "numbers"),
    OPT_ROW_INT(0, "bad", struct args, bad, "0", 0, 1e6, OPT_NO_RESULT,
                "bad records"),
    OPT_ROW_STR(0, "die", struct args, die, "", "HOW", OPT_NO_RESULT, "how"),
    OPT_ROW_END,
};

static const struct opt_spec opts = { .program = "counter",
                                      .summary = "Count.",
                                      .example = "counter --out x",
                                      .opts = rows,
                                      .version = 3 };

static int die(const struct args *a, struct store *s, struct err *err)
{
    int rc = store_commit(s, err);

    if (strcmp(a->die, "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(a->die, "fail") == 0)
        return ERR_SET(err, ERR_IO, "as asked");
    if (strcmp(a->die, "term") == 0)
        kill(getpid(), SIGTERM);
    return rc;
}

static int count(struct stage *st, struct writer *w, struct store *s,
                 struct err *err)
{
    const struct args *a = st->args;
    int rc = 0;

    for (int64_t i = 0; rc == 0 && i < a->n; i++) {
        char text[32];
        uint32_t o;

        snprintf(text, sizeof(text), "number %lld", (long long)i);
        if (i < a->bad) {
            rc = stage_fail_record(st, text, "is bad", "x\xFFy", err);
            continue;
        }
        st->n.seen++;
        st->n.rejected += i % 2;
        st->n.kept += i % 2 == 0;
        if (i % 2 == 0)
            rc = writer_text(w, span_of(text), span_of(""), &o, err);
        if (rc == 0 && i == a->n / 2 && !st->resumed)
            rc = die(a, s, err);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    struct store *s = NULL;
    struct writer *w = NULL;
    int rc = stage_create(st, &s, "texts", err);

    json_set_str(st->extra, "what", "numbers");
    json_set_num(st->run, "speed", 1.5);
    if (rc == 0)
        rc = writer_new(&w, s, err);
    if (rc == 0)
        rc = count(st, w, s, err);
    writer_free(w);
    if (rc == 0) {
        rc = stage_finish(st, s, err);
        s = NULL;
    }
    store_close(s);
    return rc;
}

static int run_printing(struct stage *st, struct err *err)
{
    (void)err;
    puts("hello");
    st->n.seen = st->n.kept = 1;
    return 0;
}

/* ---- running it ---- */

enum { RESUMES = 1, PRINTS = 2 };

/* Its exit status, or 1000 + signal; what it said is in out and err. */
static int stage_in_child(int how, const char *arguments)
{
    static struct args args;
    const struct stage_spec spec = { .opts = &opts,
                                     .args = &args,
                                     .args_size = sizeof(args),
                                     .run = how & PRINTS ? run_printing : run,
                                     .resumes = how & RESUMES };
    const struct stage_spec *all[] = { &spec };
    char out[SCRATCH_PATH], errors[SCRATCH_PATH], words[1024],
        *argv[40] = { (char *)"/bin/counter" };
    int argc = 1, status;
    pid_t pid = fork();

    if (pid == 0) {
        if (!freopen(scratch_path(out, "stdout"), "w", stdout) ||
            !freopen(scratch_path(errors, "stderr"), "w", stderr))
            _exit(99);
        snprintf(words, sizeof(words), "%s", arguments);
        for (char *p = words; *p;) {
            argv[argc++] = p;
            p += strcspn(p, " ");
            if (*p)
                *p++ = '\0';
        }
        status = stage_main(all, 1, argc, argv);
        fflush(NULL);
        _exit(status);
    }
    assert_true(pid > 0);
    assert_true(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *said(const char *name)
{
    static char text[65536];
    struct buf b = BUF_INIT(sizeof(text) - 1);
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];

    assert_ok(file_read(&b, scratch_path(path, name), &err), &err);
    snprintf(text, sizeof(text), "%s", buf_str(&b));
    buf_release(&b);
    return text;
}

static void assert_said(const char *name, const char *want)
{
    if (!strstr(said(name), want))
        fail_msg("%s lacks \"%s\": %s", name, want, said(name));
}

/* Run with --out NAME and more arguments. */
static int make(int how, const char *name, const char *more)
{
    char path[SCRATCH_PATH], all[512];

    snprintf(all, sizeof(all), "--out %s%s%s", scratch_path(path, name),
             more[0] ? " " : "", more);
    return stage_in_child(how, all);
}

static bool is_there(const char *name)
{
    char path[SCRATCH_PATH];

    return file_exists(scratch_path(path, name));
}

static void digest(char hex[65], const char *name)
{
    char path[SCRATCH_PATH];

    scratch_digest(hex, scratch_path(path, name));
}

/* ---- cases ---- */

static void a_run_leaves_output_and_run_record_and_nothing_else(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    const struct json_node *r;
    struct json *doc;

    (void)state;
    assert_int_equal(make(0, "plain", ""), 0);
    assert_said("stderr", "counter: info: done seen=100 kept=50 rejected=50 "
                          "failed=0 seconds=");
    assert_string_equal(said("stdout"), "");
    assert_false(is_there("plain.part"));
    assert_false(is_there("plain.part.final"));
    assert_false(is_there("plain.lock"));
    assert_ok(store_receipt(&doc, scratch_path(path, "plain"), &err), &err);
    r = json_root(doc);
    assert_near("seen", json_num(json_get(json_get(r, "counts"), "seen"), 0),
                100, 0, 0);
    assert_near("texts", json_num(json_get(json_get(r, "counts"), "texts"), 0),
                50, 0, 0);
    assert_null(json_get(r, "host"));
    assert_string_equal(json_str(json_get(json_get(r, "extra"), "what"), ""),
                        "numbers");
    json_free(doc);
    assert_ok(json_load(&doc, scratch_path(path, "plain.run.json"), JSON_STRICT,
                        &err),
              &err);
    r = json_root(doc);
    assert_non_null(strstr(json_str(json_get(r, "command"), ""), "--out "));
    assert_near("speed", json_num(json_get(r, "speed"), 0), 1.5, 0, 0);
    assert_true(json_num(json_get(r, "peak_bytes"), 0) > 1e6);
    assert_true(json_str(json_get(r, "host"), "")[0] != '\0');
    assert_true(json_str(json_get(r, "isa"), "")[0] != '\0');
    json_free(doc);
}

static void the_same_command_again_does_nothing(void **state)
{
    char before[65], after[65];

    (void)state;
    assert_int_equal(make(0, "again", ""), 0);
    digest(before, "again");
    assert_int_equal(make(0, "again", "--threads 2"), 0);
    assert_said("stderr", "is up to date");
    assert_said("stderr", "done seen=100 kept=50");
    digest(after, "again");
    assert_string_equal(after, before);
}

static void another_output_is_not_overwritten_unless_forced(void **state)
{
    char before[65], after[65], path[SCRATCH_PATH];

    (void)state;
    assert_int_equal(make(0, "force", ""), 0);
    digest(before, "force");
    assert_int_equal(make(0, "force", "--n 60"), 2);
    assert_said("stderr", "--force replaces it");
    digest(after, "force");
    assert_string_equal(after, before);
    assert_int_equal(make(0, "force", "--n 60 --force"), 0);
    digest(after, "force");
    assert_string_not_equal(after, before);
    scratch_write(path, "foreign", "mine", 4);
    assert_int_equal(make(0, "foreign", ""), 2);
    assert_string_equal(said("foreign"), "mine");
}

static void kill_9_and_again_gives_the_same_bytes(void **state)
{
    char want[65], got[65];

    (void)state;
    assert_int_equal(make(0, "whole", ""), 0);
    digest(want, "whole");
    assert_int_equal(make(0, "k0", "--die kill"), 1000 + SIGKILL);
    assert_true(is_there("k0.part"));
    assert_int_equal(make(0, "k0", ""), 0);
    digest(got, "k0");
    assert_string_equal(got, want);
    assert_int_equal(make(RESUMES, "k1", "--die kill"), 1000 + SIGKILL);
    assert_int_equal(make(RESUMES, "k1", "--die kill"), 0); /* resumed */
    digest(got, "k1");
    assert_string_equal(got, want);
    assert_false(is_there("k1.part"));
    assert_false(is_there("k1.lock"));
}

static void a_part_of_other_options_is_not_gone_on_with(void **state)
{
    char want[65], got[65];

    (void)state;
    assert_int_equal(make(RESUMES, "o0", "--n 40"), 0);
    digest(want, "o0");
    assert_int_equal(make(RESUMES, "o1", "--die kill"), 1000 + SIGKILL);
    assert_int_equal(make(RESUMES, "o1", "--n 40"), 0);
    assert_said("stderr", "starting again");
    digest(got, "o1");
    assert_string_equal(got, want);
}

static void a_damaged_part_is_made_anew(void **state)
{
    char want[65], got[65], path[SCRATCH_PATH];

    (void)state;
    assert_int_equal(make(RESUMES, "d0", ""), 0);
    digest(want, "d0");
    scratch_write(path, "d1.part", "this is not a store", (size_t)-1);
    assert_int_equal(make(RESUMES, "d1", ""), 0);
    digest(got, "d1");
    assert_string_equal(got, want);
}

static void a_failed_run_cleans_up(void **state)
{
    (void)state;
    assert_int_equal(make(0, "f0", "--die fail"), 74);
    assert_said("stderr", "counter: error: as asked");
    assert_false(is_there("f0.part"));
    assert_false(is_there("f0.lock"));
    assert_false(is_there("f0"));
    assert_int_equal(make(RESUMES, "f1", "--die fail"), 74);
    assert_true(is_there("f1.part")); /* work worth keeping */
}

static void a_signal_ends_it_in_order(void **state)
{
    (void)state;
    assert_int_equal(make(RESUMES, "s", "--die term"), 128 + SIGTERM);
    assert_said("stderr", "run the same command again to go on");
    assert_false(is_there("s"));
    assert_int_equal(make(RESUMES, "s", "--die term"), 0);
    assert_true(is_there("s"));
}

static void bad_records_are_put_aside_up_to_a_limit(void **state)
{
    char path[SCRATCH_PATH], more[256];

    (void)state;
    assert_int_equal(make(0, "b", "--bad 3"), 65);
    assert_said("stderr", "number 0: is bad (1 bad records, --max-failures "
                          "allows 0)");
    assert_false(is_there("b"));
    snprintf(more, sizeof(more), "--bad 3 --max-failures 3 --rejects %s",
             scratch_path(path, "rejects"));
    assert_int_equal(make(0, "b", more), 0);
    assert_said("stderr", "done seen=100 kept=48 rejected=49 failed=3");
    assert_string_equal(said("rejects"),
                        "{\"where\":\"number 0\",\"reason\":\"is bad\","
                        "\"record\":\"x\xEF\xBF\xBDy\"}\n"
                        "{\"where\":\"number 1\",\"reason\":\"is bad\","
                        "\"record\":\"x\xEF\xBF\xBDy\"}\n"
                        "{\"where\":\"number 2\",\"reason\":\"is bad\","
                        "\"record\":\"x\xEF\xBF\xBDy\"}\n");
}

static void two_processes_do_not_make_one_output(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    int fd;

    (void)state;
    assert_ok(guard_lock(&fd, scratch_path(path, "l.lock"), &err), &err);
    assert_int_equal(make(0, "l", ""), 75);
    assert_said("stderr", "l.lock: locked by process ");
    assert_false(is_there("l"));
    guard_unlock(fd, path);
    assert_int_equal(make(0, "l", ""), 0);
    scratch_write(path, "dead.lock", "process 1 that was killed", (size_t)-1);
    assert_int_equal(make(0, "dead", ""), 0); /* the file alone locks nothing */
}

static void the_fingerprint_is_what_decides_the_content(void **state)
{
    char in[SCRATCH_PATH], copy[SCRATCH_PATH], all[512], want[4096];

    (void)state;
    scratch_write(in, "in", "input", 5);
    scratch_write(copy, "copy", "input", 5);
    snprintf(all, sizeof(all), "--in %s --out x --fingerprint", in);
    assert_int_equal(stage_in_child(0, all), 0);
    snprintf(want, sizeof(want), "%s", said("stdout"));
    assert_non_null(strstr(want, "{\"name\":\"stage\",\"value\":\"counter\"},"
                                 "{\"name\":\"version\",\"value\":\"3\"}"));
    assert_non_null(strstr(want, "{\"name\":\"option.n\",\"value\":\"100\"}"));
    assert_non_null(strstr(want, /* sha256 of "input" */
                           "{\"name\":\"input.in\",\"value\":\"c96c6d5be8d08a12"
                           "e7b5cdc1b207fa6b2430974c86803d8891675e76fd992c20"));
    assert_null(strstr(want, "threads"));
    assert_null(strstr(want, "max-failures"));
    snprintf(all, sizeof(all), "--fingerprint --threads 7 --in %s --out y",
             copy);
    assert_int_equal(stage_in_child(0, all), 0);
    assert_string_equal(said("stdout"), want);
    snprintf(all, sizeof(all), "--fingerprint --n 5 --in %s", in);
    assert_int_equal(stage_in_child(0, all), 0);
    assert_string_not_equal(said("stdout"), want);
}

static void a_stage_without_output_just_runs(void **state)
{
    (void)state;
    assert_int_equal(stage_in_child(PRINTS, "--quiet"), 0);
    assert_string_equal(said("stdout"), "hello\n");
    assert_said("stderr", "done seen=1 kept=1");
    assert_int_equal(stage_in_child(PRINTS, "--quite"), 2);
    assert_said("stderr", "unknown option '--quite' (--quiet?)");
}

static void a_folder_that_is_missing_is_made(void **state)
{
    (void)state;
    assert_int_equal(make(0, "deep/er/out", ""), 0);
    assert_true(is_there("deep/er/out"));
}

static void models_are_folders_or_in_the_cache(void **state)
{
    struct err err = ERR_INIT;
    char cache[SCRATCH_PATH], dir[SCRATCH_PATH], got[4096];

    (void)state;
    scratch_path(cache, "cache");
    snprintf(dir, sizeof(dir), "%.80s/models/org--name", cache);
    assert_ok(file_mkdirs(dir, &err), &err);
    assert_int_equal(setenv("SILVERSMITH_CACHE", cache, 1), 0);
    assert_ok(stage_model_path(got, "org/name", &err), &err);
    assert_string_equal(got, dir);
    assert_ok(stage_model_path(got, dir, &err), &err);
    assert_string_equal(got, dir);
    assert_int_equal(stage_model_path(got, "org/other", &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, "model fetch org/other"));
}

/* None can be mounted here; /proc and the disk are no network. */
static void network_file_systems_are_known(void **state)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } table[] = {
        { 0x6969, "NFS" },    { 0xff534d42, "CIFS" },   { 0xfe534d42, "SMB2" },
        { 0xef53, NULL },     { 0x01021994, NULL },     { 0x58465342, NULL },
        { 0x794c7630, NULL }, { 0x0bd00bd0, "Lustre" }, { 0x9123683e, NULL },
    };
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *name = guard_network(table[i].magic);

        assert_true((name != NULL) == (table[i].name != NULL));
        if (name)
            assert_string_equal(name, table[i].name);
    }
    assert_ok(guard_local(0, "standard input", &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_leaves_output_and_run_record_and_nothing_else),
        cmocka_unit_test(the_same_command_again_does_nothing),
        cmocka_unit_test(another_output_is_not_overwritten_unless_forced),
        cmocka_unit_test(kill_9_and_again_gives_the_same_bytes),
        cmocka_unit_test(a_part_of_other_options_is_not_gone_on_with),
        cmocka_unit_test(a_damaged_part_is_made_anew),
        cmocka_unit_test(a_failed_run_cleans_up),
        cmocka_unit_test(a_signal_ends_it_in_order),
        cmocka_unit_test(bad_records_are_put_aside_up_to_a_limit),
        cmocka_unit_test(two_processes_do_not_make_one_output),
        cmocka_unit_test(the_fingerprint_is_what_decides_the_content),
        cmocka_unit_test(network_file_systems_are_known),
        cmocka_unit_test(a_stage_without_output_just_runs),
        cmocka_unit_test(a_folder_that_is_missing_is_made),
        cmocka_unit_test(models_are_folders_or_in_the_cache),
    };

    return cmocka_run_group_tests_name("stage", tests, scratch_make,
                                       scratch_clean);
}
