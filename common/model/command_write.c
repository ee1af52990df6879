/*
 * command_write.c - a model for other programs, packed into one file, or
 * measured in other number formats.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/zip.h"
#include "model/command.h"
#include "model/model_export.h"
#include "model/quantize.h"
#include "nn/gemm.h"
#include "nn/kernels.h"

struct args {
    struct stage_args common;
    const char *model, *out, *to, *weights, *pairs;
    int64_t limit;
};

static struct args args;

/* ---- export ---- */

static const struct opt export_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "model to write for other programs"),
    OPT_ROW_CHOICE(0, "to", struct args, to, "sentence-transformers",
                   "sentence-transformers|onnx", 0,
                   "form; onnx: from token ids to vectors or scores, "
                   "pooling included, opset 17"),
    OPT_ROW_CHOICE(0, "weights", struct args, weights, "f32", "f32|fp16|int8",
                   0,
                   "fp16 is half the size; int8 a quarter (onnx only: "
                   "dynamic quantisation)"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "folder to make"),
    OPT_ROW_END,
};

static const struct opt_spec export_opts = {
    .program = "model",
    .command = "export",
    .summary = "Write a model for other programs.",
    .example = "model export --model student --to onnx --weights int8 "
               "--out student-onnx",
    .opts = export_rows,
    .version = 1,
};

static enum export_format format_of(const char *name)
{
    if (strcmp(name, "fp16") == 0)
        return EXPORT_FP16;
    return strcmp(name, "int8") == 0 ? EXPORT_INT8 : EXPORT_F32;
}

static int export(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    enum export_kind kind =
        strcmp(a->to, "onnx") == 0 ? EXPORT_ONNX : EXPORT_LIBRARY;
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, a->model, err);

    if (rc == 0)
        rc = stage_create_dir(st, err);
    if (rc == 0)
        rc = model_export(st->part, folder, kind, format_of(a->weights), err);
    if (rc < 0)
        return rc;
    st->n.seen = st->n.kept = 1;
    return stage_finish_dir(st, err);
}

const struct stage_spec command_export = { .opts = &export_opts,
                                           .args = &args,
                                           .args_size = sizeof(args),
                                           .run = export };

/* ---- zip ---- */

static const struct opt zip_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "model, or what model export made"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_FILE, "FILE",
                 OPT_REQUIRED, "ZIP file to make"),
    OPT_ROW_END,
};

static const struct opt_spec zip_opts = {
    .program = "model",
    .command = "zip",
    .summary = "Pack a model's folder into one ZIP file.",
    .example = "model zip --model student --out student.zip",
    .opts = zip_rows,
    .version = 1,
};

/* The archive's files lie in a folder with the archive's own name. */
static int zip(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    char folder[FILE_PATH_MAX], root[FILE_PATH_MAX];
    size_t files = 0;
    char *dot;
    int rc = stage_model_path(folder, a->model, err);

    snprintf(root, sizeof(root), "%s", file_base(a->out));
    dot = strrchr(root, '.');
    if (dot && dot > root)
        *dot = '\0';
    if (rc == 0)
        rc = zip_folder(st->part, folder, root, &files, err);
    if (rc < 0)
        return rc;
    log_info("%zu files", files);
    st->n.seen = st->n.kept = 1;
    return stage_finish_file(st, err);
}

const struct stage_spec command_zip = {
    .opts = &zip_opts, .args = &args, .args_size = sizeof(args), .run = zip
};

/* ---- quantize ---- */

static const struct opt quantize_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "model to check"),
    OPT_ROW_PATH('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "pairs like those it will score"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", 0,
                 "copy of the model to make, with the receipt; without it the "
                 "receipt is the model's own"),
    OPT_ROW_INT(0, "limit", struct args, limit, "1000", 10, 1e6, 0,
                "pairs to score, spread over the store"),
    OPT_ROW_END,
};

static const struct opt_spec quantize_opts = {
    .program = "model",
    .command = "quantize",
    .summary = "Measure a model in int8 and bf16 against f32, and let "
               "--precision auto use int8 where it is as good.",
    .example = "model quantize --model teacher --pairs cand.lmdb",
    .opts = quantize_rows,
    .version = 1,
};

static void print_check(const char *name, const struct precision_check *c)
{
    printf("%-5s  Spearman %.6f  largest difference %.5f  %s\n", name,
           c->spearman, c->largest, c->passed ? "passed" : "not passed");
}

static int keep(struct stage *st, const struct quantize *q, const char *folder,
                struct err *err)
{
    struct json_node *o;
    int rc;

    if (!st->out[0])
        return quantize_write(q, folder, err);
    rc = quantize_json(&o, q, folder, err);
    if (rc < 0)
        return rc;
    json_set(st->extra, "precision", o);
    rc = stage_create_dir(st, err);
    if (rc == 0)
        rc = quantize_copy(st->part, folder, err);
    return rc < 0 ? rc : stage_finish_dir(st, err);
}

static int quantize(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    char folder[FILE_PATH_MAX];
    struct workers *w = NULL;
    struct quantize q;
    int rc = stage_model_path(folder, a->model, err);

    gemm_init();
    kernels_init();
    if (rc == 0)
        rc = workers_start(&w, (size_t)a->common.threads, err);
    if (rc == 0)
        rc = quantize_measure(&q, folder, a->pairs, (size_t)a->limit, w, err);
    if (rc == 0) {
        st->n.seen = st->n.kept = q.pairs;
        rc = keep(st, &q, folder, err);
    }
    if (rc == 0) {
        print_check("int8", &q.int8);
        if (q.has_bf16)
            print_check("bf16", &q.bf16);
    }
    workers_stop(w);
    return rc;
}

const struct stage_spec command_quantize = { .opts = &quantize_opts,
                                             .args = &args,
                                             .args_size = sizeof(args),
                                             .run = quantize };
