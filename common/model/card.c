#include "model/card.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

enum { CARD_MAX = 1 << 20 };

/* ---- the base's licence ---- */

static const char *known_licence(const char *name)
{
    static const struct {
        const char *end, *licence;
    } known[] = {
        { "all-MiniLM-L6-v2", "apache-2.0" },
        { "all-MiniLM-L12-v2", "apache-2.0" },
        { "all-mpnet-base-v2", "apache-2.0" },
        { "bge-small-en-v1.5", "mit" },
        { "bge-small-zh-v1.5", "mit" },
        { "bert-base-uncased", "apache-2.0" },
        { "bert-base-chinese", "apache-2.0" },
        { "chinese-roberta-wwm-ext", "apache-2.0" },
    };
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t len = strlen(known[i].end);

        if (n >= len && strcmp(name + n - len, known[i].end) == 0)
            return known[i].licence;
    }
    return "";
}

/* The line "license: x" between the first two lines "---". */
static void from_front_matter(char out[64], const char *text)
{
    const char *end, *line;
    size_t n = 0;

    if (strncmp(text, "---\n", 4) != 0)
        return;
    end = strstr(text + 4, "\n---");
    line = strstr(text, "\nlicense:");
    if (!end || !line || line > end)
        return;
    for (line += 9; *line == ' '; line++)
        ;
    while (n < 63 && (isalnum((unsigned char)line[n]) || line[n] == '.' ||
                      line[n] == '-'))
        n++;
    memcpy(out, line, n);
    out[n] = '\0';
}

void card_licence(char out[64], const char *folder)
{
    struct buf b = BUF_INIT(CARD_MAX);
    struct err none = ERR_INIT;
    char path[FILE_PATH_MAX];

    out[0] = '\0';
    if (file_join(path, folder, "README.md", &none) == 0 && file_exists(path) &&
        file_read(&b, path, &none) == 0)
        from_front_matter(out, buf_str(&b));
    buf_release(&b);
    if (!out[0])
        snprintf(out, 64, "%s", known_licence(file_base(folder)));
}

/* ---- the text ---- */

/* "sentence-transformers--x" of the cache is "sentence-transformers/x". */
static void base_name(char out[256], const char *folder)
{
    char *dashes;

    snprintf(out, 256, "%s", file_base(folder));
    dashes = strstr(out, "--");
    if (dashes) {
        *dashes = '/';
        memmove(dashes + 1, dashes + 2, strlen(dashes + 2) + 1);
    }
}

static int front_matter(struct buf *b, const struct card *c, struct err *err)
{
    bool cross = c->config->kind == MODEL_CROSS;
    const char *metric = cross ? "spearman" : "spearman_cosine";
    char licence[64], base[256];
    int rc;

    card_licence(licence, c->base);
    base_name(base, c->base);
    rc = buf_printf(b, err,
                    "---\nlibrary_name: sentence-transformers\n"
                    "pipeline_tag: %s\nbase_model: %s\n",
                    cross ? "text-ranking" : "sentence-similarity", base);
    if (rc == 0 && licence[0])
        rc = buf_printf(b, err, "license: %s\n", licence);
    if (rc == 0)
        rc = buf_printf(b, err,
                        "tags:\n- sentence-transformers\n- %s\n"
                        "- silversmith\n",
                        cross ? "cross-encoder" : "sentence-similarity");
    if (rc == 0 && !isnan(c->score))
        rc = buf_printf(
            b, err,
            "metrics:\n- %s\nmodel-index:\n- name: %s\n"
            "  results:\n  - task:\n      type: %s\n"
            "      name: %s\n"
            "    dataset:\n      name: %s\n      type: unknown\n"
            "    metrics:\n    - type: %s\n      name: %s\n"
            "      value: %.6f\n",
            metric, cross ? "CrossEncoder" : "SentenceTransformer",
            cross ? "cross-encoder-correlation" : "semantic-similarity",
            cross ? "Cross Encoder Correlation" : "Semantic Similarity",
            file_base(c->dev), metric, cross ? "Spearman" : "Spearman Cosine",
            c->score);
    return rc < 0 ? rc : buf_puts(b, "---\n\n", err);
}

static int stores(struct buf *b, const char *what, const struct opt_list *list,
                  size_t examples, struct err *err)
{
    int rc = 0;

    if (!list || list->n == 0 || examples == 0)
        return 0;
    rc = buf_printf(b, err, "- %s: %zu examples of", what, examples);
    for (size_t i = 0; rc == 0 && i < list->n; i++)
        rc = buf_printf(b, err, "%s `%s`", i ? "," : "",
                        file_base(list->item[i]));
    return rc < 0 ? rc : buf_puts(b, "\n", err);
}

