#include "base/opt.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 96, WORDS_MAX = 160 };

static void *field_of(const struct opt *o, void *args)
{
    return (char *)args + o->offset;
}

static const void *const_field(const struct opt *o, const void *args)
{
    return (const char *)args + o->offset;
}

const char *opt_role_name(enum opt_role role)
{
    switch (role) {
    case OPT_PLAIN:
        return "option";
    case OPT_IN_STORE:
        return "in-store";
    case OPT_IN_FILE:
        return "in-file";
    case OPT_IN_MODEL:
        return "in-model";
    case OPT_OUT_STORE:
        return "out-store";
    case OPT_OUT_FILE:
        return "out-file";
    case OPT_OUT_DIR:
        return "out-dir";
    case OPT_STATE:
        return "state";
    }
    return "?";
}

static const char *type_name(enum opt_type type)
{
    switch (type) {
    case OPT_FLAG:
        return "flag";
    case OPT_INT:
        return "integer";
    case OPT_REAL:
        return "number";
    case OPT_STR:
    case OPT_LIST:
    case OPT_END_:
        return "string";
    }
    return "?";
}

/* ---- values ---- */

static bool is_choice(const char *choices, const char *text)
{
    size_t n = strlen(text);

    if (strchr(text, '|'))
        return false;
    for (const char *c = choices; c;
         c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        if (strncmp(c, text, n) == 0 && (c[n] == '|' || c[n] == '\0'))
            return true;
    return false;
}

static int store_number(const struct opt *o, const char *text, void *args,
                        struct err *err)
{
    char *end;
    double real;

    errno = 0;
    real = strtod(text, &end);
    if (errno == 0 && end != text && !*end && real >= o->min &&
        real <= o->max && (o->type == OPT_REAL || real == floor(real))) {
        if (o->type == OPT_REAL)
            *(double *)field_of(o, args) = real;
        else if (o->type == OPT_INT)
            *(int64_t *)field_of(o, args) = (int64_t)real;
        else
            *(int *)field_of(o, args) = (int)real;
        return 0;
    }
    return ERR_SET(
        err, ERR_USAGE, "--%s %s: expected %s in [%.15g, %.15g]", o->long_name,
        text, o->type == OPT_REAL ? "a number" : "an integer", o->min, o->max);
}

static int store_value(const struct opt *o, const char *text, void *args,
                       struct err *err)
{
    struct opt_list *list;

    switch (o->type) {
    case OPT_STR:
        if (o->choice && !is_choice(o->choice, text))
            return ERR_SET(err, ERR_USAGE, "--%s %s: expected one of %s",
                           o->long_name, text, o->choice);
        *(const char **)field_of(o, args) = text;
        return 0;
    case OPT_LIST:
        list = field_of(o, args);
        if (list->n == OPT_LIST_MAX)
            return ERR_SET(err, ERR_USAGE, "--%s: given more than %d times",
                           o->long_name, OPT_LIST_MAX);
        list->item[list->n++] = text;
        return 0;
    case OPT_FLAG:
    case OPT_INT:
    case OPT_REAL:
        return store_number(o, text, args, err);
    case OPT_END_:
        break;
    }
    assert(!"option row without a type");
    return ERR_USAGE;
}

int opt_value(struct buf *b, const struct opt *o, const void *args,
              struct err *err)
{
    const void *field = const_field(o, args);
    const struct opt_list *list;
    int rc = 0;

    switch (o->type) {
    case OPT_STR:
        return buf_puts(b, *(const char *const *)field, err);
    case OPT_FLAG:
        return buf_puts(b, *(const int *)field ? "true" : "false", err);
    case OPT_INT:
        return buf_printf(b, err, "%lld", (long long)*(const int64_t *)field);
    case OPT_REAL:
        return buf_printf(b, err, "%.15g", *(const double *)field);
    case OPT_LIST:
        list = field;
        for (size_t i = 0; rc == 0 && i < list->n; i++)
            rc = buf_printf(b, err, "%s%s", i ? "," : "", list->item[i]);
        return rc;
    case OPT_END_:
        break;
    }
    return 0;
}

/* ---- names ---- */

/* Damerau-Levenshtein distance of short words. */
static size_t distance(const char *a, const char *b)
{
    enum { MAX = 40 };
    size_t d[MAX + 1][MAX + 1], n = strlen(a), m = strlen(b);

    if (n > MAX || m > MAX)
        return MAX;
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *opt_nearest(const char *word, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t near = strlen(word) / 3 + 2; /* further away is not a typo */

    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, words[i]);

        if (d < near) {
            near = d;
            best = words[i];
        }
    }
    return best;
}

static const struct opt *find(const struct opt *opts, const char *name,
                              size_t len)
{
    for (const struct opt *o = opts; o->long_name; o++)
        if (strncmp(o->long_name, name, len) == 0 && !o->long_name[len])
            return o;
    return NULL;
}

