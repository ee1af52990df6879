#include "base/opt.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt_parts.h"

enum { ROWS_MAX = 96, WORDS_MAX = 160 };

static void *field_of(const struct opt *o, void *args)
{
    return (char *)args + o->offset;
}

static const void *const_field(const struct opt *o, const void *args)
{
    return (const char *)args + o->offset;
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
            opt_print_help(spec);
            return OPT_HANDLED;
        }
        if (strcmp(argv[i], "--version") == 0) {
            opt_print_version(spec);
            return OPT_HANDLED;
        }
        if (strcmp(argv[i], "--describe") == 0)
            return opt_print_node(opt_describe(spec), err);
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
    const char *words[WORDS_MAX];
    char near[OPT_HINT];
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
    return ERR_SET(err, ERR_USAGE, "unknown command '%s'%s, expected one of %s",
                   word, opt_hint(near, word, words, n), all);
}

int opt_parse_command(const struct opt_spec *const *specs, size_t n, int argc,
                      char **argv, void *args, size_t args_size,
                      const struct opt_spec **chosen, struct err *err)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    *chosen = NULL;
    if (word && strcmp(word, "--help") == 0) {
        opt_print_commands(specs, n);
        return OPT_HANDLED;
    }
    if (word && strcmp(word, "--version") == 0) {
        opt_print_version(specs[0]);
        return OPT_HANDLED;
    }
    if (word && strcmp(word, "--describe") == 0) {
        struct json_node *all = json_new_array();

        for (size_t i = 0; i < n; i++)
            json_push(all, opt_describe(specs[i]));
        return opt_print_node(all, err);
    }
    for (size_t i = 0; word && i < n; i++)
        if (strcmp(specs[i]->command, word) == 0) {
            *chosen = specs[i];
            return opt_parse(specs[i], argc - 1, argv + 1, args, args_size,
                             err);
        }
    return no_command(specs, n, word, err);
}