static int about(struct buf *b, const struct card *c, struct err *err)
{
    const struct model_config *m = c->config;
    char licence[64], base[256];
    int rc;

    base_name(base, c->base);
    card_licence(licence, c->base);
    rc = buf_printf(
        b, err,
        "# %s\n\nTrained by silversmith from `%s` (licence: %s). %zu layers, "
        "%zu channels, at most %zu tokens a text.\n\n",
        m->kind == MODEL_CROSS ? "Cross-encoder" : "Sentence encoder", base,
        licence[0] ? licence : "unknown", m->L, m->C, m->max_len);
    return rc < 0 ? rc
           : m->kind == MODEL_CROSS
               ? buf_puts(b,
                          "```python\nfrom sentence_transformers import "
                          "CrossEncoder\nscores = CrossEncoder(FOLDER)"
                          ".predict([(a, b)])\n```\n\n",
                          err)
               : buf_puts(b,
                          "```python\nfrom sentence_transformers import "
                          "SentenceTransformer\nvectors = "
                          "SentenceTransformer(FOLDER).encode(sentences)\n"
                          "```\n\n",
                          err);
}

/* What the labels were when nobody gave them. */
static int teachers(struct buf *b, const struct card *c, struct err *err)
{
    char name[256];
    int rc = 0;

    if (c->warm_start && c->warm_start[0] && c->pretrain_examples > 0) {
        base_name(name, c->warm_start);
        rc = buf_printf(b, err,
                        "- warm start: the labels of the first are the cosines "
                        "of `%s`\n",
                        name);
    }
    if (rc == 0 && c->teacher && c->teacher[0]) {
        base_name(name, c->teacher);
        rc = buf_printf(b, err, "- teacher: `%s`\n", name);
    }
    return rc;
}

/* Every seed that was tried; nothing without trials. */
static int seeds(struct buf *b, const struct course *c, struct err *err)
{
    int rc = 0;

    if (!c || c->seeds == 0)
        return 0;
    rc = buf_printf(b, err,
                    "\n## Seeds\n\n%zu seeds were trained for a share of the "
                    "steps; the best on dev went on.\n\n"
                    "| seed | batches | loss | dev Spearman | |\n"
                    "|---|---|---|---|---|\n",
                    c->seeds);
    for (size_t k = 0; rc == 0 && k < c->seeds; k++) {
        const struct course_seed *s = &c->tried[k];

        rc = buf_printf(b, err, "| %llu | %llu | %.4f | ",
                        (unsigned long long)s->seed,
                        (unsigned long long)s->batches, s->loss);
        if (rc == 0 && !isnan(s->dev))
            rc = buf_printf(b, err, "%.2f", 100.0 * s->dev);
        if (rc == 0)
            rc = buf_printf(b, err, " | %s |\n",
                            s->failed                  ? "loss no number"
                            : k == course_best_seed(c) ? "went on"
                                                       : "");
    }
    return rc;
}

static int how(struct buf *b, const struct card *c, struct err *err)
{
    const struct recipe_args *r = c->recipe;
    int rc = buf_puts(b, "## Data\n\n", err);

    if (rc == 0)
        rc = stores(b, "first", c->pretrain, c->pretrain_examples, err);
    if (rc == 0)
        rc = stores(b, c->pretrain_examples ? "then" : "training", c->pairs,
                    c->examples, err);
    if (rc == 0)
        rc = teachers(b, c, err);
    if (rc == 0)
        rc = buf_printf(
            b, err,
            "\n## Recipe\n\n"
            "| loss | epochs | batch | learning rate | warm-up | schedule | "
            "weight decay | clip | precision | seed |\n"
            "|---|---|---|---|---|---|---|---|---|---|\n"
            "| %s | %g | %lld x %lld | %g | %g | %s | %g | %g | %s | %llu "
            "|\n\nLoss and dev score over time: `train.csv`, `train.svg`.\n",
            c->loss, r->epochs, (long long)r->batch, (long long)r->accumulate,
            r->lr, r->warmup, r->schedule, r->decay, r->clip, r->precision,
            (unsigned long long)c->seed);
    return rc < 0 ? rc : seeds(b, c->course, err);
}

int card_write(const char *folder, const struct card *c, struct err *err)
{
    struct buf b = BUF_INIT(CARD_MAX);
    char path[FILE_PATH_MAX];
    int rc = front_matter(&b, c, err);

    if (rc == 0)
        rc = about(&b, c, err);
    if (rc == 0)
        rc = how(&b, c, err);
    if (rc == 0 && !isnan(c->score))
        rc = buf_printf(&b, err,
                        "\n## Results\n\nSpearman on `%s`, which chose the "
                        "weights: %.2f. All scores: `eval/`.\n",
                        file_base(c->dev), 100.0 * c->score);
    if (rc == 0)
        rc = file_join(path, folder, "README.md", err);
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
}
