#include "llm/brief.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"

enum { TEXT_BYTES = 1 << 20 };

int brief_replace(struct buf *out, struct span text, const char *const *pairs,
                  struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < text.len;) {
        const char *const *at = pairs;

        while (at[0] && (strlen(at[0]) > text.len - i ||
                         memcmp(text.ptr + i, at[0], strlen(at[0])) != 0))
            at += 2;
        rc = at[0] ? buf_puts(out, at[1], err)
                   : buf_append(out, text.ptr + i, 1, err);
        i += at[0] ? strlen(at[0]) : 1;
    }
    return rc;
}

/* ---- what the options say ---- */

/* The next of a list with commas; empty at its end. */
static struct span next_word(const char **s)
{
    struct span w;

    *s += strspn(*s, ", ");
    w = (struct span){ *s, strcspn(*s, ",") };
    *s += w.len;
    while (w.len && w.ptr[w.len - 1] == ' ')
        w.len--;
    return w;
}

static bool same(struct span a, struct span b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static int unknown(const char *what, struct span word, const struct prompt *p,
                   bool axes, struct err *err)
{
    struct buf b = BUF_INIT(2000);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < (axes ? p->axes : p->kinds); i++) {
        struct span n = axes ? p->axis[i].name : p->kind[i].name;

        rc = buf_printf(&b, err, "%s%.*s", i ? ", " : "", (int)n.len, n.ptr);
    }
    rc = ERR_SET(err, ERR_USAGE, "the template has no %s '%.*s'; it has: %s",
                 what, (int)word.len, word.ptr, b.len ? buf_str(&b) : "none");
    buf_release(&b);
    return rc;
}

/* "negation=2" */
static int read_kind(struct brief *b, struct span word, struct err *err)
{
    const char *eq = memchr(word.ptr, '=', word.len);
    struct span name = { word.ptr, eq ? (size_t)(eq - word.ptr) : word.len };
    char number[32], *stop = number;
    double w = 1.0;

    if (eq) {
        snprintf(number, sizeof(number), "%.*s", (int)(word.len - name.len - 1),
                 eq + 1);
        w = strtod(number, &stop);
    }
    if ((eq && (stop == number || *stop)) || !(w > 0.0 && w <= 1e6))
        return ERR_SET(err, ERR_USAGE,
                       "--kinds: expected NAME or NAME=WEIGHT, found '%.*s'",
                       (int)word.len, word.ptr);
    for (size_t i = 0; i < b->prompt->kinds; i++) {
        if (!same(b->prompt->kind[i].name, name))
            continue;
        for (size_t k = 0; k < b->kinds; k++)
            if (b->kind[k] == i)
                return ERR_SET(err, ERR_USAGE, "--kinds: %.*s is there twice",
                               (int)name.len, name.ptr);
        b->kind[b->kinds] = i;
        b->weight[b->kinds++] = w;
        return 0;
    }
    return unknown("kind", name, b->prompt, false, err);
}

static int read_kinds(struct brief *b, const char *list, struct err *err)
{
    struct span w;
    int rc = 0;

    if (!list[0]) {
        for (; b->kinds < b->prompt->kinds; b->kinds++) {
            b->kind[b->kinds] = b->kinds;
            b->weight[b->kinds] = 1.0;
        }
        return 0;
    }
    for (w = next_word(&list); rc == 0 && w.len; w = next_word(&list))
        rc = read_kind(b, w, err);
    return rc;
}

static int read_grades(struct brief *b, const char *list, struct err *err)
{
    struct span w;

    for (w = next_word(&list); w.len; w = next_word(&list)) {
        char *stop;
        double g = strtod(w.ptr, &stop);

        if (stop != w.ptr + w.len || !(g >= 0.0 && g <= 1.0) ||
            b->grades == BRIEF_GRADES)
            return ERR_SET(err, ERR_USAGE,
                           "--grades: expected up to %d numbers from 0 to 1, "
                           "found '%.*s'",
                           BRIEF_GRADES, (int)w.len, w.ptr);
        b->grade[b->grades++] = g;
    }
    return 0;
}

