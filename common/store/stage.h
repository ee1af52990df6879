/*
 * stage.h - what every stage does around its work: options, fingerprint,
 * refusing to overwrite, signals, counts, rejected records, the receipt, the
 * run record, the last line. main() of a stage is one call.
 *
 *     static int run(struct stage *st, struct err *err) { ... }
 *     int main(int argc, char **argv)
 *     {
 *         static struct args args;
 *         static const struct stage_spec spec = { &opts, &args,
 *                                                 sizeof(args), run };
 *         const struct stage_spec *all[] = { &spec };
 *         return stage_main(all, 1, argc, argv);
 *     }
 *
 * Hidden option of every stage: --fingerprint prints, instead of working, the
 * components that decide the output's content, as a JSON array of
 * {"name","value"}: stage, version, schema, each result-changing option,
 * digest of each input. The runner compares them with the receipt's.
 */
#ifndef STORE_STAGE_H
#define STORE_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opt.h"
#include "store/records.h"
#include "store/store.h"

/* Every args struct begins with this. */
struct stage_args {
    int64_t seed;
    int64_t threads; /* 0: the CPUs this process may use */
    int64_t max_failures;
    const char *rejects; /* path, "" = none */
    const char *isa;
    int quiet, force;
};

/* Splice first into every option table: STAGE_ROWS(struct args, common). */
#define STAGE_ROWS(st, f) \
    OPT_ROW_INT(0, "seed", st, f.seed, "1", 0, 4294967295.0, 0, \
                "seed of every random choice"), \
        OPT_ROW_INT('t', "threads", st, f.threads, "0", 0, 1024, \
                    OPT_NO_RESULT, \
                    "worker threads; 0: the CPUs this process may use"), \
        OPT_ROW_INT(0, "max-failures", st, f.max_failures, "0", 0, 1e15, \
                    OPT_NO_RESULT, "bad records to put aside before failing"), \
        OPT_ROW_STR( \
            0, "rejects", st, f.rejects, "", "FILE", \
            OPT_NO_RESULT | OPT_WRITTEN, \
            "write bad records with their reasons to FILE (JSON lines)"), \
        OPT_ROW_CHOICE(0, "isa", st, f.isa, "auto", "auto|base|avx2|avx512", \
                       OPT_NO_RESULT, "widest instruction set to use"), \
        OPT_ROW_FLAG('q', "quiet", st, f.quiet, OPT_NO_RESULT, \
                     "print errors and the last line only"), \
        OPT_ROW_FLAG('f', "force", st, f.force, OPT_NO_RESULT, \
                     "replace an output that is there")

/* seen = kept + rejected + failed, always. */
struct stage_counts {
    uint64_t seen, kept, rejected, failed;
};

struct stage {
    const struct opt_spec *opts;
    void *args;                /* the filled args struct */
    struct stage_args *common; /* its head */
    struct stage_counts n;     /* the stage counts here */
    struct json_node *extra;   /* object: more facts for the receipt; must be
                                  the same in every run (no times, hosts) */
    struct json_node *run;     /* object: facts for the run record only */
    char out[4096];            /* the output's path; "" when none */
    char part[4096];           /* out + ".part": build the output here */
    bool resumed;              /* a .part of the same fingerprint exists */
    struct stage_state *state; /* private */
};

struct stage_spec {
    const struct opt_spec *opts;
    void *args; /* a static struct that begins with struct stage_args */
    size_t args_size;
    int (*run)(struct stage *st, struct err *err);
    bool resumes; /* run() continues a .part; else it is removed first */
    /* Before the fingerprint and run(), after the CPU is known: replace an
     * option that stands for another ("auto") by it; NULL: nothing. */
    int (*resolve)(struct stage *st, struct err *err);
    /* Add what decides the output and is neither an option nor an input, such
     * as the digest of a file that an input names; NULL: nothing. */
    int (*identity)(struct stage *st, struct err *err);
};

/* In identity(): one more component of the fingerprint. */
void stage_add_identity(struct stage *st, const char *name, const char *value);

/* A digest of the fingerprint, for what must not be mixed up with other inputs
 * or options. */
int stage_identity(const struct stage *st, char hex[65],
                   struct err *err) MUST_CHECK;

/*
 * Parse, check the output, run, finish; returns the exit status.
 * - The output exists with the same fingerprint: says so, exit 0 (--force
 *   makes it again). With another: refuses (exit 2) unless --force.
 * - SIGINT / SIGTERM set a flag that stage_stopped() reads; run() returns
 *   ERR_STOPPED after committing, and the exit status is 130 / 143.
 * - Last line on stderr: done seen= kept= rejected= failed= seconds=.
 */
int stage_main(const struct stage_spec *const *specs, size_t n, int argc,
               char **argv);

/* True once a stop was asked for. Test it once per batch. */
bool stage_stopped(void);
/* "interrupted; run the same command again to go on" as ERR_STOPPED. */
int stage_stop(struct err *err) MUST_CHECK;

/*
 * A bad record: counts it (seen and failed), logs it, writes it to --rejects
 * as {"where","reason","record"}; ERR_FORMAT once --max-failures is passed.
 * where: "file.tsv:12" or "pair 31"; record: its text, may be NULL.
 */
int stage_fail_record(struct stage *st, const char *where, const char *reason,
                      const char *record, struct err *err) MUST_CHECK;

/* Part of a record was not good enough: to --rejects, counted nowhere. */
int stage_note_reject(struct stage *st, const char *where, const char *reason,
                      const char *record, struct err *err) MUST_CHECK;

/* Open st->part for a store output; kind as in store_create(). A leftover of
 * another fingerprint was removed by stage_main(). */
int stage_create(struct stage *st, struct store **out, const char *kind,
                 struct err *err) MUST_CHECK;
/* store_finish() with the receipt: fingerprint, counts, extra. Frees s. */
int stage_finish(struct stage *st, struct store *s, struct err *err) MUST_CHECK;
/* For OUT_DIR: the stage fills the folder st->part (made empty by this). */
int stage_create_dir(struct stage *st, struct err *err) MUST_CHECK;
/* Writes receipt.json (fingerprint, counts, tree digest) last, syncs, renames
 * st->part to st->out. */
int stage_finish_dir(struct stage *st, struct err *err) MUST_CHECK;
/* For OUT_FILE: the stage writes st->part; this syncs and renames it, and
 * writes out.receipt.json beside it. */
int stage_finish_file(struct stage *st, struct err *err) MUST_CHECK;

/* Of an input with OPT_OR_FILE: a store, by its ending, not a user's file. */
bool stage_is_store(const char *path);

/* Where a model name leads: a folder path, or the cache's. No network. Used
 * for the fingerprint and by stages; fills out[4096]. ERR_NOTFOUND says how
 * to fetch it. The digest of a folder covers all its files but receipt.json.
 * Cache: $SILVERSMITH_CACHE, else ~/.cache/silversmith; models are in
 * models/NAME below it, "/" in NAME as "--". */
int stage_model_path(char out[4096], const char *name,
                     struct err *err) MUST_CHECK;
/* Where the cache has, or would have, the model; "" for the folder of all. */
int stage_model_cache(char out[4096], const char *name,
                      struct err *err) MUST_CHECK;

#endif
