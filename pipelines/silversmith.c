/*
 * silversmith - the runner: does what a pipeline file says and no more. It
 * starts stages as programs and knows nothing of what they compute.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/opt.h"
#include "dag/lock.h"
#include "dag/plan.h"
#include "store/store.h"

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
    OPT_ROW_INT('j', "jobs", struct args, jobs, "1", 1, 64, 0,
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
static const struct opt look_rows[] = {
    COMMON_ROWS,
    OPT_ROW_FLAG(0, "json", struct args, json, 0, "print JSON"),
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
    bool chosen[SPEC_STEPS_MAX];
};

typedef int command_fn(struct context *c, struct err *err);

/* ---- which steps ---- */

static int choose(struct context *c, struct err *err)
{
    const struct args *a = c->args;
    const char *name[3] = { a->from, a->until, a->only };
    size_t at[3] = { 0, 0, 0 };
    int rc = 0;

    for (int k = 0; rc == 0 && k < 3; k++)
        if (name[k] && name[k][0])
            rc = spec_find(c->spec, name[k], &at[k], err);
    for (size_t i = 0; rc == 0 && i < c->spec->steps; i++) {
        c->chosen[i] = true;
        if (a->from && a->from[0])
            c->chosen[i] &= i == at[0] || spec_depends(c->spec, i, at[0]);
        if (a->until && a->until[0])
            c->chosen[i] &= i == at[1] || spec_depends(c->spec, at[1], i);
        if (a->only && a->only[0])
            c->chosen[i] &= i == at[2];
    }
    for (size_t k = 0; rc == 0 && k < a->force.n; k++) {
        size_t i;

        rc = spec_find(c->spec, a->force.item[k], &i, err);
        if (rc == 0)
            c->plan->step[i].forced = true;
    }
    return rc;
}

static int look_at_all(struct context *c, struct err *err)
{
    int rc = choose(c, err);

    for (size_t k = 0; rc == 0 && k < c->spec->steps; k++)
        rc = plan_look(c->plan, c->spec->order[k], err);
    return rc;
}

/* ---- run ---- */

/* An input that is not chosen must be there already. */
static int check_inputs(const struct context *c, size_t i, struct err *err)
{
    const struct step *st = &c->spec->step[i];

    for (size_t k = 0; k < st->refs; k++) {
        int up = st->ref[k].step;

        if (up >= 0 && !c->chosen[up] && c->plan->step[up].state != PLAN_DONE)
            return ERR_SET(err, ERR_USAGE,
                           "step '%s' needs '%s', which is not up to date and "
                           "not among the chosen steps",
                           st->name, c->spec->step[up].name);
    }
    return 0;
}

static int start_step(struct context *c, size_t i, struct job *job, size_t slot,
                      struct err *err)
{
    const struct plan_step *ps = &c->plan->step[i];
    struct argv a = ARGV_INIT;
    struct buf line = BUF_INIT(1 << 20);
    char out[FILE_PATH_MAX], log[FILE_PATH_MAX];
    int rc = file_mkdirs(ps->dir, err);

    if (rc == 0)
        rc = file_join(out, ps->dir, "stdout.txt", err);
    if (rc == 0)
        rc = file_join(log, ps->dir, "log.txt", err);
    if (rc == 0)
        rc = plan_argv(c->plan, i, &a, err);
    if (rc == 0)
        rc = argv_text(&line, &a, err);
    if (rc == 0 && !c->args->quiet)
        log_info("%s: %s", c->spec->step[i].name, buf_str(&line));
    job->id = i;
    if (rc == 0)
        rc = spawn_start(job, &a, out, log, slot, (size_t)c->args->jobs, err);
    argv_release(&a);
    buf_release(&line);
    return rc;
}

static int finish_step(struct context *c, size_t i, int status, struct err *err)
{
    struct plan_step *ps = &c->plan->step[i];
    int code = status == 75 ? ERR_AGAIN : ERR_IO;

    if (spawn_stop_requested())
        return ERR_SET(err, ERR_STOPPED,
                       "stopped; the same command goes on from here");
    if (status != 0)
        return ERR_SET(err, code,
                       "step '%s' failed (exit %d); its log: %s/log.txt",
                       c->spec->step[i].name, status, ps->dir);
    ps->forced = false;
    if (c->spec->step[i].out_option) {
        struct json *doc;
        int rc = plan_receipt(&c->spec->step[i], ps->out, &doc, err);

        if (rc < 0) /* the exit code is not proof: the receipt is */
            return err_prefix(err, "step '%s' left no receipt",
                              c->spec->step[i].name);
        json_free(doc);
    }
    ps->state = PLAN_DONE;
    return plan_publish(c->plan, i, err);
}