static const struct opt *find_short(const struct opt *opts, char c)
{
    for (const struct opt *o = opts; o->long_name; o++)
        if (c && o->short_name == c)
            return o;
    return NULL;
}

static int unknown(const struct opt_spec *spec, const char *arg,
                   struct err *err)
{
    const char *words[WORDS_MAX], *near;
    size_t n = 0, bare = strspn(arg, "-");

    if (bare == 0)
        return ERR_SET(err, ERR_USAGE,
                       "unexpected argument '%s', expected an option", arg);
    for (const struct opt *o = spec->opts; o->long_name; o++)
        words[n++] = o->long_name;
    near = opt_nearest(arg + bare, words, n);
    return ERR_SET(err, ERR_USAGE, "unknown option '%s'%s%s%s; see --help", arg,
                   near ? " (--" : "", near ? near : "", near ? "?)" : "");
}

/* ---- help and description ---- */

static void print_row(const struct opt *o)
{
    char left[64];
    bool shown = o->dflt && o->dflt[0] && o->type != OPT_FLAG &&
                 !(o->flags & OPT_REQUIRED);

    snprintf(left, sizeof(left), "--%s%s%s", o->long_name, o->arg ? " " : "",
             o->arg ? o->arg : "");
    if (o->short_name)
        printf("  -%c, %-24s %s", o->short_name, left, o->help);
    else
        printf("      %-24s %s", left, o->help);
    if (o->choice)
        printf(" (%s)", o->choice);
    if (o->flags & OPT_REQUIRED)
        printf(" (required)");
    if (o->type == OPT_LIST)
        printf(" (may be repeated)");
    if (shown)
        printf(" [%s]", o->dflt);
    putchar('\n');
}

static void print_help(const struct opt_spec *spec)
{
    printf("Usage: %s%s%s", spec->program, spec->command ? " " : "",
           spec->command ? spec->command : "");
    for (const struct opt *o = spec->opts; o->long_name; o++)
        if (o->flags & OPT_REQUIRED)
            printf(" --%s %s", o->long_name, o->arg);
    printf(" [options]\n%s\n\nOptions:\n", spec->summary);
    for (const struct opt *o = spec->opts; o->long_name; o++)
        print_row(o);
    printf("      %-24s %s\n      %-24s %s\n      %-24s %s\n", "--help",
           "print this", "--version", "print the version", "--describe",
           "print inputs, outputs and options as JSON");
    printf("\nExample:\n  %s\n", spec->example);
}

static void describe_default(struct json_node *n, const struct opt *o)
{
    if (o->flags & OPT_REQUIRED || o->type == OPT_LIST)
        return;
    if (o->type == OPT_FLAG)
        json_set_bool(n, "default", false);
    else if (o->type == OPT_STR)
        json_set_str(n, "default", o->dflt);
    else
        json_set_num(n, "default", strtod(o->dflt, NULL));
}

static struct json_node *describe_row(const struct opt *o)
{
    struct json_node *n = json_new_object();

    json_set_str(n, "name", o->long_name);
    json_set_str(n, "type", type_name(o->type));
    json_set_str(n, "role", opt_role_name(o->role));
    if (o->role != OPT_PLAIN)
        json_set_str(n, "port", o->port ? o->port : o->long_name);
    describe_default(n, o);
    if (o->type == OPT_INT || o->type == OPT_REAL) {
        json_set_num(n, "min", o->min);
        json_set_num(n, "max", o->max);
    }
    if (o->choice)
        json_set_str(n, "choices", o->choice);
    json_set_bool(n, "required", o->flags & OPT_REQUIRED);
    json_set_bool(n, "list", o->type == OPT_LIST);
    json_set_bool(n, "result", !(o->flags & OPT_NO_RESULT));
    json_set_str(n, "help", o->help);
    return n;
}

struct json_node *opt_describe(const struct opt_spec *spec)
{
    struct json_node *n = json_new_object(), *rows = json_new_array();

    json_set_str(n, "program", spec->program);
    if (spec->command)
        json_set_str(n, "command", spec->command);
    json_set_num(n, "version", spec->version);
    json_set_str(n, "summary", spec->summary);
    for (const struct opt *o = spec->opts; o->long_name; o++)
        json_push(rows, describe_row(o));
    json_set(n, "options", rows);
    return n;
}

static int print_node(struct json_node *n, struct err *err)
{
    struct buf b = BUF_INIT(1 << 22);
    int rc = json_print(&b, n, true, err);

    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    json_node_free(n);
    return rc < 0 ? rc : OPT_HANDLED;
}

static void print_version(const struct opt_spec *spec)
{
    printf("%s (silversmith) %s, stage version %d\n", spec->program, VERSION,
           spec->version);
}

/* ---- parsing ---- */

