#include "model/infer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "model/encoder.h"
#include "text/normalise.h"

int infer_body(char *out, const struct model_config *c, const char *folder,
               struct err *err)
{
    if (c->body[0])
        return file_join(out, folder, c->body, err);
    if (strlen(folder) >= FILE_PATH_MAX)
        return ERR_SET(err, ERR_FULL, "%s: path is too long", folder);
    strncpy(out, folder, FILE_PATH_MAX);
    return 0;
}

int infer_tokenizer(struct tokenizer **out, const struct model_config *c,
                    const char *body, struct err *err)
{
    int rc = tokenizer_load(out, body, err);

    if (rc == 0 && c->S == 1)
        tokenizer_one_segment(*out);
    if (rc < 0 || tokenizer_vocab_size(*out) <= c->V)
        return rc;
    rc = ERR_SET(err, ERR_FORMAT,
                 "%s: the tokenizer has %zu ids, the embedding %zu rows", body,
                 tokenizer_vocab_size(*out), c->V);
    tokenizer_free(*out);
    *out = NULL;
    return rc;
}

/* ---- texts ---- */

int infer_text(struct buf *out, const struct model_config *c, struct span text,
               struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    int rc = buf_puts(out, c->prompt, err);

    if (rc < 0 || !c->lower_case)
        return rc < 0 ? rc : buf_append(out, text.ptr, text.len, err);
    while (rc == 0 && p < end) {
        char utf8[4];
        uint32_t cp = normalise_lower(normalise_decode(&p, end));

        rc = buf_append(out, utf8, normalise_encode(utf8, cp), err);
    }
    return rc;
}

/* Prompt and lower case first: rare, so one text at a time is good enough. */
static int tokenise_changed(struct token_table *t, const struct model_config *c,
                            const struct tokenizer *tok,
                            const struct span *text, size_t n,
                            struct workers *w, struct err *err)
{
    struct buf changed = BUF_INIT(SIZE_MAX / 4);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct span s;

        buf_reset(&changed);
        rc = infer_text(&changed, c, text[i], err);
        s = (struct span){ buf_str(&changed), changed.len };
        if (rc == 0)
            rc = token_table_add(t, tok, &s, 1, c->max_len, w, err);
    }
    buf_release(&changed);
    return rc;
}

int infer_tokenise(struct token_table *t, const struct model_config *c,
                   const struct tokenizer *tok, const struct span *text,
                   size_t n, struct workers *w, struct err *err)
{
    if (c->prompt[0] || c->lower_case)
        return tokenise_changed(t, c, tok, text, n, w, err);
    return token_table_add(t, tok, text, n, c->max_len, w, err);
}

/* ---- sequences ---- */

/* What one worker needs for a chunk. */
struct lane {
    struct packed packed; /* its arrays lie in the arena */
    float *x, *scratch, *pooled;
};

struct run {
    const struct infer *job;
    float *y;
    uint32_t *first; /* [chunks+1] first sequence of each chunk */
    size_t chunks, tokens, longest; /* tokens: the most of a chunk */
    struct lane *lane;              /* of each worker */
};

static size_t length(const struct infer *j, size_t i)
{
    size_t max_len = j->config->max_len;

    return j->b ? token_table_pair_len(j->table, j->tokenizer, j->a[i], j->b[i],
                                       max_len)
                : token_table_single_len(j->table, j->a[i], max_len);
}

static void plan(struct run *r)
{
    size_t tokens = 0;

    r->chunks = r->tokens = r->longest = 0;
    for (size_t i = 0; i < r->job->n; i++) {
        size_t len = length(r->job, i);

        if (i == 0 || tokens + len > ENCODER_CHUNK) {
            r->first[r->chunks++] = (uint32_t)i;
            tokens = 0;
        }
        tokens += len;
        r->tokens = tokens > r->tokens ? tokens : r->tokens;
        r->longest = len > r->longest ? len : r->longest;
    }
    r->first[r->chunks] = (uint32_t)r->job->n;
}

/* The builders may write max_len ids behind what is there. */
static size_t id_room(const struct run *r)
{
    return r->tokens + r->job->config->max_len;
}

static size_t lane_bytes(const struct run *r)
{
    const struct model_config *c = r->job->config;
    size_t floats =
        2 * r->tokens * c->C +
        encoder_scratch(c, r->job->packed->precision, r->tokens, r->longest);

    return floats * sizeof(float) + id_room(r) * 5 +
           (r->tokens + 1) * sizeof(uint32_t) + 8 * ARENA_ALIGN;
}

