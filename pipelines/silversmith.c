/*
 * silversmith - the runner: does what a pipeline file says and no more. It
 * starts stages as programs and knows nothing of what they compute.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/opt.h"
#include "dag/graph.h"
#include "dag/listing.h"
#include "dag/lock.h"
#include "dag/plan.h"
#include "dag/run.h"
#include "dag/select.h"

struct args {
    struct opt_list set, force;
    const char *runs, *from, *until, *only, *threads, *format;
    int64_t jobs;
    int json, quiet;
};

#define COMMON_ROWS \
    OPT_ROW_PATHS(0, "set", struct args, set, OPT_PLAIN, "NAME=VALUE", 0, \
                  "give a parameter of the pipeline another value"), \
        OPT_ROW_STR(0, "runs", struct args, runs, "runs", "DIR", 0, \
                    "folder of all outputs")
#define CHOICE_ROWS \
    OPT_ROW_STR(0, "from", struct args, from, "", "STEP", 0, \
                "only STEP and what depends on it"), \
        OPT_ROW_STR(0, "until", struct args, until, "", "STEP", 0, \
                    "only STEP and what it needs"), \
        OPT_ROW_STR(0, "only", struct args, only, "", "STEP", 0, "only STEP"), \
        OPT_ROW_PATHS(0, "force", struct args, force, OPT_PLAIN, "STEP", 0, \
                      "make STEP again")

static const struct opt run_rows[] = {
    COMMON_ROWS,
    CHOICE_ROWS,
    OPT_ROW_INT('j', "jobs", struct args, jobs, "1", 1, RUN_JOBS_MAX, 0,
                "steps to run side by side; each gets its share of the CPUs"),
    OPT_ROW_STR('t', "threads", struct args, threads, "", "N", 0,
                "threads of each step [its share of the CPUs]"),
    OPT_ROW_FLAG('q', "quiet", struct args, quiet, 0,
                 "do not print the commands"),
    OPT_ROW_END,
};
static const struct opt plan_rows[] = {
    COMMON_ROWS,
    CHOICE_ROWS,
    OPT_ROW_FLAG(0, "json", struct args, json, 0, "print JSON"),
    OPT_ROW_END,
};
static const struct opt status_rows[] = {
    COMMON_ROWS,
    OPT_ROW_FLAG(0, "json", struct args, json, 0, "print JSON"),
    OPT_ROW_END,
};
static const struct opt look_rows[] = {
    COMMON_ROWS,
    OPT_ROW_END,
};
static const struct opt graph_rows[] = {
    COMMON_ROWS,
    OPT_ROW_CHOICE(0, "format", struct args, format, "ascii",
                   "ascii|dot|mermaid", 0, "how to draw"),
    OPT_ROW_END,
};

struct context {
    const struct args *args;
    struct spec *spec;
    struct plan *plan;
    const char *word; /* the STEP after the file, or NULL */
};

/* What a command appends to out goes to stdout, also when it fails. */
typedef int command_fn(struct context *c, struct buf *out, struct err *err);

static int choose(struct context *c, struct err *err)
{
    const struct select how = { c->args->from, c->args->until, c->args->only,
                                &c->args->force };

    return select_steps(c->plan, &how, err);
}

static int look_at_all(struct context *c, struct err *err)
{
    int rc = choose(c, err);

    return rc < 0 ? rc : plan_look_all(c->plan, err);
}

static int need_word(const struct context *c, size_t *i, struct err *err)
{
    if (!c->word)
        return ERR_SET(err, ERR_USAGE,
                       "the name of a step is missing after the file");
    return spec_find(c->spec, c->word, i, err);
}

static void print(struct buf *b)
{
    fputs(buf_str(b), stdout);
    fflush(stdout);
    buf_reset(b);
}

/* ---- commands ---- */

/* One runner at a time works in a pipeline's folder; *fd holds the lock. */
static int lock_folder(int *fd, const struct plan *p, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_mkdirs(p->root, err);

    if (rc == 0)
        rc = file_join(path, p->root, "lock", err);
    return rc < 0 ? rc : lock_take(fd, path, err);
}

static int do_run(struct context *c, struct buf *out, struct err *err)
{
    const struct run_options o = { (size_t)c->args->jobs, c->args->quiet };
    struct run_tally t = { 0, 0 };
    time_t begin = time(NULL);
    int fd = -1, rc = choose(c, err);

    c->plan->threads = c->args->threads[0] ? c->args->threads : NULL;
    if (rc == 0)
        rc = lock_folder(&fd, c->plan, err);
    if (rc < 0)
        return rc;
    spawn_catch_signals();
    rc = run_steps(c->plan, &o, &t, err);
    if (rc == 0)
        rc = run_results(out, c->plan, err);
    print(out);
    log_info("done ran=%zu reused=%zu seconds=%lld", t.ran, t.reused,
             (long long)(time(NULL) - begin));
    close(fd);
    return rc;
}

static int do_plan(struct context *c, struct buf *out, struct err *err)
{
    int rc = look_at_all(c, err);

    return rc < 0 ? rc : listing_plan(out, c->plan, c->args->json, err);
}

