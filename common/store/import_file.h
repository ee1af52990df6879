/*
 * import_file.h - a user's file becomes the output of a stage.
 */
#ifndef STORE_IMPORT_FILE_H
#define STORE_IMPORT_FILE_H

#include "store/import.h"
#include "store/stage.h"

struct import_options {
    const char *path, *columns;
    enum rows_format format;
    bool header;
    struct import_rules rules;
    uint64_t limit; /* random sample of so many good records; 0: all */
    uint64_t seed;
};
/*
 * Makes st's output: a store of the kind that the columns tell. Counted:
 * rejected = texts that are there already, and what the sample left out.
 * A bad row is a bad record, named by its line.
 */
int import_file(struct stage *st, const struct import_options *o,
                struct err *err) MUST_CHECK;

#endif
