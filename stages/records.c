/*
 * records - bring records into stores, take them out, look at them.
 *
 * import, export: a user's file <-> a store    split, merge: store(s) -> store
 * show, stats, verify: a store -> the terminal
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/export.h"
#include "store/import_file.h"
#include "store/merge.h"
#include "store/review.h"
#include "store/show.h"
#include "store/split.h"
#include "store/stage.h"
#include "store/summary.h"

/* ---- import ---- */

struct import_args {
    struct stage_args common;
    const char *in, *out, *format, *columns, *range, *origin;
    int64_t limit;
    int header;
};

static const struct opt import_rows[] = {
    STAGE_ROWS(struct import_args, common),
    OPT_ROW_PORT('i', "in", struct import_args, in, OPT_IN_FILE, "FILE",
                 OPT_REQUIRED, "file", "file of records"),
    OPT_ROW_PATH('o', "out", struct import_args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store to make"),
    OPT_ROW_CHOICE(0, "format", struct import_args, format, "auto",
                   "auto|tsv|csv|jsonl|text|argilla|label-studio", 0,
                   "auto: by the file's ending, else by its first line; the "
                   "last two: what people answered there"),
    OPT_ROW_STR(0, "columns", struct import_args, columns, "", "LIST", 0,
                "what the columns are, like a,b,label or "
                "a=sentence1,b=sentence2,score; - skips one; known names and "
                "numbers of columns need none"),
    OPT_ROW_FLAG(0, "header", struct import_args, header, 0,
                 "the first row of a table holds names"),
    OPT_ROW_STR(0, "score-range", struct import_args, range, "0:1", "LO:HI", 0,
                "scores lie in LO to HI and become 0 to 1"),
    OPT_ROW_CHOICE(0, "origin", struct import_args, origin, "gold",
                   "gold|silver|llm|random|bm25|semantic|unknown", 0,
                   "who made the pairs; a score of gold is a label"),
    OPT_ROW_INT(0, "limit", struct import_args, limit, "0", 0, 4e9, 0,
                "take a random sample of N records; 0: all"),
    OPT_ROW_END,
};

static const struct opt_spec import_opts = {
    .program = "records",
    .command = "import",
    .summary = "Make a store of the texts, pairs or triplets in a file.",
    .example = "records import --in samples/gold.tsv --columns a,b,label "
               "--out gold.lmdb",
    .opts = import_rows,
    .version = 1,
};

static enum origin origin_of(const char *name)
{
    int o = ORIGIN_UNKNOWN;

    while (strcmp(origin_name((enum origin)o), name) != 0)
        o++;
    return (enum origin)o;
}

/* Is it the format of a tool in which people label? */
static bool is_review(enum review_tool *tool, const char *format)
{
    bool argilla = strcmp(format, "argilla") == 0;

    *tool = argilla ? REVIEW_ARGILLA : REVIEW_LABEL_STUDIO;
    return argilla || strcmp(format, "label-studio") == 0;
}

static int import_review(struct stage *st, enum review_tool tool,
                         struct err *err)
{
    const struct import_args *a = st->args;

    if (a->columns[0] || a->header || a->limit)
        return ERR_SET(err, ERR_USAGE,
                       "--columns, --header and --limit do not go with "
                       "--format %s",
                       a->format);
    return review_import(st, a->in, tool, err);
}

static int import_rows_of(struct stage *st, struct err *err)
{
    const struct import_args *a = st->args;
    struct import_options o = { .path = a->in,
                                .format = rows_format_of(a->format),
                                .columns = a->columns,
                                .header = a->header,
                                .rules.origin = origin_of(a->origin),
                                .limit = (uint64_t)a->limit,
                                .seed = (uint64_t)a->common.seed };
    int rc = import_range(&o.rules, a->range, err);

    return rc < 0 ? rc : import_file(st, &o, err);
}

static int run_import(struct stage *st, struct err *err)
{
    const struct import_args *a = st->args;
    enum review_tool tool;

    return is_review(&tool, a->format) ? import_review(st, tool, err)
                                       : import_rows_of(st, err);
}

/* ---- export ---- */

struct export_args {
    struct stage_args common;
    const char *in, *out, *format, *records;
    int64_t negatives;
    int all, bare;
};

static const struct opt export_rows[] = {
    STAGE_ROWS(struct export_args, common),
    OPT_ROW_PORT('i', "in", struct export_args, in, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "records", "texts, pairs or triplets"),
    OPT_ROW_PATH('o', "out", struct export_args, out, OPT_OUT_FILE, "FILE",
                 OPT_REQUIRED, "file to make"),
    OPT_ROW_CHOICE(0, "format", struct export_args, format, "auto",
                   "auto|tsv|csv|jsonl|text|argilla|label-studio", 0,
                   "auto: by the file's ending; text: the texts alone; the "
                   "last two: pairs for people to look at"),
    OPT_ROW_CHOICE(0, "records", struct export_args, records, "auto",
                   "auto|texts|pairs|triplets", 0,
                   "which of a store's; auto: those it is for"),
    OPT_ROW_INT(0, "negatives", struct export_args, negatives, "0", 0, 60, 0,
                "of every row of a triplet, its last row filled up; 0: as many "
                "as all have, else one"),
    OPT_ROW_FLAG(0, "all", struct export_args, all, 0,
                 "every field: label, score, reverse and origin apart, "
                 "attributes of texts; notes in JSON lines"),
    OPT_ROW_FLAG(0, "no-header", struct export_args, bare, 0,
                 "no row of names in a table"),
    OPT_ROW_END,
};

static const struct opt_spec export_opts = {
    .program = "records",
    .command = "export",
    .summary = "Write a store as a file that sentence-transformers loads.",
    .example = "records export --in gold.lmdb --out gold.jsonl",
    .opts = export_rows,
    .version = 1,
};

static int export_rows_of(struct stage *st, struct store *in, struct err *err)
{
    const struct export_args *a = st->args;
    struct export_rules rules = { rows_format_of(a->format), !a->bare, a->all,
                                  a->records, (uint32_t)a->negatives };

    if (rules.format == ROWS_AUTO)
        rules.format = rows_format_by_ending(a->out);
    if (rules.format == ROWS_AUTO)
        return ERR_SET(err, ERR_USAGE,
                       "%s: the ending does not tell the format, --format "
                       "does",
                       a->out);
    return export_store(st, in, &rules, err);
}

static int run_export(struct stage *st, struct err *err)
{
    const struct export_args *a = st->args;
    enum review_tool tool;
    struct store *in = NULL;
    int rc = store_open(&in, a->in, err);

    if (rc == 0)
        rc = is_review(&tool, a->format) ? review_export(st, in, tool, err)
                                         : export_rows_of(st, in, err);
    if (rc == 0)
        rc = stage_finish_file(st, err);
    store_close(in);
    return rc;
}

/* ---- split and merge ---- */

struct split_args {
    struct stage_args common;
    const char *in, *out, *part;
    double dev, test;
};

static const struct opt split_rows[] = {
    STAGE_ROWS(struct split_args, common),
    OPT_ROW_PORT('i', "in", struct split_args, in, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "records", "texts, pairs or triplets"),
    OPT_ROW_PATH('o', "out", struct split_args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of the part to make"),
    OPT_ROW_CHOICE(0, "part", struct split_args, part, "train",
                   "train|dev|test", 0, "the part to write"),
    OPT_ROW_REAL(0, "dev", struct split_args, dev, "0.1", 0, 1, 0,
                 "share of the records that is dev"),
    OPT_ROW_REAL(0, "test", struct split_args, test, "0.1", 0, 1, 0,
                 "share of the records that is test"),
    OPT_ROW_END,
};

static const struct opt_spec split_opts = {
    .program = "records",
    .command = "split",
    .summary = "Write one of three parts of a store that share no text.",
    .example = "records split --in gold.lmdb --part dev --out dev.lmdb",
    .opts = split_rows,
    .version = 1,
};

static int run_split(struct stage *st, struct err *err)
{
    const struct split_args *a = st->args;
    struct split_rules rules = { SPLIT_TRAIN, a->dev, a->test,
                                 (uint64_t)a->common.seed };
    struct store *in;
    int rc;

    if (a->dev + a->test >= 1.0)
        return ERR_SET(err, ERR_USAGE,
                       "--dev %g and --test %g leave nothing to train on",
                       a->dev, a->test);
    if (strcmp(a->part, "train") != 0)
        rules.part = strcmp(a->part, "dev") == 0 ? SPLIT_DEV : SPLIT_TEST;
    rc = store_open(&in, a->in, err);
    if (rc == 0)
        rc = split_store(st, in, &rules, err);
    store_close(in);
    return rc;
}

struct list_args {
    struct stage_args common;
    struct opt_list in;
    const char *out;
};

static const struct opt merge_rows[] = {
    STAGE_ROWS(struct list_args, common),
    { 'i', "in", OPT_LIST, offsetof(struct list_args, in), NULL, "STORE",
      "stores of one kind", 0, 0, NULL, OPT_IN_STORE, OPT_REQUIRED, "records" },
    OPT_ROW_PATH('o', "out", struct list_args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store to make"),
    OPT_ROW_END,
};

static const struct opt_spec merge_opts = {
    .program = "records",
    .command = "merge",
    .summary = "Make one store of several, without duplicates.",
    .example = "records merge --in gold.lmdb --in silver.lmdb --out all.lmdb",
    .opts = merge_rows,
    .version = 1,
};

static int run_merge(struct stage *st, struct err *err)
{
    const struct list_args *a = st->args;

    return merge_stores(st, &a->in, err);
}

/* ---- show, stats, verify ---- */

struct show_args {
    struct stage_args common;
    const char *in;
    int64_t limit, offset;
    int json;
};

static const struct opt show_rows[] = {
    STAGE_ROWS(struct show_args, common),
    OPT_ROW_PORT('i', "in", struct show_args, in, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "records", "store to look into"),
    OPT_ROW_INT('n', "limit", struct show_args, limit, "10", 0, 1e15,
                OPT_NO_RESULT, "records to show; 0: all"),
    OPT_ROW_INT(0, "offset", struct show_args, offset, "0", 0, 1e15,
                OPT_NO_RESULT, "first record to show, from 0"),
    OPT_ROW_FLAG(0, "json", struct show_args, json, OPT_NO_RESULT,
                 "JSON, a line for each record"),
    OPT_ROW_END,
};

static const struct opt_spec show_opts = {
    .program = "records",
    .command = "show",
    .summary = "Print the records of a store.",
    .example = "records show --in gold.lmdb --limit 3",
    .opts = show_rows,
    .version = 1,
};

/* 1 when the reader went away, as head does. */
static int print_all(struct buf *b, struct err *err)
{
    size_t n = fwrite(b->ptr, 1, b->len, stdout);

    if (n < b->len && errno == EPIPE) {
        clearerr(stdout);
        return 1;
    }
    if (n < b->len)
        return ERR_SET(err, ERR_IO, "cannot write to standard output: %s",
                       strerror(errno));
    buf_reset(b);
    return 0;
}

static int run_show(struct stage *st, struct err *err)
{
    const struct show_args *a = st->args;
    struct buf b = BUF_INIT((size_t)1 << 30);
    struct store *in;
    int rc = store_open(&in, a->in, err);

    if (rc == 0)
        rc = show_records(&b, in, (uint64_t)a->offset, (uint64_t)a->limit,
                          a->json, print_all, &st->n.seen, err);
    st->n.kept = st->n.seen;
    buf_release(&b);
    store_close(in);
    return rc;
}

static const struct opt stats_rows[] = {
    STAGE_ROWS(struct show_args, common),
    OPT_ROW_PORT('i', "in", struct show_args, in, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "records", "store to measure"),
    OPT_ROW_FLAG(0, "json", struct show_args, json, OPT_NO_RESULT,
                 "one JSON object"),
    OPT_ROW_END,
};

static const struct opt_spec stats_opts = {
    .program = "records",
    .command = "stats",
    .summary = "Print counts, lengths and histograms of a store.",
    .example = "records stats --in gold.lmdb",
    .opts = stats_rows,
    .version = 1,
};

static int run_stats(struct stage *st, struct err *err)
{
    const struct show_args *a = st->args;
    struct buf b = BUF_INIT(1 << 20);
    struct store *in;
    int rc = store_open(&in, a->in, err);

    if (rc == 0)
        rc = summary_print(&b, in, a->json, err);
    if (rc == 0)
        rc = print_all(&b, err);
    rc = rc == 1 ? 0 : rc;
    st->n.seen = st->n.kept = rc == 0;
    buf_release(&b);
    store_close(in);
    return rc;
}

static const struct opt verify_rows[] = {
    STAGE_ROWS(struct list_args, common),
    { 'i', "in", OPT_LIST, offsetof(struct list_args, in), NULL, "STORE",
      "stores to check", 0, 0, NULL, OPT_IN_STORE, OPT_REQUIRED, "records" },
    OPT_ROW_END,
};

static const struct opt_spec verify_opts = {
    .program = "records",
    .command = "verify",
    .summary = "Check every byte and every record of stores.",
    .example = "records verify --in gold.lmdb --in silver.lmdb",
    .opts = verify_rows,
    .version = 1,
};

/* Goes on after a damaged store, to name them all. */
static int run_verify(struct stage *st, struct err *err)
{
    const struct list_args *a = st->args;
    int worst = 0;

    for (size_t i = 0; i < a->in.n; i++) {
        struct err why = ERR_INIT;
        int rc = store_verify(a->in.item[i], &why);

        st->n.seen++;
        if (rc == 0) {
            st->n.kept++;
            printf("ok %s\n", a->in.item[i]);
            continue;
        }
        st->n.failed++;
        printf("bad %s\n", a->in.item[i]);
        log_error("%s", why.msg);
        worst = worst == ERR_FORMAT ? worst : rc;
    }
    return worst ? ERR_SET(err, worst, "%llu of %zu stores are not sound",
                           (unsigned long long)st->n.failed, a->in.n)
                 : 0;
}

int main(int argc, char **argv)
{
    static union {
        struct import_args import;
        struct export_args export;
        struct split_args split;
        struct list_args list;
        struct show_args show;
    } args;
    static const struct stage_spec specs[] = {
        { .opts = &import_opts,
          .args = &args,
          .args_size = sizeof(args.import),
          .run = run_import },
        { .opts = &export_opts,
          .args = &args,
          .args_size = sizeof(args.export),
          .run = run_export },
        { .opts = &split_opts,
          .args = &args,
          .args_size = sizeof(args.split),
          .run = run_split },
        { .opts = &merge_opts,
          .args = &args,
          .args_size = sizeof(args.list),
          .run = run_merge },
        { .opts = &show_opts,
          .args = &args,
          .args_size = sizeof(args.show),
          .run = run_show },
        { .opts = &stats_opts,
          .args = &args,
          .args_size = sizeof(args.show),
          .run = run_stats },
        { .opts = &verify_opts,
          .args = &args,
          .args_size = sizeof(args.list),
          .run = run_verify },
    };
    enum { N = sizeof(specs) / sizeof(specs[0]) };
    const struct stage_spec *all[N];

    for (int i = 0; i < N; i++)
        all[i] = &specs[i];
    return stage_main(all, N, argc, argv);
}
