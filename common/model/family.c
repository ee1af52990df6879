#include "model/family.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define BERT_TOKENS "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"
#define ROBERTA_TOKENS "<unk>", "</s>", "<pad>", "<s>", "<mask>"
#define MPNET_TOKENS "[UNK]", "</s>", "<pad>", "<s>", "<mask>"

/* What most families have kept of BERT's config.json. */
#define BERT_SIZES(segments) \
    .activation = "hidden_act", .size = { \
        "vocab_size",       "max_position_embeddings", segments, \
        "hidden_size",      "num_attention_heads",     "intermediate_size", \
        "num_hidden_layers" \
    }
#define BERT_RATES \
    .rate = { "hidden_dropout_prob", "attention_probs_dropout_prob", \
              "classifier_dropout" }, \
    .classifier_rate = -1.0f

static const struct family families[] = {
    { .layout = LAYOUT_BERT,
      .type = "bert",
      .prefix = "bert.",
      .body = "BertModel",
      .cross = "BertForSequenceClassification",
      BERT_SIZES("type_vocab_size"),
      BERT_RATES,
      .eps = 1e-12f,
      .pooler = true,
      .tokenizer = "BertTokenizer",
      .token = { BERT_TOKENS },
      .head = { "pooler.dense.", "classifier." } },
    /* Liu et al., 2019, arXiv:1907.11692 */
    { .layout = LAYOUT_ROBERTA,
      .type = "roberta",
      .prefix = "roberta.",
      .body = "RobertaModel",
      .cross = "RobertaForSequenceClassification",
      BERT_SIZES("type_vocab_size"),
      BERT_RATES,
      .drop_first = true,
      .positions_padded = true,
      .eps = 1e-12f,
      .pooler = true,
      .tokenizer = "RobertaTokenizer",
      .token = { ROBERTA_TOKENS },
      .head = { "classifier.dense.", "classifier.out_proj." } },
    /* Conneau et al., 2020, arXiv:1911.02116 */
    { .layout = LAYOUT_XLM_ROBERTA,
      .type = "xlm-roberta",
      .prefix = "roberta.",
      .body = "XLMRobertaModel",
      .cross = "XLMRobertaForSequenceClassification",
      BERT_SIZES("type_vocab_size"),
      BERT_RATES,
      .drop_first = true,
      .positions_padded = true,
      .eps = 1e-12f,
      .pooler = true,
      .tokenizer = "XLMRobertaTokenizer",
      .token = { ROBERTA_TOKENS },
      .head = { "classifier.dense.", "classifier.out_proj." } },
    /* Clark et al., 2020, arXiv:2003.10555: the discriminator */
    { .layout = LAYOUT_ELECTRA,
      .type = "electra",
      .prefix = "electra.",
      .body = "ElectraModel",
      .cross = "ElectraForSequenceClassification",
      BERT_SIZES("type_vocab_size"),
      .table = "embedding_size",
      .table_width = 128,
      BERT_RATES,
      .head_by = HEAD_GELU,
      .drop_first = true,
      .eps = 1e-12f,
      .tokenizer = "BertTokenizer",
      .token = { BERT_TOKENS },
      .head = { "classifier.dense.", "classifier.out_proj." } },
    /* Song et al., 2020, arXiv:2004.09297 */
    { .layout = LAYOUT_MPNET,
      .type = "mpnet",
      .prefix = "mpnet.",
      .body = "MPNetModel",
      .cross = "MPNetForSequenceClassification",
      BERT_SIZES(NULL),
      .buckets = "relative_attention_num_buckets",
      BERT_RATES,
      .drop_first = true,
      .positions_padded = true,
      .eps = 1e-12f,
      .pooler = true,
      .tokenizer = "MPNetTokenizer",
      .token = { MPNET_TOKENS },
      .head = { "classifier.dense.", "classifier.out_proj." },
      .name = { { "encoder.layer.", "encoder.layer." },
                { "attention.self.query.", "attention.attn.q." },
                { "attention.self.key.", "attention.attn.k." },
                { "attention.self.value.", "attention.attn.v." },
                { "attention.output.dense.", "attention.attn.o." },
                { "attention.output.LayerNorm.", "attention.LayerNorm." } } },
    /* Sanh et al., 2019, arXiv:1910.01108 */
    { .layout = LAYOUT_DISTILBERT,
      .type = "distilbert",
      .prefix = "distilbert.",
      .body = "DistilBertModel",
      .cross = "DistilBertForSequenceClassification",
      .activation = "activation",
      .size = { "vocab_size", "max_position_embeddings", NULL, "dim", "n_heads",
                "hidden_dim", "n_layers" },
      .rate = { "dropout", "attention_dropout", "seq_classif_dropout" },
      .classifier_rate = 0.2f,
      .head_by = HEAD_RELU,
      .eps = 1e-12f,
      .tokenizer = "BertTokenizer",
      .token = { BERT_TOKENS },
      .head = { "pre_classifier.", "classifier." },
      .name = { { "encoder.layer.", "transformer.layer." },
                { "attention.self.query.", "attention.q_lin." },
                { "attention.self.key.", "attention.k_lin." },
                { "attention.self.value.", "attention.v_lin." },
                { "attention.output.dense.", "attention.out_lin." },
                { "attention.output.LayerNorm.", "sa_layer_norm." },
                { "intermediate.dense.", "ffn.lin1." },
                { "output.dense.", "ffn.lin2." },
                { "output.LayerNorm.", "output_layer_norm." } } },
};

enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

const struct family *family_of(enum model_layout layout)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (families[i].layout == layout)
            return &families[i];
    assert(!"every layout has a family");
    return NULL;
}

const struct family *family_find(const char *type)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (strcmp(families[i].type, type) == 0)
            return &families[i];
    return NULL;
}

void family_known(char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < FAMILIES && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? ", " : "",
                               families[i].type);
}

bool family_body_pools(const struct family *f)
{
    return strcmp(f->head[0], "pooler.dense.") == 0;
}

static bool head_name(char *out, size_t size, const struct family *f,
                      const char *name)
{
    static const char *const bert[2] = { "pooler.dense.", "classifier." };

    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(bert[i]);

        if (strncmp(name, bert[i], len) != 0)
            continue;
        snprintf(out, size, "%s%s", f->head[i], name + len);
        return true;
    }
    return false;
}

/* At most one part of each place is replaced, the layer's and one more. */
void family_name(char *out, size_t size, const struct family *f,
                 const char *name, bool cross)
{
    const char *at = name, *layer = "encoder.layer.";
    size_t n = 0;

    if (cross && head_name(out, size, f, name))
        return;
    if (f->name[0][0] && strncmp(name, layer, strlen(layer)) == 0) {
        at = strchr(name + strlen(layer), '.') + 1;
        n = (size_t)snprintf(out, size, "%s%.*s", f->name[0][1],
                             (int)(at - name - (long)strlen(layer)),
                             name + strlen(layer));
    }
    for (size_t i = 1; i < FAMILY_NAMES && f->name[i][0]; i++) {
        size_t len = strlen(f->name[i][0]);

        if (strncmp(at, f->name[i][0], len) == 0 && n < size) {
            snprintf(out + n, size - n, "%s%s", f->name[i][1], at + len);
            return;
        }
    }
    if (n < size)
        snprintf(out + n, size - n, "%s", at);
}