struct tally {
    size_t ran, reused;
};

/* Start what can start. *left: chosen steps that have not ended. */
static int start_ready(struct context *c, struct job *jobs, bool *busy,
                       size_t *left, struct tally *t, struct err *err)
{
    int rc = 0;

    *left = 0;
    for (size_t k = 0; rc == 0 && k < c->spec->steps; k++) {
        size_t i = c->spec->order[k], slot = 0;
        struct plan_step *ps = &c->plan->step[i];

        if (busy[i]) {
            *left += 1;
            continue;
        }
        if (ps->state == PLAN_DONE)
            continue;
        if (ps->state == PLAN_UNKNOWN || ps->state == PLAN_WAIT)
            rc = plan_look(c->plan, i, err);
        if (rc == 0 && ps->state == PLAN_DONE && c->chosen[i]) {
            t->reused++;
            if (!c->args->quiet)
                log_info("%s: up to date (%s)", c->spec->step[i].name, ps->fp);
            rc = plan_publish(c->plan, i, err);
            continue;
        }
        if (rc < 0 || !c->chosen[i])
            continue;
        *left += 1;
        if (ps->state != PLAN_RUN) {
            rc = check_inputs(c, i, err);
            continue;
        }
        while (slot < (size_t)c->args->jobs && jobs[slot].pid)
            slot++;
        if (slot == (size_t)c->args->jobs || spawn_stop_requested())
            continue;
        rc = start_step(c, i, &jobs[slot], slot, err);
        busy[i] = rc == 0;
        t->ran += rc == 0;
    }
    return rc;
}

static int wait_one(struct context *c, struct job *jobs, bool *busy,
                    struct err *err)
{
    size_t which;
    int status, rc;

    rc = spawn_wait(jobs, (size_t)c->args->jobs, &which, &status, err);
    if (rc < 0)
        return rc;
    busy[jobs[which].id] = false;
    return finish_step(c, jobs[which].id, status, err);
}

/* A failure lets the steps that run finish, but starts no more. */
static int drain(struct context *c, struct job *jobs, bool *busy)
{
    struct err other = ERR_INIT;

    for (;;) {
        size_t slot = 0;

        while (slot < (size_t)c->args->jobs && !jobs[slot].pid)
            slot++;
        if (slot == (size_t)c->args->jobs)
            return 0;
        if (wait_one(c, jobs, busy, &other) < 0 && other.code == ERR_IO)
            log_error("%s", other.msg);
    }
}

static int run_steps(struct context *c, struct tally *t, struct err *err)
{
    struct job jobs[64] = { { 0 } };
    bool busy[SPEC_STEPS_MAX] = { false };
    size_t left = 1;
    int rc = 0;

    while (rc == 0) {
        rc = start_ready(c, jobs, busy, &left, t, err);
        if (rc < 0 || left == 0)
            break;
        if (spawn_stop_requested())
            rc = ERR_SET(err, ERR_STOPPED,
                         "stopped; the same command goes on from here");
        else
            rc = wait_one(c, jobs, busy, err);
    }
    drain(c, jobs, busy);
    return rc;
}

/* What steps with "show" printed, also when they were reused. */
static int show_results(const struct context *c, struct err *err)
{
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < c->spec->steps; k++) {
        size_t i = c->spec->order[k];
        struct buf b = BUF_INIT(1 << 20);
        char path[FILE_PATH_MAX];

        if (!c->spec->step[i].show || c->plan->step[i].state != PLAN_DONE)
            continue;
        rc = file_join(path, c->plan->step[i].dir, "stdout.txt", err);
        if (rc == 0)
            rc = file_read(&b, path, err);
        if (rc == 0)
            fputs(buf_str(&b), stdout);
        buf_release(&b);
    }
    fflush(stdout);
    return rc;
}

