/*
 * opt.h - option tables. One row is the only place that knows an option's
 * name, type, default, range, role and help text: the command line, --help,
 * --describe, the pipeline file's checks and the fingerprint all come from
 * it, so none of them can drift.
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum opt_type {
    OPT_END_,
    OPT_FLAG, /* int field, 0 or 1 */
    OPT_INT,  /* int64_t field */
    OPT_REAL, /* double field */
    OPT_STR,  /* const char * field; "" = not given, unless required */
    OPT_LIST, /* struct opt_list field; may be repeated; may be empty */
};

enum opt_role {
    OPT_PLAIN,     /* an option */
    OPT_IN_STORE,  /* a store, or a list of them */
    OPT_IN_FILE,   /* a file of the user's, or a list of them */
    OPT_IN_MODEL,  /* a model: folder, or name that the cache resolves */
    OPT_OUT_STORE, /* the store to make */
    OPT_OUT_FILE,  /* the file to make */
    OPT_OUT_DIR,   /* the folder to make (a model, evaluation results) */
    OPT_STATE,     /* work kept between runs (answers already paid for) */
};

enum opt_flags {
    OPT_REQUIRED = 1,  /* must be given; dflt is ignored */
    OPT_NO_RESULT = 2, /* cannot change the result: not in the fingerprint */
    OPT_OR_FILE = 4,   /* IN_STORE: a file not called .lmdb is one of the
                          user's */
    OPT_WRITTEN = 8,   /* PLAIN: a file that is written beside the output */
};

enum { OPT_LIST_MAX = 64 };
struct opt_list {
    const char *item[OPT_LIST_MAX]; /* point into argv */
    size_t n;
};

struct opt {
    char short_name;       /* 0 if none */
    const char *long_name; /* without dashes */
    enum opt_type type;
    size_t offset;      /* of the field in the args struct */
    const char *dflt;   /* parsed like user input; NULL with OPT_REQUIRED,
                           FLAG and LIST */
    const char *arg;    /* placeholder in the usage text, "FILE"; not FLAG */
    const char *help;   /* no full stop; say the unit */
    double min, max;    /* inclusive range of INT and REAL */
    const char *choice; /* STR: "random|bm25|semantic", or NULL */
    enum opt_role role;
    unsigned flags;   /* enum opt_flags */
    const char *port; /* name in a pipeline file's "in"; NULL: long_name */
};

/* Rows. s short name, l long name, st args struct, f field, d default. */
#define OPT_ROW_FLAG(s, l, st, f, fl, h) \
    { \
        s, l, OPT_FLAG, offsetof(st, f), "0", NULL, h, 0, 1, NULL, OPT_PLAIN, \
            fl, NULL \
    }
#define OPT_ROW_INT(s, l, st, f, d, lo, hi, fl, h) \
    { \
        s, l, OPT_INT, offsetof(st, f), d, "N", h, lo, hi, NULL, OPT_PLAIN, \
            fl, NULL \
    }
#define OPT_ROW_REAL(s, l, st, f, d, lo, hi, fl, h) \
    { \
        s, l, OPT_REAL, offsetof(st, f), d, "X", h, lo, hi, NULL, OPT_PLAIN, \
            fl, NULL \
    }
#define OPT_ROW_STR(s, l, st, f, d, a, fl, h) \
    { \
        s, l, OPT_STR, offsetof(st, f), d, a, h, 0, 0, NULL, OPT_PLAIN, fl, \
            NULL \
    }
#define OPT_ROW_CHOICE(s, l, st, f, d, c, fl, h) \
    { \
        s, l, OPT_STR, offsetof(st, f), d, "NAME", h, 0, 0, c, OPT_PLAIN, fl, \
            NULL \
    }
/* One path: role IN_* or OUT_*; optional ones default to "". */
#define OPT_ROW_PATH(s, l, st, f, role_, a, fl, h) \
    { \
        s, l, OPT_STR, offsetof(st, f), "", a, h, 0, 0, NULL, role_, fl, NULL \
    }
/* The same with another name in pipeline files. */
#define OPT_ROW_PORT(s, l, st, f, role_, a, fl, port_, h) \
    { \
        s, l, OPT_STR, offsetof(st, f), "", a, h, 0, 0, NULL, role_, fl, port_ \
    }
/* Repeatable paths. */
#define OPT_ROW_PATHS(s, l, st, f, role_, a, fl, h) \
    { \
        s, l, OPT_LIST, offsetof(st, f), NULL, a, h, 0, 0, NULL, role_, fl, \
            NULL \
    }
#define OPT_ROW_END \
    { \
        0, NULL, OPT_END_, 0, NULL, NULL, NULL, 0, 0, NULL, OPT_PLAIN, 0, NULL \
    }

struct opt_spec {
    const char *program; /* "records" */
    const char *command; /* "import"; NULL for programs without commands */
    const char *summary; /* one sentence */
    const char *example; /* one command line that works on samples/ */
    const struct opt *opts;
    int version; /* raise it when the same inputs give other results */
};

enum opt_outcome {
    OPT_RUN = 0,
    OPT_HANDLED = 1, /* --help, --version or --describe was printed: exit 0 */
};

/*
 * Fill *args (zeroed by the callee, size args_size) from argv; argv[0] is
 * skipped. Returns an enum opt_outcome or ERR_USAGE, with the nearest right
 * name for an unknown option. No positional arguments, no abbreviations;
 * "--name=value" and "--name value" both work. --help, --version and
 * --describe are understood in every table.
 */
int opt_parse(const struct opt_spec *spec, int argc, char **argv, void *args,
              size_t args_size, struct err *err) MUST_CHECK;
/* The same over several tables: argv[1] is the command. On OPT_RUN *chosen
 * is its table. --describe without a command prints all of them. */
int opt_parse_command(const struct opt_spec *const *specs, size_t n, int argc,
                      char **argv, void *args, size_t args_size,
                      const struct opt_spec **chosen,
                      struct err *err) MUST_CHECK;

/* What --describe prints for one table: {"program","command","version",
 * "summary","options":[{"name","type","default","min","max","choices",
 * "unit","role","port","required","list","result","help"}]}. */
struct json_node *opt_describe(const struct opt_spec *spec);
/* The value as canonical text ("0.85", "true", "bm25"). */
int opt_value(struct buf *b, const struct opt *o, const void *args,
              struct err *err) MUST_CHECK;
/* The word of `words` nearest to `word` by edit distance, or NULL when none
 * is near. */
const char *opt_nearest(const char *word, const char *const *words, size_t n);
/* The same as the end of a message, " (near?)" or "", in out. */
enum { OPT_HINT = 128 };
const char *opt_hint(char out[OPT_HINT], const char *word,
                     const char *const *words, size_t n);
/* "in-store", "model", ... as --describe prints them. */
const char *opt_role_name(enum opt_role role);

#endif