static int read_styles(struct brief *b, const char *list, struct err *err)
{
    bool all = strcmp(list, "all") == 0;
    struct span w;

    for (size_t i = 0; i < b->prompt->axes; i++)
        b->axis[i] = all;
    if (all || !list[0] || strcmp(list, "none") == 0)
        return 0;
    for (w = next_word(&list); w.len; w = next_word(&list)) {
        size_t i = 0;

        while (i < b->prompt->axes && !same(b->prompt->axis[i].name, w))
            i++;
        if (i == b->prompt->axes)
            return unknown("style axis", w, b->prompt, true, err);
        b->axis[i] = true;
    }
    return 0;
}

/* What is given must have a place in the template. */
static int check_places(const struct prompt *p, const struct brief_options *o,
                        struct err *err)
{
    const struct {
        const char *option, *value;
        enum prompt_variable need, or ;
    } row[] = {
        { "--kinds", o->kinds, PROMPT_WANTED, PROMPT_KIND_LIST },
        { "--grades", o->grades, PROMPT_WANTED, PROMPT_WANTED },
        { "--notes", o->notes, PROMPT_NOTES, PROMPT_NOTES },
        { "--examples", o->examples, PROMPT_EXAMPLES, PROMPT_EXAMPLES },
        { "--avoid", o->avoid, PROMPT_AVOID, PROMPT_AVOID },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (row[i].value[0] && !p->uses[row[i].need] && !p->uses[row[i].or ])
            return ERR_SET(err, ERR_USAGE,
                           "%s is given, but the template has no %s for it",
                           row[i].option, prompt_variable(row[i].need));
    return 0;
}

/* ---- what is the same for all ---- */

static int list_kinds(struct brief *b, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->kinds; i++) {
        const struct prompt_kind *k = &b->prompt->kind[b->kind[i]];

        rc = buf_printf(&b->kind_list, err, "%s- %.*s: %.*s", i ? "\n" : "",
                        (int)k->name.len, k->name.ptr, (int)k->text.len,
                        k->text.ptr);
    }
    return rc;
}

static int read_notes(struct buf *out, const char *path, struct err *err)
{
    int rc = file_read(out, path, err);

    while (out->len && strchr(" \t\r\n", out->ptr[out->len - 1]))
        out->ptr[--out->len] = '\0';
    if (rc == 0 && out->len == 0)
        return ERR_SET(err, ERR_FORMAT, "%s: no notes in it", path);
    return rc;
}

int brief_load(struct brief *b, const struct prompt *p,
               const struct brief_options *o, struct err *err)
{
    int rc = check_places(p, o, err);

    *b = (struct brief){ .prompt = p,
                         .seed = o->seed,
                         .kind_list = BUF_INIT(TEXT_BYTES),
                         .notes = BUF_INIT(TEXT_BYTES),
                         .examples = BUF_INIT(TEXT_BYTES),
                         .avoid = BUF_INIT(TEXT_BYTES) };
    if (rc == 0)
        rc = read_kinds(b, o->kinds, err);
    if (rc == 0)
        rc = read_grades(b, o->grades, err);
    if (rc == 0)
        rc = read_styles(b, o->styles, err);
    if (rc == 0)
        rc = list_kinds(b, err);
    if (rc == 0 && o->notes[0])
        rc = read_notes(&b->notes, o->notes, err);
    if (rc == 0 && o->avoid[0])
        rc = brief_read_avoid(&b->avoid, o->avoid, err);
    if (rc == 0 && o->examples[0])
        rc = brief_show_gold(&b->examples, p, o->examples, (size_t)o->shots,
                             o->seed, err);
    return rc;
}

void brief_release(struct brief *b)
{
    buf_release(&b->kind_list);
    buf_release(&b->notes);
    buf_release(&b->examples);
    buf_release(&b->avoid);
}

/* ---- what one anchor draws ---- */

static void draw_kinds(struct brief_draw *d, const struct brief *b,
                       struct rng *r, size_t n)
{
    uint32_t order[PROMPT_KINDS];
    double sum = 0.0, step, at, passed = 0.0;
    size_t k = 0;