static int do_run(struct context *c, struct err *err)
{
    struct tally t = { 0, 0 };
    char path[FILE_PATH_MAX];
    time_t begin = time(NULL);
    int fd = -1, rc = choose(c, err);

    c->plan->threads = c->args->threads[0] ? c->args->threads : NULL;
    if (rc == 0)
        rc = file_mkdirs(c->plan->root, err);
    if (rc == 0)
        rc = file_join(path, c->plan->root, "lock", err);
    if (rc == 0)
        rc = lock_take(&fd, path, err);
    if (rc < 0)
        return rc;
    spawn_catch_signals();
    rc = run_steps(c, &t, err);
    if (rc == 0)
        rc = show_results(c, err);
    log_info("done ran=%zu reused=%zu seconds=%lld", t.ran, t.reused,
             (long long)(time(NULL) - begin));
    close(fd);
    return rc;
}

/* ---- looking ---- */

static const char *state_word(enum plan_state s)
{
    switch (s) {
    case PLAN_DONE:
        return "up to date";
    case PLAN_RUN:
        return "run";
    case PLAN_WAIT:
        return "run if inputs change";
    case PLAN_UNKNOWN:
        break;
    }
    return "?";
}

/* The reasons as one line. */
static void fold(struct buf *b)
{
    while (b->len && b->ptr[b->len - 1] == '\n')
        b->ptr[--b->len] = '\0';
    for (size_t i = 0; i < b->len; i++)
        if (b->ptr[i] == '\n')
            b->ptr[i] = ';';
}

static int print_json(struct json_node *n, struct err *err)
{
    struct buf b = BUF_INIT(16 << 20);
    int rc = json_print(&b, n, true, err);

    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    json_node_free(n);
    return rc;
}

static int do_plan(struct context *c, struct err *err)
{
    struct json_node *all = json_new_array();
    size_t runs = 0;
    int rc = look_at_all(c, err);

    for (size_t k = 0; rc == 0 && k < c->spec->steps; k++) {
        size_t i = c->spec->order[k];
        struct buf why = BUF_INIT(1 << 20);
        struct json_node *o = json_new_object();

        if (c->chosen[i]) {
            rc = plan_why(c->plan, i, &why, err);
            fold(&why);
            runs += c->plan->step[i].state != PLAN_DONE;
            json_set_str(o, "step", c->spec->step[i].name);
            json_set_str(o, "action", state_word(c->plan->step[i].state));
            json_set_str(o, "why", buf_str(&why));
            if (!c->args->json && c->plan->step[i].state != PLAN_DONE)
                printf("%-14s %-21s %s\n", c->spec->step[i].name,
                       state_word(c->plan->step[i].state), buf_str(&why));
            json_push(all, o);
        } else {
            json_node_free(o);
        }
        buf_release(&why);
    }
    if (rc == 0 && c->args->json)
        return print_json(all, err);
    json_node_free(all);
    if (rc == 0)
        printf("%zu of %zu steps to run\n", runs, c->spec->steps);
    return rc;
}

static int need_word(const struct context *c, size_t *i, struct err *err)
{
    if (!c->word)
        return ERR_SET(err, ERR_USAGE,
                       "the name of a step is missing after the file");
    return spec_find(c->spec, c->word, i, err);
}

static int do_why(struct context *c, struct err *err)
{
    struct buf b = BUF_INIT(1 << 20);
    size_t i = 0;
    int rc = need_word(c, &i, err);

    if (rc == 0)
        rc = look_at_all(c, err);
    if (rc == 0)
        rc = plan_why(c->plan, i, &b, err);
    if (rc == 0)
        printf("%s: %s\n%s", c->word, state_word(c->plan->step[i].state),
               buf_str(&b));
    buf_release(&b);
    return rc;
}

static void status_line(const struct context *c, size_t i)
{
    struct err none = ERR_INIT;
    struct json *doc = NULL;
    const struct json_node *counts;
    char fp[13] = "-", out[FILE_PATH_MAX] = "";
    const char *state = "not made";

    if (plan_current(c->plan, i, fp, out, &none) == 0 &&
        (!c->spec->step[i].out_option ||
         plan_receipt(&c->spec->step[i], out, &doc, &none) == 0))
        state = strcmp(fp, c->plan->step[i].fp) == 0 ? "done" : "stale";
    counts = json_get(json_root(doc), "counts");
    printf("%-14s %-9s %-13s kept %-9.0f rejected %-7.0f failed %-5.0f %s\n",
           c->spec->step[i].name, state, fp,
           json_num(json_get(counts, "kept"), 0.0),
           json_num(json_get(counts, "rejected"), 0.0),
           json_num(json_get(counts, "failed"), 0.0), out);
    json_free(doc);
}

static int do_status(struct context *c, struct err *err)
{
    int rc = look_at_all(c, err);

    for (size_t k = 0; rc == 0 && k < c->spec->steps; k++)
        status_line(c, c->spec->order[k]);
    return rc;
}