static int do_why(struct context *c, struct buf *out, struct err *err)
{
    size_t i = 0;
    int rc = need_word(c, &i, err);

    if (rc == 0)
        rc = look_at_all(c, err);
    return rc < 0 ? rc : listing_why(out, c->plan, i, err);
}

static int do_status(struct context *c, struct buf *out, struct err *err)
{
    int rc = look_at_all(c, err);

    return rc < 0 ? rc : listing_status(out, c->plan, c->args->json, err);
}

static int do_graph(struct context *c, struct buf *out, struct err *err)
{
    return graph_draw(out, c->spec, c->args->format, err);
}

static int do_log(struct context *c, struct buf *out, struct err *err)
{
    char fp[PLAN_FP], made[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    size_t i = 0;
    int rc = need_word(c, &i, err);

    if (rc == 0)
        rc = plan_current(c->plan, i, fp, made, err);
    if (rc == 0)
        rc = file_join(dir, c->plan->root, c->word, err);
    if (rc == 0)
        rc = file_join(path, dir, fp, err);
    if (rc == 0)
        rc = file_join(dir, path, "log.txt", err);
    return rc < 0 ? rc : file_read(out, dir, err);
}

static int do_check(struct context *c, struct buf *out, struct err *err)
{
    return buf_printf(
        out, err,
        "%s: %zu steps, all names, options and references are right\n",
        c->spec->path, c->spec->steps);
}

static int do_verify(struct context *c, struct buf *out, struct err *err)
{
    return listing_verify(out, c->plan, err);
}

/* ---- main ---- */

#define SPEC(name, text, table) \
    { \
        "silversmith", name, text, \
            "silversmith " name " pipelines/augsbert.json", table, 1 \
    }
static const struct {
    struct opt_spec spec;
    command_fn *fn;
} commands[] = {
    { SPEC("run", "Make every output that is not up to date.", run_rows),
      do_run },
    { SPEC("plan", "Print what run would do, and why.", plan_rows), do_plan },
    { SPEC("why", "Print why STEP (after the file) runs or not.", look_rows),
      do_why },
    { SPEC("status", "Print each step's output and counts.", status_rows),
      do_status },
    { SPEC("graph", "Draw the steps and what they read.", graph_rows),
      do_graph },
    { SPEC("log", "Print the log of STEP (after the file).", look_rows),
      do_log },
    { SPEC("check", "Check the file and nothing else.", look_rows), do_check },
    { SPEC("verify", "Check the bytes of every output.", look_rows),
      do_verify },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* The folder this program is in: the stages are beside it. */
static void find_bin(char out[FILE_PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, FILE_PATH_MAX - 1);

    out[n > 0 ? n : 0] = '\0';
    if (strrchr(out, '/'))
        *strrchr(out, '/') = '\0';
}

static int with_file(const struct args *args, size_t command, const char *file,
                     const char *word, struct err *err)
{
    static struct spec spec;
    static struct plan plan;
    struct context c = { args, &spec, &plan, word };
    struct buf out = BUF_INIT((size_t)64 << 20);
    char bin[FILE_PATH_MAX];
    int rc;

    if (!file)
        return ERR_SET(err, ERR_USAGE, "a pipeline file is missing after '%s'",
                       commands[command].spec.command);
    find_bin(bin);
    rc = spec_load(&spec, file, bin, args->set.item, args->set.n, err);
    if (rc < 0)
        return rc;
    rc = plan_init(&plan, &spec, args->runs, err);
    if (rc == 0)
        rc = commands[command].fn(&c, &out, err);
    print(&out);
    buf_release(&out);
    plan_release(&plan);
    spec_release(&spec);
    return rc;
}

/* Take up to two leading words (file, step) out of argv. */
static int take_words(int argc, char **argv, const char **file,
                      const char **word)
{
    const char **slot[2] = { file, word };
    int taken = 0;

    while (taken < 2 && argc > 2 + taken && argv[2 + taken][0] != '-') {
        *slot[taken] = argv[2 + taken];
        taken++;
    }
    for (int i = 2 + taken; i < argc; i++)
        argv[i - taken] = argv[i];
    return argc - taken;
}

int main(int argc, char **argv)
{
    const struct opt_spec *specs[COMMANDS], *chosen = NULL;
    const char *file = NULL, *word = NULL;
    struct err err = ERR_INIT;
    static struct args args;
    int rc;

    log_init(argv[0]);
    for (size_t i = 0; i < COMMANDS; i++)
        specs[i] = &commands[i].spec;
    if (argc > 2)
        argc = take_words(argc, argv, &file, &word);
    rc = opt_parse_command(specs, COMMANDS, argc, argv, &args, sizeof(args),
                           &chosen, &err);
    if (rc == OPT_HANDLED)
        return EXIT_SUCCESS;
    for (size_t i = 0; rc == 0 && i < COMMANDS; i++)
        if (specs[i] == chosen)
            rc = with_file(&args, i, file, word, &err);
    if (rc < 0)
        log_error("%s", err.msg);
    if (rc == ERR_STOPPED && spawn_stop_requested())
        return 128 + spawn_stop_requested();
    return err_exit_status(rc);
}
