#include "base/opt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/opt_parts.h"

/* ---- help ---- */

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

void opt_print_help(const struct opt_spec *spec)
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

void opt_print_commands(const struct opt_spec *const *specs, size_t n)
{
    printf("Usage: %s COMMAND [options]\n\nCommands:\n", specs[0]->program);
    for (size_t i = 0; i < n; i++)
        printf("  %-12s %s\n", specs[i]->command, specs[i]->summary);
    printf("\n%s COMMAND --help tells more.\n\nExample:\n  %s\n",
           specs[0]->program, specs[0]->example);
}

void opt_print_version(const struct opt_spec *spec)
{
    printf("%s (silversmith) %s, stage version %d\n", spec->program, VERSION,
           spec->version);
}

/* ---- description ---- */

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

int opt_print_node(struct json_node *n, struct err *err)
{
    struct buf b = BUF_INIT(1 << 22);
    int rc = json_print(&b, n, true, err);

    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    json_node_free(n);
    return rc < 0 ? rc : OPT_HANDLED;
}