static int do_check(struct context *c, struct err *err)
{
    (void)err;
    printf("%s: %zu steps, all names, options and references are right\n",
           c->spec->path, c->spec->steps);
    return 0;
}

static int do_log(struct context *c, struct err *err)
{
    struct buf b = BUF_INIT(64 << 20);
    char fp[13], out[FILE_PATH_MAX], dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    size_t i = 0;
    int rc = need_word(c, &i, err);

    if (rc == 0)
        rc = plan_current(c->plan, i, fp, out, err);
    if (rc == 0)
        rc = file_join(dir, c->plan->root, c->word, err);
    if (rc == 0)
        rc = file_join(path, dir, fp, err);
    if (rc == 0)
        rc = file_join(dir, path, "log.txt", err);
    if (rc == 0)
        rc = file_read(&b, dir, err);
    if (rc == 0)
        fputs(buf_str(&b), stdout);
    buf_release(&b);
    return rc;
}

/* The bytes of one finished output against its receipt. */
static int verify_output(const struct step *st, const char *out,
                         struct err *err)
{
    struct json *doc;
    char hex[65];
    int rc;

    if (st->out_role == PORT_OUT_STORE)
        return store_verify(out, err);
    rc = plan_receipt(st, out, &doc, err);
    if (rc < 0)
        return rc;
    rc = st->out_role == PORT_OUT_DIR
             ? file_tree_digest(hex, out, "receipt.json", err)
             : file_digest(hex, out, err);
    if (rc == 0 &&
        strcmp(hex, json_str(json_get(json_root(doc), "digest"), "")) != 0)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s: damaged: digest %.12s, its receipt says %.12s", out,
                     hex, json_str(json_get(json_root(doc), "digest"), "?"));
    json_free(doc);
    return rc;
}

static int do_verify(struct context *c, struct err *err)
{
    size_t bad = 0, good = 0;

    for (size_t k = 0; k < c->spec->steps; k++) {
        const struct step *st = &c->spec->step[c->spec->order[k]];
        char fp[13], out[FILE_PATH_MAX];
        struct err e = ERR_INIT;

        if (!st->out_option ||
            plan_current(c->plan, c->spec->order[k], fp, out, &e) < 0)
            continue;
        if (verify_output(st, out, &e) == 0) {
            good++;
            continue;
        }
        bad++;
        printf("%s: %s\n", st->name, e.msg);
    }
    printf("%zu outputs are whole, %zu are damaged\n", good, bad);
    return bad ? ERR_SET(err, ERR_FORMAT, "%zu damaged outputs", bad) : 0;
}

/* ---- graph ---- */

static void graph_edges(const struct context *c, const char *arrow,
                        const char *end)
{
    for (size_t k = 0; k < c->spec->steps; k++) {
        const struct step *st = &c->spec->step[c->spec->order[k]];

        for (size_t r = 0; r < st->refs; r++)
            if (st->ref[r].step >= 0)
                printf("  %s%s%s %s %s%s%s%s\n", end,
                       c->spec->step[st->ref[r].step].name, end, arrow, end,
                       st->name, end, end[0] ? ";" : "");
    }
}

static void graph_ascii(const struct context *c)
{
    for (size_t k = 0; k < c->spec->steps; k++) {
        const struct step *st = &c->spec->step[c->spec->order[k]];

        printf("%-14s %s%s%s", st->name, st->stage, st->command ? " " : "",
               st->command ? st->command : "");
        for (size_t r = 0; r < st->refs; r++)
            printf("%s%s %s", r ? ", " : "  <- ", st->ref[r].option,
                   st->ref[r].step >= 0 ? c->spec->step[st->ref[r].step].name
                                        : file_base(st->ref[r].value));
        putchar('\n');
    }
}

static int do_graph(struct context *c, struct err *err)
{
    (void)err;
    if (strcmp(c->args->format, "dot") == 0) {
        printf("digraph \"%s\" {\n", c->spec->name);
        graph_edges(c, "->", "\"");
        puts("}");
    } else if (strcmp(c->args->format, "mermaid") == 0) {
        puts("graph TD");
        graph_edges(c, "-->", "");
    } else {
        graph_ascii(c);
    }
    return 0;
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
    { SPEC("status", "Print each step's output and counts.", look_rows),
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
    struct context c = { args, &spec, &plan, word, { false } };
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
        rc = commands[command].fn(&c, err);
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
