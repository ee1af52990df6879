/*
 * command_make.c - make a model folder: of random numbers, of an ONNX file, of
 * some layers of a deeper model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/bi_encoder.h"
#include "model/command.h"
#include "model/onnx_import.h"

struct args {
    struct stage_args common;
    const char *model, *out, *like, *vocab;
    int64_t layers, hidden, heads, ff, positions;
    const char *onnx, *tokenizer, *pooling, *keep;
    int normalise;
};

static struct args args;

/* ---- random ---- */

static const struct opt random_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    OPT_ROW_CHOICE(0, "like", struct args, like, "bert", "bert", 0,
                   "architecture"),
    OPT_ROW_PATH(0, "vocab", struct args, vocab, OPT_IN_FILE, "DIR",
                 OPT_REQUIRED,
                 "folder whose tokenizer files to take, or its vocab.txt"),
    OPT_ROW_INT(0, "layers", struct args, layers, "2", 1, 48, 0, "layers"),
    OPT_ROW_INT(0, "hidden", struct args, hidden, "32", 8, 4096, 0,
                "channels; a multiple of the heads"),
    OPT_ROW_INT(0, "heads", struct args, heads, "4", 1, 64, 0,
                "attention heads"),
    OPT_ROW_INT(0, "ff", struct args, ff, "64", 8, 16384, 0,
                "width of the feed-forward layer"),
    OPT_ROW_INT(0, "positions", struct args, positions, "128", 8, 8192, 0,
                "longest text, in tokens"),
    OPT_ROW_END,
};

static const struct opt_spec random_opts = {
    .program = "model",
    .command = "random",
    .summary = "Make a tiny model with random weights, for tests.",
    .example = "model random --vocab ~/.cache/silversmith/models/"
               "all-MiniLM-L6-v2 --out tiny",
    .opts = random_rows,
    .version = 1,
};

/* BERT's own figures where there is no option. */
static void shape(struct model_config *c, const struct args *a, size_t tokens,
                  uint32_t pad)
{
    *c = (struct model_config){
        .kind = MODEL_BI,
        .layout = LAYOUT_BERT,
        .V = tokens,
        .P = (size_t)a->positions,
        .S = 2,
        .C = (size_t)a->hidden,
        .H = (size_t)a->heads,
        .F = (size_t)a->ff,
        .L = (size_t)a->layers,
        .eps = 1e-12f,
        .drop_hidden = 0.1f,
        .drop_attention = 0.1f,
        .drop_classifier = 0.1f,
        .init_range = 0.02f,
        .pad_id = pad,
        .max_len = (size_t)a->positions,
        .pooling = { POOLING_MEAN },
        .poolings = 1,
        .similarity = "cosine",
    };
}

static int random_model(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct bi_encoder m = { 0 };
    char *slash;
    int rc;

    if (a->hidden % a->heads != 0)
        return ERR_SET(err, ERR_USAGE,
                       "--hidden %lld is no multiple of "
                       "--heads %lld",
                       (long long)a->hidden, (long long)a->heads);
    rc = file_join(m.folder, "", a->vocab, err);
    slash = strrchr(m.folder, '/');
    if (rc == 0 && slash && !file_is_dir(m.folder))
        *slash = '\0'; /* vocab.txt itself */
    if (rc == 0)
        rc = tokenizer_load(&m.tokenizer, m.folder, err);
    if (rc < 0)
        return rc;
    shape(&m.config, a, tokenizer_vocab_size(m.tokenizer),
          tokenizer_special(m.tokenizer, TOKENIZER_PAD));
    rc = weights_init(&m.weights, &m.config, WEIGHTS_BODY, err);
    if (rc == 0) {
        weights_random(&m.weights, m.config.init_range,
                       (uint64_t)a->common.seed);
        rc = stage_create_dir(st, err);
    }
    if (rc == 0)
        rc = bi_encoder_save(&m, st->part, err);
    st->n.seen = st->n.kept = 1;
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    bi_encoder_release(&m);
    return rc;
}

const struct stage_spec command_random = { .opts = &random_opts,
                                           .args = &args,
                                           .args_size = sizeof(args),
                                           .run = random_model };

/* ---- import ---- */

