/*
 * catalog.h - what the stages beside the runner take and make, as they say
 * themselves (--describe). Each program is asked once.
 *
 * A description is a table of rows, one an option; inputs and outputs are
 * options whose role says so, and have another name (their port) in pipeline
 * files. Nodes live as long as the catalog.
 */
#ifndef DAG_CATALOG_H
#define DAG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/json.h"

enum port_role { /* as opt_role_name() spells them */
                 PORT_PLAIN,
                 PORT_IN_STORE,
                 PORT_IN_FILE,
                 PORT_IN_MODEL,
                 PORT_OUT_STORE,
                 PORT_OUT_FILE,
                 PORT_OUT_DIR,
                 PORT_STATE
};

struct catalog {
    char bin[FILE_PATH_MAX]; /* where the stages are */
    struct json **about;     /* descriptions so far; owned */
    size_t abouts;
};

void catalog_init(struct catalog *c, const char *bin);
void catalog_release(struct catalog *c);

/*
 * The description of what a step's "stage" and "command" name; step is its
 * node in doc. *command is NULL for stages without commands. ERR_FORMAT: no
 * such stage or command (names the nearest), a command missing or too many,
 * the program fails.
 */
int catalog_find(struct catalog *c, const struct json *doc,
                 const struct json_node *step, const struct json_node **about,
                 const char **command, struct err *err) MUST_CHECK;

/* The first row of a description; json_next() gives the others. */
const struct json_node *catalog_rows(const struct json_node *about);
/* The role of a row. Its text at `key`, "" when absent. */
enum port_role catalog_role(const struct json_node *row);
const char *catalog_text(const struct json_node *row, const char *key);
bool catalog_is_input(enum port_role r);
bool catalog_is_output(enum port_role r);

/* The row of this option, or of the input with this port; NULL: none. */
const struct json_node *catalog_option(const struct json_node *about,
                                       const char *name);
const struct json_node *catalog_input(const struct json_node *about,
                                      const char *port);

/*
 * Values are checked against their row before anything runs, so that a bad one
 * is an error of the file and not of a stage an hour later. at: the node in
 * doc whose text this is. ERR_FORMAT.
 */
int catalog_check(const struct json_node *row, const struct json *doc,
                  const struct json_node *at, const char *text,
                  struct err *err) MUST_CHECK;

#endif