static int take(const struct opt_spec *spec, int argc, char **argv, int *i,
                void *args, bool *seen, struct err *err)
{
    const char *arg = argv[*i], *value = NULL;
    const struct opt *o = NULL;

    if (strncmp(arg, "--", 2) == 0) {
        size_t len = strcspn(arg + 2, "=");

        o = find(spec->opts, arg + 2, len);
        if (arg[2 + len] == '=')
            value = arg + 3 + len;
    } else if (arg[0] == '-' && arg[1] && !arg[2]) {
        o = find_short(spec->opts, arg[1]);
    }
    if (!o)
        return unknown(spec, arg, err);
    if (o->type == OPT_FLAG && !value)
        value = "1";
    if (!value && *i + 1 == argc)
        return ERR_SET(err, ERR_USAGE, "--%s needs a value", o->long_name);
    if (!value)
        value = argv[++*i];
    if (seen[o - spec->opts] && o->type != OPT_LIST)
        return ERR_SET(err, ERR_USAGE, "--%s is given twice", o->long_name);
    seen[o - spec->opts] = true;
    return store_value(o, value, args, err);
}

static int set_defaults(const struct opt_spec *spec, void *args,
                        struct err *err)
{
    for (const struct opt *o = spec->opts; o->long_name; o++) {
        const char *dflt = o->flags & OPT_REQUIRED ? NULL : o->dflt;
        int rc;

        assert(o - spec->opts < ROWS_MAX);
        if (o->type == OPT_STR && !dflt)
            *(const char **)field_of(o, args) = "";
        if (!dflt || o->type == OPT_LIST)
            continue;
        if (o->type == OPT_STR) { /* a default may lie outside the choices */
            *(const char **)field_of(o, args) = dflt;
            continue;
        }
        rc = store_value(o, dflt, args, err);
        assert(rc == 0); /* the row itself is wrong */
        (void)rc;
    }
    return 0;
}

int opt_parse(const struct opt_spec *spec, int argc, char **argv, void *args,
              size_t args_size, struct err *err)
{
    bool seen[ROWS_MAX] = { false };
    int rc;

    memset(args, 0, args_size);
    rc = set_defaults(spec, args, err);
    for (int i = 1; rc == 0 && i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(spec);
            return OPT_HANDLED;
        }
        if (strcmp(argv[i], "--version") == 0) {
            print_version(spec);
            return OPT_HANDLED;
        }
        if (strcmp(argv[i], "--describe") == 0)
            return print_node(opt_describe(spec), err);
        rc = take(spec, argc, argv, &i, args, seen, err);
    }
    for (const struct opt *o = spec->opts; rc == 0 && o->long_name; o++)
        if (o->flags & OPT_REQUIRED && !seen[o - spec->opts])
            rc = ERR_SET(err, ERR_USAGE, "--%s is required; see --help",
                         o->long_name);
    return rc;
}

static int no_command(const struct opt_spec *const *specs, size_t n,
                      const char *word, struct err *err)
{
    const char *words[WORDS_MAX], *near;
    size_t len = 0;
    char all[256] = "";

    for (size_t i = 0; i < n; i++)
        words[i] = specs[i]->command;
    for (size_t i = 0; i < n; i++) {
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
                                i ? ", " : "", words[i]);
        if (len >= sizeof(all))
            break;
    }
    if (!word)
        return ERR_SET(err, ERR_USAGE, "a command is missing: one of %s", all);
    near = opt_nearest(word, words, n);
    return ERR_SET(err, ERR_USAGE,
                   "unknown command '%s'%s%s%s, expected one of %s", word,
                   near ? " (" : "", near ? near : "", near ? "?)" : "", all);
}

static void print_commands(const struct opt_spec *const *specs, size_t n)
{
    printf("Usage: %s COMMAND [options]\n\nCommands:\n", specs[0]->program);
    for (size_t i = 0; i < n; i++)
        printf("  %-12s %s\n", specs[i]->command, specs[i]->summary);
    printf("\n%s COMMAND --help tells more.\n\nExample:\n  %s\n",
           specs[0]->program, specs[0]->example);
}

int opt_parse_command(const struct opt_spec *const *specs, size_t n, int argc,
                      char **argv, void *args, size_t args_size,
                      const struct opt_spec **chosen, struct err *err)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    *chosen = NULL;
    if (word && strcmp(word, "--help") == 0) {
        print_commands(specs, n);
        return OPT_HANDLED;
    }
    if (word && strcmp(word, "--version") == 0) {
        print_version(specs[0]);
        return OPT_HANDLED;
    }
    if (word && strcmp(word, "--describe") == 0) {
        struct json_node *all = json_new_array();

        for (size_t i = 0; i < n; i++)
            json_push(all, opt_describe(specs[i]));
        return print_node(all, err);
    }
    for (size_t i = 0; word && i < n; i++)
        if (strcmp(specs[i]->command, word) == 0) {
            *chosen = specs[i];
            return opt_parse(specs[i], argc - 1, argv + 1, args, args_size,
                             err);
        }
    return no_command(specs, n, word, err);
}