static const struct opt import_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('i', "onnx", struct args, onnx, OPT_IN_FILE, "FILE",
                 OPT_REQUIRED, "BERT encoder as float32 ONNX"),
    OPT_ROW_PATH(0, "tokenizer", struct args, tokenizer, OPT_IN_FILE, "FILE",
                 OPT_REQUIRED, "its tokenizer.json"),
    OPT_ROW_INT(0, "heads", struct args, heads, NULL, 1, 64, OPT_REQUIRED,
                "attention heads, which the file does not tell"),
    OPT_ROW_CHOICE(0, "pooling", struct args, pooling, "mean", "mean|cls|max",
                   0, "from token vectors to the sentence's"),
    OPT_ROW_FLAG(0, "normalise", struct args, normalise, 0,
                 "sentence vectors have length 1"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    OPT_ROW_END,
};

static const struct opt_spec import_opts = {
    .program = "model",
    .command = "import",
    .summary = "Make a model folder of an ONNX file and its tokenizer.",
    .example = "model import --onnx model.onnx --tokenizer tokenizer.json "
               "--heads 12 --pooling cls --normalise --out bge-small",
    .opts = import_rows,
    .version = 1,
};

static enum pooling pooling_of(const char *name)
{
    if (strcmp(name, "cls") == 0)
        return POOLING_CLS;
    return strcmp(name, "max") == 0 ? POOLING_MAX : POOLING_MEAN;
}

static int import(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    const struct onnx_import o = { .onnx = a->onnx,
                                   .tokenizer = a->tokenizer,
                                   .heads = (size_t)a->heads,
                                   .pooling = pooling_of(a->pooling),
                                   .normalise = a->normalise };
    int rc = stage_create_dir(st, err);

    st->n.seen = 1;
    if (rc == 0)
        rc = onnx_import(st->part, &o, err);
    if (rc < 0)
        return rc;
    st->n.kept = 1;
    return stage_finish_dir(st, err);
}

const struct stage_spec command_import = { .opts = &import_opts,
                                           .args = &args,
                                           .args_size = sizeof(args),
                                           .run = import };

/* ---- cut ---- */

static const struct opt cut_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "sentence encoder to cut"),
    OPT_ROW_STR(0, "layers", struct args, keep, NULL, "LIST", OPT_REQUIRED,
                "layers to keep, counted from 0, as 0,2,5"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    OPT_ROW_END,
};

static const struct opt_spec cut_opts = {
    .program = "model",
    .command = "cut",
    .summary = "Make a shallow sentence encoder of some layers of a deep one.",
    .example = "model cut --model all-MiniLM-L6-v2 --layers 0,2,5 --out small",
    .opts = cut_rows,
    .version = 1,
};

static int read_layers(size_t *layer, size_t *n, const char *list, size_t all,
                       struct err *err)
{
    const char *p = list;
    char *end = NULL;

    for (*n = 0; *n < all; p = end + 1) {
        unsigned long v = strtoul(p, &end, 10);

        if (*p < '0' || *p > '9' || (*end != ',' && *end) || v >= all ||
            (*n > 0 && v <= layer[*n - 1]))
            break;
        layer[(*n)++] = v;
        if (!*end)
            return 0;
    }
    return ERR_SET(err, ERR_USAGE,
                   "--layers %s: at \"%.20s\": expected ascending numbers "
                   "below %zu, as 0,2,5",
                   list, p, all);
}

static int cut(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct bi_encoder m = { 0 };
    char folder[FILE_PATH_MAX];
    size_t *layer, n = 0;
    int rc = stage_model_path(folder, a->model, err);

    if (rc == 0)
        rc = bi_encoder_load(&m, folder, err);
    if (rc < 0)
        return rc;
    layer = calloc(m.config.L, sizeof(*layer));
    rc = layer ? read_layers(layer, &n, a->keep, m.config.L, err)
               : ERR_SET(err, ERR_NOMEM, "out of memory");
    if (rc == 0) {
        log_info("%zu of %zu layers", n, m.config.L);
        weights_cut(&m.weights, layer, n);
        m.config.L = n;
        rc = stage_create_dir(st, err);
    }
    if (rc == 0)
        rc = bi_encoder_save(&m, st->part, err);
    st->n.seen = st->n.kept = 1;
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    free(layer);
    bi_encoder_release(&m);
    return rc;
}

const struct stage_spec command_cut = {
    .opts = &cut_opts, .args = &args, .args_size = sizeof(args), .run = cut
};
