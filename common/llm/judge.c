#include "llm/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "text/fold.h"

struct judge_list {
    uint64_t anchor; /* hash of its text */
    size_t at;       /* into place */
    size_t n;
};

/* ---- lists ---- */

static uint64_t anchor_key(struct span anchor)
{
    return hash64(anchor.ptr, anchor.len, 0);
}

static int by_anchor(const void *x, const void *y)
{
    const struct judge_list *a = x, *b = y;

    return a->anchor < b->anchor ? -1 : a->anchor > b->anchor;
}

static const struct judge_list *find(const struct judge *j, struct span anchor)
{
    const struct judge_list key = { .anchor = anchor_key(anchor) };

    return j->lists ? bsearch(&key, j->list, j->lists, sizeof(key), by_anchor)
                    : NULL;
}

void judge_sort(struct judge *j)
{
    if (j->lists)
        qsort(j->list, j->lists, sizeof(*j->list), by_anchor);
}

static int reserve(struct judge *j, size_t n, struct err *err)
{
    if (j->lists == j->list_room) {
        size_t room = 2 * j->list_room + 256;
        struct judge_list *list = realloc(j->list, room * sizeof(*list));
        uint32_t *ordinal =
            list ? realloc(j->anchors.ordinal, room * sizeof(*ordinal)) : NULL;

        j->list = list ? list : j->list;
        if (!ordinal)
            return ERR_SET(err, ERR_NOMEM, "cannot judge %zu anchors", room);
        j->anchors.ordinal = ordinal;
        j->list_room = room;
    }
    if (j->places + n > j->place_room) {
        size_t room = 2 * (j->place_room + n);
        uint16_t *place = realloc(j->place, room * sizeof(*place));

        if (!place)
            return ERR_SET(err, ERR_NOMEM, "cannot judge %zu sentences", room);
        j->place = place;
        j->place_room = room;
    }
    return 0;
}

int judge_add(struct judge *j, const struct anchors *from, uint32_t i,
              struct span anchor, const uint16_t *place, size_t n,
              struct err *err)
{
    int rc = n ? reserve(j, n, err) : 0;

    if (rc < 0 || n == 0)
        return rc;
    memcpy(j->place + j->places, place, n * sizeof(*place));
    j->list[j->lists++] =
        (struct judge_list){ anchor_key(anchor), j->places, n };
    j->places += n;
    j->anchors.in = from->in;
    j->anchors.ordinal[j->anchors.n++] = from->ordinal[i];
    return 0;
}

/* ---- the question ---- */

struct seat {
    uint64_t draw;
    uint16_t place;
};

static int by_draw(const void *x, const void *y)
{
    const struct seat *a = x, *b = y;

    if (a->draw != b->draw)
        return a->draw < b->draw ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static const char *sentence(const struct chat_answer *a, size_t place)
{
    size_t negative = place - a->positives;

    return place < a->positives      ? a->positive[place].text
           : negative < a->negatives ? a->negative[negative].text
                                     : NULL;
}

/* The places in the order they are shown in; 0 when the list is of another
 * answer. */
static size_t seat(struct seat out[CHAT_ITEMS_MAX], const struct judge *j,
                   const struct judge_list *l, const struct chat_answer *a,
                   bool swapped)
{
    size_t n = l->n < CHAT_ITEMS_MAX ? l->n : CHAT_ITEMS_MAX;

    for (size_t i = 0; i < n; i++) {
        const char *text = sentence(a, j->place[l->at + i]);

        if (!text)
            return 0;
        out[i] =
            (struct seat){ hash64(text, strlen(text), 7), j->place[l->at + i] };
    }
    qsort(out, n, sizeof(*out), by_draw);
    for (size_t i = 0; swapped && i < n / 2; i++) {
        struct seat t = out[i];

        out[i] = out[n - 1 - i];
        out[n - 1 - i] = t;
    }
    return n;
}

static int write_items(struct buf *out, const struct judge_side *side,
                       const struct judge_list *l, struct span anchor,
                       const struct chat_answer *a, struct err *err)
{
    struct seat s[CHAT_ITEMS_MAX];
    size_t n = seat(s, side->judge, l, a, side->swapped);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct span x = anchor, y = span_of(sentence(a, s[i].place));

        rc = buf_printf(
            out, err, "%s%zu. A: %.*s\n   B: %.*s", i ? "\n" : "", i + 1,
            (int)(side->swapped ? y : x).len, (side->swapped ? y : x).ptr,
            (int)(side->swapped ? x : y).len, (side->swapped ? x : y).ptr);
    }
    return rc;
}

/* As dialogue_plan's fill: the sentences, from the answer that has them. */
static int fill(void *ctx, struct span anchor, unsigned sample,
                struct prompt_values *v, struct buf *text, struct err *err)
{
    const struct judge_side *side = ctx;
    const struct judge_list *l = find(side->judge, anchor);
    struct finding f;
    int rc;

    (void)sample;
    buf_reset(text);
    rc = inquiry_find(&f, side->judge->asked, anchor, NULL, false, err);
    if (rc == 0 && l && f.state == INQUIRY_USE)
        rc = write_items(text, side, l, anchor, &f.dialogue.answer, err);
    finding_release(&f);
    v->items = (struct span){ buf_str(text), text->len };
    return rc;
}

/* ---- set-up ---- */