    for (size_t i = 0; i < b->kinds; i++) {
        order[i] = (uint32_t)i;
        sum += b->weight[i];
    }
    rng_shuffle(r, order, b->kinds);
    step = sum / (double)n;
    at = rng_uniform(r) * step;
    for (d->n = 0; d->n < n; d->n++, at += step) {
        while (k + 1 < b->kinds && passed + b->weight[order[k]] <= at)
            passed += b->weight[order[k++]];
        d->kind[d->n] = b->kind[order[k]];
    }
}

void brief_draw(struct brief_draw *d, const struct brief *b, struct span anchor,
                int negatives)
{
    size_t n = negatives < 0 ? 0 : (size_t)negatives, offset;
    struct rng r;

    n = n < CHAT_ITEMS_MAX ? n : CHAT_ITEMS_MAX;
    rng_init(&r, hash64(anchor.ptr, anchor.len, b->seed), 0x6b696e64);
    d->n = 0;
    for (size_t i = 0; i < b->prompt->axes; i++)
        d->style[i] = (size_t)rng_below(&r, b->prompt->axis[i].n);
    offset = b->grades ? (size_t)rng_below(&r, b->grades) : 0;
    if (b->kinds && n)
        draw_kinds(d, b, &r, n);
    for (size_t i = 0; i < n; i++)
        d->grade[i] = b->grades ? b->grade[(offset + i) % b->grades] : NAN;
}

double brief_grade(const struct brief_draw *d, const struct brief *b,
                   const char *kind, bool *taken)
{
    const struct span name = span_of(kind);

    for (size_t i = 0; b->grades && i < d->n; i++)
        if (!taken[i] && same(b->prompt->kind[d->kind[i]].name, name)) {
            taken[i] = true;
            return d->grade[i];
        }
    return NAN;
}

/* ---- as text ---- */

static const char *comma(const struct brief *b, bool strong)
{
    if (span_is(b->prompt->language, "zh"))
        return strong ? "；" : "、";
    return strong ? "; " : ", ";
}

static int write_wanted(struct buf *out, const struct brief *b,
                        const struct brief_draw *d, struct err *err)
{
    struct span form = b->prompt->graded.len
                           ? b->prompt->graded
                           : span_of("{kind} (similarity {similarity})");
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->n; i++) {
        const struct prompt_kind *k = &b->prompt->kind[d->kind[i]];
        char name[80], grade[16];
        const char *const pairs[] = { "{kind}", name, "{similarity}", grade,
                                      NULL };

        snprintf(name, sizeof(name), "%.*s", (int)k->name.len, k->name.ptr);
        snprintf(grade, sizeof(grade), "%g", d->grade[i]);
        if (i)
            rc = buf_puts(out, comma(b, b->grades > 0), err);
        if (rc == 0)
            rc = b->grades ? brief_replace(out, form, pairs, err)
                           : buf_puts(out, name, err);
    }
    return rc;
}

static int write_style(struct buf *out, const struct brief *b,
                       const struct brief_draw *d, struct err *err)
{
    const size_t begin = out->len;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->prompt->axes; i++) {
        struct span v = b->prompt->axis[i].value[d->style[i]];

        if (!b->axis[i])
            continue;
        if (out->len > begin)
            rc = buf_puts(out, comma(b, true), err);
        if (rc == 0)
            rc = buf_append(out, v.ptr, v.len, err);
    }
    return rc;
}

static struct span span_of_buf(const struct buf *b)
{
    return (struct span){ buf_str(b), b->len };
}

int brief_fill(void *ctx, struct span anchor, unsigned sample,
               struct prompt_values *v, struct buf *text, struct err *err)
{
    const struct brief *b = ctx;
    struct brief_draw d;
    size_t wanted;
    int rc;

    (void)sample;
    brief_draw(&d, b, anchor, v->negatives);
    buf_reset(text);
    rc = write_wanted(text, b, &d, err);
    wanted = text->len;
    if (rc == 0 && v->positives)
        rc = write_style(text, b, &d, err);
    if (rc < 0)
        return rc;
    v->wanted = (struct span){ buf_str(text), wanted };
    v->style = (struct span){ buf_str(text) + wanted, text->len - wanted };
    v->kinds = span_of_buf(&b->kind_list);
    v->notes = span_of_buf(&b->notes);
    v->examples = span_of_buf(&b->examples);
    v->avoid = span_of_buf(&b->avoid);
    return 0;
}
