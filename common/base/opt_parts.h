/*
 * opt_parts.h - what opt_print.c does for opt.c: everything that --help,
 * --version and --describe write to stdout. Nobody else includes this.
 */
#ifndef BASE_OPT_PARTS_H
#define BASE_OPT_PARTS_H

#include "base/opt.h"

void opt_print_help(const struct opt_spec *spec);
/* The help of a program with commands. */
void opt_print_commands(const struct opt_spec *const *specs, size_t n);
void opt_print_version(const struct opt_spec *spec);
/* Print n and free it. OPT_HANDLED, or what json_print() fails with. */
int opt_print_node(struct json_node *n, struct err *err) MUST_CHECK;

#endif