static int load_template(struct judge *j, const struct judge_options *o,
                         struct err *err)
{
    const struct span language = j->asked->plan->prompt->language;
    char name[64];
    int rc;

    snprintf(name, sizeof(name), "judge-%s",
             span_is(language, "zh") ? "zh" : "en");
    rc = prompt_load(&j->prompt, o->template[0] ? o->template : name, err);
    if (rc == 0 && !j->prompt.uses[PROMPT_ITEMS])
        rc = ERR_SET(err, ERR_USAGE, "--judge-template %s: has no {items}",
                     o->template);
    return rc;
}

int judge_load(struct judge *j, const struct inquiry *asked,
               const struct judge_options *o, struct err *err)
{
    const char *domain = "";
    int rc;

    j->on = true;
    j->asked = asked;
    rc = sources_load(&j->sources, &j->how, err);
    if (rc == 0)
        rc = load_template(j, o, err);
    if (rc == 0)
        rc = prompt_domain(&j->prompt,
                           j->prompt.uses[PROMPT_DOMAIN] ? o->domain : "",
                           &domain, err);
    for (int k = 0; k < JUDGE_SIDES; k++) {
        j->side[k] = (struct judge_side){ j, k == 1 };
        j->plan[k] = (struct dialogue_plan){ .prompt = &j->prompt,
                                             .domain = domain,
                                             .negatives = o->most,
                                             .temperature = 0.0,
                                             .seed = o->seed,
                                             .fill = fill,
                                             .fill_ctx = &j->side[k] };
        j->inquiry[k] =
            (struct inquiry){ .sources = &j->sources, .plan = &j->plan[k] };
    }
    return rc;
}

void judge_release(struct judge *j)
{
    sources_release(&j->sources);
    prompt_release(&j->prompt);
    free(j->list);
    free(j->place);
    free(j->anchors.ordinal);
    memset(j, 0, sizeof(*j));
}

/* ---- its answers ---- */

enum { SAYS_SAME = 1, SAYS_DIFFERENT = 2 };

static int equal(bool *is, const char *a, const char *b, struct err *err)
{
    struct buf x = BUF_INIT(24 * strlen(a) + 64);
    struct buf y = BUF_INIT(24 * strlen(b) + 64);
    int rc = fold_text(&x, span_of(a), err);

    if (rc == 0)
        rc = fold_text(&y, span_of(b), err);
    *is = rc == 0 && x.len && strcmp(buf_str(&x), buf_str(&y)) == 0;
    buf_release(&x);
    buf_release(&y);
    return rc;
}

/* Which seat is meant: by its number, or by the sentence itself. */
static int find_seat(size_t *out, const struct seat *s, size_t n,
                     const struct chat_answer *a, const char *said,
                     struct err *err)
{
    char *stop;
    long number = strtol(said, &stop, 10);
    int rc = 0;

    *out = n;
    if (stop != said && stop[strspn(stop, " .):")] == '\0') {
        if (number >= 1 && (size_t)number <= n)
            *out = (size_t)number - 1;
        return 0;
    }
    for (size_t i = 0; rc == 0 && *out == n && i < n; i++) {
        bool is;

        rc = equal(&is, said, sentence(a, s[i].place), err);
        if (is)
            *out = i;
    }
    return rc;
}

/* What one side says of each place. */
static int read_side(uint8_t *says, struct judge *j, int k,
                     const struct judge_list *l, struct span anchor,
                     const struct chat_answer *a, struct waste *w,
                     struct err *err)
{
    struct seat s[CHAT_ITEMS_MAX];
    size_t n = seat(s, j, l, a, j->side[k].swapped);
    struct finding f;
    const struct chat_answer *v = &f.dialogue.answer;
    int rc = inquiry_find(&f, &j->inquiry[k], anchor, NULL, false, err);

    for (size_t i = 0;
         rc == 0 && f.state == INQUIRY_USE && i < v->positives + v->negatives;
         i++) {
        size_t at;

        rc = find_seat(&at, s, n, a, sentence(v, i), err);
        if (rc == 0 && at < n)
            says[s[at].place] |= i < v->positives ? SAYS_SAME : SAYS_DIFFERENT;
    }
    if (rc == 0 && w)
        waste_add_judge(w, j->sources.source[f.source].name, &f.dialogue);
    finding_release(&f);
    return rc;
}

int judge_votes(struct judge *j, struct opinion *of, struct span anchor,
                const struct chat_answer *a, struct waste *w, struct err *err)
{
    uint8_t says[JUDGE_SIDES][2 * CHAT_ITEMS_MAX] = { { 0 } };
    const struct judge_list *l = find(j, anchor);
    int rc = 0;

    for (int k = 0; l && rc == 0 && k < JUDGE_SIDES; k++)
        rc = read_side(says[k], j, k, l, anchor, a, w, err);
    for (size_t i = 0; l && rc == 0 && i < a->positives + a->negatives; i++) {
        bool wanted = i < a->positives;

        if (says[0][i] != says[1][i])
            continue;
        if (says[0][i] == SAYS_SAME)
            of[i].judge = wanted ? VOTE_ACCEPT : VOTE_REJECT;
        else if (says[0][i] == SAYS_DIFFERENT)
            of[i].judge = wanted ? VOTE_REJECT : VOTE_ACCEPT;
    }
    return rc;
}
