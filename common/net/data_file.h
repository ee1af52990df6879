/*
 * data_file.h - files that belong to the program and are named without a path:
 * profiles and prompt templates. They lie in a folder that an environment
 * variable names, in pipelines/ of the source tree, or in PREFIX/share.
 */
#ifndef NET_DATA_FILE_H
#define NET_DATA_FILE_H

#include "base/err.h"
#include "base/file.h"

struct data_kind {
    const char *what;   /* "profile", for messages */
    const char *folder; /* "profiles" */
    const char *ending; /* ".json" */
    const char *env;    /* variable with a folder of the user's */
};

/* path: name itself when it is a file or has a slash, else the file of that
 * name. ERR_NOTFOUND lists those that are there. */
int data_file_find(char path[FILE_PATH_MAX], const struct data_kind *k,
                   const char *name, struct err *err) MUST_CHECK;

#endif
