#include "model/onnx_import.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "model/bi_encoder.h"
#include "model/onnx_read.h"

static int want(const struct safetensor_f32 **t, const struct onnx_weights *w,
                const char *name, struct err *err)
{
    *t = onnx_find(w, name);
    if (!*t)
        return ERR_SET(err, ERR_FORMAT,
                       "no tensor %s; expected a BERT encoder whose nodes "
                       "kept their names",
                       name);
    return 0;
}

static size_t count_layers(const struct onnx_weights *w)
{
    char name[80];

    for (size_t n = 0;; n++) {
        snprintf(name, sizeof(name),
                 "encoder.layer.%zu.attention.self.query.bias", n);
        if (!onnx_find(w, name))
            return n;
    }
}

static int read_sizes(struct model_config *c, const struct onnx_weights *w,
                      struct err *err)
{
    const struct safetensor_f32 *word, *position = NULL, *segment = NULL,
                                       *up = NULL;
    int rc = want(&word, w, "embeddings.word_embeddings.weight", err);

    if (rc == 0)
        rc = want(&position, w, "embeddings.position_embeddings.weight", err);
    if (rc == 0)
        rc = want(&segment, w, "embeddings.token_type_embeddings.weight", err);
    if (rc == 0)
        rc = want(&up, w, "encoder.layer.0.intermediate.dense.weight", err);
    if (rc < 0)
        return rc;
    if (segment->rows == 1)
        return ERR_SET(err, ERR_FORMAT,
                       "one row of segments: this is a RoBERTa, whose "
                       "positions begin elsewhere; expected a BERT");
    c->V = word->rows;
    c->P = position->rows;
    c->S = segment->rows;
    c->C = word->cols;
    c->F = up->rows;
    c->L = count_layers(w);
    c->max_len = c->P;
    return 0;
}

static int set_config(struct model_config *c, const struct onnx_weights *w,
                      const struct onnx_import *o, struct err *err)
{
    int rc;

    *c = (struct model_config){
        .kind = MODEL_BI,
        .layout = LAYOUT_BERT,
        .H = o->heads,
        .eps = 1e-12f,
        .drop_hidden = 0.1f,
        .drop_attention = 0.1f,
        .drop_classifier = 0.1f,
        .init_range = 0.02f,
        .pooling = { o->pooling },
        .poolings = 1,
        .normalise = o->normalise,
        .similarity = "cosine",
    };
    rc = read_sizes(c, w, err);
    if (rc == 0 && (o->heads == 0 || c->C % o->heads != 0))
        rc = ERR_SET(err, ERR_FORMAT,
                     "%zu heads do not divide the model's %zu channels",
                     o->heads, c->C);
    return rc;
}

/* What the tokenizer.json does not say. Its own special tokens are BERT's. */
static int write_tokenizer(const char *folder, const char *from,
                           const struct model_config *c, struct err *err)
{
    char path[FILE_PATH_MAX], text[400];
    int n = snprintf(text, sizeof(text),
                     "{\n  \"tokenizer_class\": \"BertTokenizer\",\n"
                     "  \"model_max_length\": %zu,\n"
                     "  \"unk_token\": \"[UNK]\",\n"
                     "  \"sep_token\": \"[SEP]\",\n"
                     "  \"pad_token\": \"[PAD]\",\n"
                     "  \"cls_token\": \"[CLS]\",\n"
                     "  \"mask_token\": \"[MASK]\"\n}\n",
                     c->max_len);
    int rc = file_join(path, folder, "tokenizer_config.json", err);

    if (rc == 0)
        rc = file_write(path, text, (size_t)n, err);
    if (rc == 0)
        rc = file_join(path, folder, "tokenizer.json", err);
    return rc < 0 ? rc : file_copy(path, from, err);
}

/* The body only: heads of other tasks are not ours. */
static int write_weights(const char *folder, struct onnx_weights *w,
                         struct err *err)
{
    char path[FILE_PATH_MAX];
    size_t n = 0;
    int rc = file_join(path, folder, "model.safetensors", err);

    for (size_t i = 0; i < w->n; i++)
        if (strncmp(w->tensor[i].name, "embeddings.", 11) == 0 ||
            strncmp(w->tensor[i].name, "encoder.", 8) == 0)
            w->tensor[n++] = w->tensor[i];
    w->n = n;
    return rc < 0 ? rc : safetensors_write(path, w->tensor, n, err);
}

int onnx_import(const char *folder, const struct onnx_import *o,
                struct err *err)
{
    struct bi_encoder m = { 0 };
    struct model_config c;
    struct onnx_weights w;
    int rc = onnx_read(&w, o->onnx, err);

    if (rc < 0)
        return rc;
    rc = set_config(&c, &w, o, err);
    if (rc == 0)
        rc = model_config_save(&c, folder, err);
    if (rc == 0)
        rc = write_tokenizer(folder, o->tokenizer, &c, err);
    if (rc == 0)
        rc = write_weights(folder, &w, err);
    onnx_release(&w);
    if (rc == 0)
        rc = bi_encoder_load(&m, folder, err);
    bi_encoder_release(&m);
    return rc < 0 ? err_prefix(err, "%s", o->onnx) : 0;
}
