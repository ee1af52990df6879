#include "text/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "text/detect_parts.h"
#include "text/normalise.h"

#define AUXILIARY \
    "(?:ca|wo|do|does|did|is|are|was|were|has|have|had|should|would|could|" \
    "must|need|ai)n['’]?t"
static const char negation_pattern[] =
    "(?:\\b(?:(?<!\\bor )not(?! only\\b)|no(?!\\s*,| "
    "problem\\b|\\.?\\s*\\d)|never|nobody|"
    "nothing|nowhere|none|neither|nor|without|cannot|unable|impossible|hardly|"
    "barely|scarcely|rarely|seldom|fail(?:ed|s)?(?= to)|" AUXILIARY ")\\b|"
    "(?<!差|^要|[,。]要)(?!(?<=对)不起)不(?!但|仅|过(?![期关敏夜户时])|管(?!用)"
    "|断|久|同(?!意)|得不|得了|只|"
    "论|如|错(?!过)|好意思|然|少|一会|停)|没(?!有?(?:问题|关系)|准)有?|"
    "(?<![特分区级性个告派识类鉴辨道离])别(?!人|的|处(?!理)|墅|针|致|扭)|"
    "未(?!来|必|成年)|无(?!论|数|线|印|比|疑|非|人机)|勿|甭|"
    "非(?!常|洲|得|\\p{Han}{1,3}不可)|缺(?=货|少|件)|断(?=货|码))"
    "(?=(\\s*\\p{Han}|\\s+\\w+)?)";
/* A question, not a negation: 是不是, 能不能, 有没有, 发货了没有, 要付钱不; and
 * "Isn't there one?", though not "Why isn't there one?". */
static const char asking_pattern[] =
    "(\\p{Han})[不没]\\1|(?<=了|过)没有?(?=[啊呀呢]?\\s*(?:[?!。…]|$))|"
    "(?<=\\p{Han}{2})不(?=[啊呀]?\\s*(?:\\?|$))|"
    "(?:^|[.!?,;:]\\s)" AUXILIARY
    "(?=\\s(?:i|you|we|they|he|she|it|there|this|that|these|those)\\b)";

int detect_new(struct detect **out, struct err *err)
{
    struct detect *d = calloc(1, sizeof(*d));
    int rc = 0;

    *out = d;
    if (!d)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate detectors");
    rc = detect_open_numbers(d, err);
    if (rc == 0)
        rc = pattern_new(&d->negation, negation_pattern,
                         PATTERN_CASELESS | PATTERN_ASCII, err);
    if (rc == 0)
        rc = pattern_new(&d->asking, asking_pattern,
                         PATTERN_CASELESS | PATTERN_ASCII, err);
    if (rc == 0)
        rc = detect_open_nonsense(d, err);
    if (rc < 0) {
        detect_free(d);
        *out = NULL;
    }
    return rc;
}

void detect_free(struct detect *d)
{
    if (!d)
        return;
    for (int i = 0; i < READINGS; i++)
        pattern_free(d->number[i]);
    pattern_free(d->negation);
    pattern_free(d->asking);
    pattern_free(d->nonsense);
    free(d);
}

/* ---- negations ---- */

enum { ASKING_MAX = 16 };
struct asking {
    struct span at[ASKING_MAX];
    size_t n;
};

static int find_asking(struct detect *d, struct asking *out, struct span text,
                       struct err *err)
{
    struct span found;
    size_t at = 0;
    int rc = 0;

    out->n = 0;
    while (rc == 0 && out->n < ASKING_MAX) {
        rc = pattern_each(d->asking, text, &at, &found, err);
        if (rc == 0)
            out->at[out->n++] = found;
    }
    return rc < 0 ? rc : 0;
}

static bool is_asking(const struct asking *a, struct span found)
{
    for (size_t i = 0; i < a->n; i++)
        if (found.ptr >= a->at[i].ptr &&
            found.ptr < a->at[i].ptr + a->at[i].len)
            return true;
    return false;
}

/* "can't" and "cannot", "isn't" and "is not", 没 and 没有 are the same. */
static uint64_t hash_negation(struct span found, struct span next)
{
    char word[16];
    size_t n = 0;

    for (; n < found.len && n + 1 < sizeof(word); n++)
        word[n] = (char)(found.ptr[n] >= 'A' && found.ptr[n] <= 'Z'
                             ? found.ptr[n] + 32
                             : found.ptr[n]);
    word[n] = '\0';
    if (strncmp(word, "没", 3) == 0 || strncmp(word, "未", 3) == 0)
        n = 0;
    else if (strncmp(word, "can", 3) == 0)
        n = 3;
    else if (strcmp(word, "not") == 0 ||
             (n > 2 && word[n - 1] == 't' && word[0] != 'w'))
        n = (size_t)snprintf(word, sizeof(word), "not");
    return hash64(next.ptr ? next.ptr : "", next.len, hash64(word, n, 0));
}

int detect_negation(struct detect *d, struct detect_negation *out,
                    struct span text, struct err *err)
{
    struct buf b = BUF_INIT(24 * text.len + 64);
    struct asking asking;
    struct span found, s;
    size_t at = 0, looked = 0;
    int rc = normalise_text(&b, text, NORMALISE_NFKC, err);