static void make_lane(struct lane *b, const struct run *r, struct arena *arena)
{
    const struct model_config *c = r->job->config;
    struct packed *p = &b->packed;

    p->id = arena_alloc(arena, id_room(r), sizeof(*p->id));
    p->segment = arena_alloc(arena, id_room(r), sizeof(*p->segment));
    p->offset = arena_alloc(arena, r->tokens + 1, sizeof(*p->offset));
    b->x = arena_alloc(arena, r->tokens * c->C, sizeof(float));
    b->pooled = arena_alloc(arena, r->tokens * c->C, sizeof(float));
    b->scratch = arena_alloc(
        arena,
        encoder_scratch(c, r->job->packed->precision, r->tokens, r->longest),
        sizeof(float));
    assert(p->id && p->segment && p->offset && b->x && b->pooled && b->scratch);
}

static void fill(struct packed *p, const struct infer *j, size_t first,
                 size_t end)
{
    const struct token_table *t = j->table;

    p->B = p->T = p->longest = 0;
    p->offset[0] = 0;
    for (size_t i = first; i < end; i++) {
        const uint32_t *a = t->id + t->start[j->a[i]];
        size_t na = t->count[j->a[i]], max_len = j->config->max_len, n;

        if (j->b) {
            n = tokenizer_pair(j->tokenizer, p->id + p->T, p->segment + p->T, a,
                               na, t->id + t->start[j->b[i]], t->count[j->b[i]],
                               max_len);
        } else {
            n = tokenizer_single(j->tokenizer, p->id + p->T, a, na, max_len);
            memset(p->segment + p->T, 0, n);
        }
        p->T += n;
        p->longest = n > p->longest ? n : p->longest;
        p->offset[++p->B] = (uint32_t)p->T;
    }
}

static void run_chunks(void *ctx, size_t begin, size_t end, size_t worker)
{
    const struct run *r = ctx;
    const struct infer *j = r->job;
    const struct model_config *c = j->config;
    struct lane *b = &r->lane[worker];

    for (size_t k = begin; k < end; k++) {
        size_t first = r->first[k];

        fill(&b->packed, j, first, r->first[k + 1]);
        if (c->kind == MODEL_CROSS) {
            encoder_forward(b->x, b->scratch, c, j->packed, &b->packed,
                            ENCODER_CLS);
            encoder_logits(r->y + first * c->labels, b->pooled, b->x, c,
                           j->packed, b->packed.B);
        } else {
            encoder_forward(b->x, b->scratch, c, j->packed, &b->packed,
                            ENCODER_TOKENS);
            encoder_pool(r->y + first * model_config_dim(c), b->x, c,
                         &b->packed);
        }
    }
}

/* Count first: the plan decides how much memory the lanes need. */
static int prepare(struct run *r, struct arena *arena, size_t workers,
                   struct err *err)
{
    size_t plan_bytes = (r->job->n + 1) * sizeof(*r->first) + ARENA_ALIGN;
    int rc;

    arena_reset(arena);
    rc = arena_reserve(arena, plan_bytes, err);
    if (rc < 0)
        return rc;
    r->first = arena_alloc(arena, r->job->n + 1, sizeof(*r->first));
    assert(r->first);
    plan(r);
    arena_reset(arena);
    rc = arena_reserve(
        arena,
        plan_bytes + workers * (lane_bytes(r) + sizeof(*r->lane)) + ARENA_ALIGN,
        err);
    if (rc < 0)
        return rc;
    r->first = arena_alloc(arena, r->job->n + 1, sizeof(*r->first));
    r->lane = arena_calloc(arena, workers, sizeof(*r->lane));
    assert(r->first && r->lane);
    plan(r);
    for (size_t i = 0; i < workers; i++)
        make_lane(&r->lane[i], r, arena);
    return 0;
}

static int run_packed(float *y, const struct infer *job, struct arena *arena,
                      struct workers *w, struct err *err)
{
    struct run r = { .job = job, .y = y };
    const struct model_config *c = job->config;
    size_t width = c->kind == MODEL_CROSS ? c->labels : model_config_dim(c);
    int rc = prepare(&r, arena, workers_count(w), err);

    if (rc < 0)
        return rc;
    workers_run(w, r.chunks, 1, run_chunks, &r);
    for (size_t i = 0; i < job->n * width; i++)
        if (!isfinite(y[i]))
            return ERR_SET(err, ERR_NUMERIC,
                           "output %zu of sequence %zu is not finite",
                           i % width, i / width);
    return 0;
}

int infer_run(float *y, const struct infer *job, struct arena *arena,
              struct workers *w, struct err *err)
{
    struct infer_weights mine;
    struct infer now = *job;
    int rc;

    if (job->n == 0)
        return 0;
    if (job->packed)
        return run_packed(y, job, arena, w, err);
    rc = infer_weights_init(&mine, job->config, job->weights, PRECISION_F32,
                            err);
    now.packed = &mine;
    if (rc == 0)
        rc = run_packed(y, &now, arena, w, err);
    infer_weights_release(&mine);
    return rc;
}