    *out = (struct detect_negation){ 0, 0 };
    s = (struct span){ buf_str(&b), b.len };
    while (rc == 0) {
        rc = pattern_each(d->negation, s, &at, &found, err);
        if (rc == 0 && !looked++)
            rc = find_asking(d, &asking, s, err);
        if (rc == 0 && !is_asking(&asking, found)) {
            out->n++;
            out->where += hash_negation(found, pattern_group(d->negation, 1));
        }
    }
    buf_release(&b);
    return rc < 0 ? rc : 0;
}

/* ---- script ---- */

static enum detect_script script_of(uint32_t c)
{
    if (!normalise_is_word(c) || (c >= '0' && c <= '9') || c == '_')
        return SCRIPT_NONE;
    if (c < 0x250 || (c >= 0x1E00 && c < 0x1F00))
        return SCRIPT_LATIN;
    if (normalise_is_cjk(c))
        return SCRIPT_HAN;
    if (c >= 0x3040 && c < 0x3100)
        return SCRIPT_KANA;
    if ((c >= 0xAC00 && c < 0xD7B0) || (c >= 0x1100 && c < 0x1200))
        return SCRIPT_HANGUL;
    if (c >= 0x400 && c < 0x530)
        return SCRIPT_CYRILLIC;
    if (c >= 0x600 && c < 0x780)
        return SCRIPT_ARABIC;
    return SCRIPT_OTHER;
}

enum detect_script detect_script(struct span text)
{
    const char *p = text.ptr, *end = p + text.len;
    size_t count[SCRIPT_OTHER + 1] = { 0 };
    enum detect_script most = SCRIPT_NONE;

    while (p < end) {
        enum detect_script s = script_of(normalise_decode(&p, end));

        /* a word of an alphabet has several letters */
        count[s] += s == SCRIPT_HAN ? 3 : 1;
    }
    if (count[SCRIPT_KANA])
        return SCRIPT_KANA;
    count[SCRIPT_NONE] = 0;
    for (int s = SCRIPT_LATIN; s <= SCRIPT_OTHER; s++)
        if (count[s] > count[most])
            most = (enum detect_script)s;
    return most;
}

/* ---- likeness ---- */

size_t detect_points(uint32_t out[DETECT_POINTS], struct span text)
{
    const char *p = text.ptr, *end = p + text.len;
    size_t n = 0;

    while (p < end && n < DETECT_POINTS)
        out[n++] = normalise_decode(&p, end);
    return n;
}

/* Where each of up to 64 code points stands: a bit a place. */
struct places {
    uint32_t code[128]; /* open addressing */
    uint64_t at[128];   /* 0: a free slot */
};

static unsigned slot_of(const struct places *t, uint32_t code)
{
    unsigned k = (code * 0x9e3779b1u) >> 25;

    while (t->at[k] && t->code[k] != code)
        k = (k + 1) % 128;
    return k;
}

static void places_of(struct places *t, const uint32_t *x, size_t n)
{
    memset(t->at, 0, sizeof(t->at));
    for (size_t i = 0; i < n; i++) {
        unsigned k = slot_of(t, x[i]);

        t->code[k] = x[i];
        t->at[k] |= (uint64_t)1 << i;
    }
}

/* 64 rows of the table of distances, column by column: step[k] is the
 * difference of column k + 1 to k in the row above, and then in the last one
 * here (Myers 1999, in the blocks of Hyyroe 2003). */
static void pass_rows(int8_t *step, const uint32_t *x, size_t n,
                      const uint32_t *y, size_t m)
{
    uint64_t up = ~(uint64_t)0, down = 0, last = (uint64_t)1 << (n - 1);
    struct places places;

    places_of(&places, x, n);
    for (size_t k = 0; k < m; k++) {
        uint64_t same = places.at[slot_of(&places, y[k])];
        uint64_t v = same | down, h, plus, minus;
        int8_t above = step[k];

        same |= above < 0;
        h = (((same & up) + up) ^ up) | same;
        plus = down | ~(h | up);
        minus = up & h;
        step[k] = (int8_t)(!!(plus & last) - !!(minus & last));
        plus = plus << 1 | (above > 0);
        minus = minus << 1 | (above < 0);
        up = minus | ~(v | plus);
        down = plus & v;
    }
}

double detect_points_likeness(const uint32_t *x, size_t n, const uint32_t *y,
                              size_t m)
{
    int8_t step[DETECT_POINTS];
    size_t distance = n;

    if (n + m == 0)
        return 1.0;
    memset(step, 1, m); /* the first row counts the columns */
    for (size_t i = 0; i < n; i += 64)
        pass_rows(step, x + i, n - i < 64 ? n - i : 64, y, m);
    for (size_t k = 0; k < m; k++)
        distance += (size_t)step[k];
    return 1.0 - (double)distance / (double)(n > m ? n : m);
}

double detect_likeness(struct span a, struct span b)
{
    uint32_t x[DETECT_POINTS], y[DETECT_POINTS];
    size_t n = detect_points(x, a), m = detect_points(y, b);

    return detect_points_likeness(x, n, y, m);
}
