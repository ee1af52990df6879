#include "text/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "text/normalise.h"
#include "text/pattern.h"

/* The unit behind a number, of either language. */
#define UNIT \
    "(?:[\\s-]*(?<u>percent\\b|per cent|%|minutes?\\b|mins?\\b|hours?\\b|hrs?" \
    "\\b|days?\\b|weeks?\\b|months?\\b|years?\\b|yrs?\\b|euros?\\b|dollars?" \
    "\\b|yuan\\b|pounds?\\b|rmb\\b|km\\b|cm\\b|mm\\b|metres?\\b|meters?\\b|m" \
    "\\b|kg\\b|grams?\\b|g\\b|分钟|个?小时|个?钟头|天|日|号|周|" \
    "个?星期|个?礼拜|个月|月|年|元|块|欧|美元|公里|厘米|毫米|米|公斤|千克|克|" \
    "斤|" \
    "点|个|件|次|名|人|种|位|折|倍|张|条|台|箱|包|双|套|岁|€|¥))?"

static const char digits_pattern[] =
    "(?:[$€£¥]\\s?)?(?<n>\\d+(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:[.:]\\d+)?)"
    "\\s?(?<k>[kK](?![a-z])|万|千|百)?" UNIT;
static const char words_pattern[] =
    "\\b(?<n>two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    "thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|"
    "thirty|forty|fifty|sixty|seventy|eighty|ninety|dozen|(?:a |one )?hundred|"
    "(?:a |one )?thousand|fortnight|one(?=[\\s-](?:minute|hour|day|week|month|"
    "year)s?\\b))\\b(?:[\\s-]?(?<k>thousand|hundred)\\b)?" UNIT;
/* One ideograph alone is a number only before a unit, 一 only before some. */
static const char han_pattern[] =
    "(?<!第)(?<n>[〇零一二两三四五六七八九十百千万半]{2,}|"
    "一(?=\\s*(?:分钟|个?小时|个?钟头|周(?![边围岁年])|个?星期(?![一二三四五"
    "六日天])|个?礼拜|个月|年(?!级)))|"
    "[二两三四五六七八九十百半](?=\\s*(?:分钟|小时|个|天|日|号|周|"
    "星期|礼拜|月|年|元|块|公里|米|公斤|斤|件|次|名|人|种|位|折|倍|"
    "张|条|台|箱|包|双|套|岁|点)))()?" UNIT;
static const char negation_pattern[] =
    "(?:\\b(?!not only\\b)(?:not|no|never|nobody|nothing|nowhere|none|neither"
    "|nor|without|cannot|unable|hardly|(?:ca|wo|do|does|did|is|are|was|were|has"
    "|have|had|should|would|could|must|need|ai)n['’]?t)\\b|"
    "(?<!差)不(?!但|仅|过|管|断|久|同|得不|只|论|如)|没有?|"
    "(?<![特分区级性个告派识])别(?!人|的|处|墅|针|致|扭)|未(?!来|必)|"
    "无(?!论|数)|勿|甭|非(?!常|洲))(?=(\\s*\\p{Han}|\\s+\\w+)?)";
/* 是不是, 能不能, 有没有: a question, not a negation. */
static const char asking_pattern[] = "(\\p{Han})[不没]\\1";

#define CONSONANT "[b-df-hj-np-tv-xz]"
/* What is no word; words are passed over at once, so that no match begins
 * within one. Compounds of German reach eight consonants and thirty letters,
 * but hardly a whole sentence of them. */
static const char nonsense_pattern[] =
    "(?:\\b(?<w>\\w++)(?:[\\s\\p{P}]+\\g{w}\\b){3,})|"
    "(?:(?<h>\\p{Han}{1,8})\\g{h}{3,})|\\p{Latin}{31,}|\\b" CONSONANT "{5,}\\b|"
    "\\p{Latin}*?(?:" CONSONANT "{7,}|(?<l>\\p{Latin})\\g{l}{3})\\p{Latin}*|"
    "(?:\\p{Latin}+|\\p{L})(*SKIP)(*FAIL)";

struct detect {
    struct pattern *digits, *words, *han, *negation, *asking, *nonsense;
};

int detect_new(struct detect **out, struct err *err)
{
    struct detect *d = calloc(1, sizeof(*d));
    int rc = 0;

    *out = d;
    if (!d)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate detectors");
    rc = pattern_new(&d->digits, digits_pattern, PATTERN_CASELESS, err);
    if (rc == 0)
        rc = pattern_new(&d->words, words_pattern, PATTERN_CASELESS, err);
    if (rc == 0)
        rc = pattern_new(&d->han, han_pattern, PATTERN_PLAIN, err);
    if (rc == 0)
        rc = pattern_new(&d->negation, negation_pattern, PATTERN_CASELESS, err);
    if (rc == 0)
        rc = pattern_new(&d->asking, asking_pattern, PATTERN_PLAIN, err);
    if (rc == 0)
        rc = pattern_new(&d->nonsense, nonsense_pattern, PATTERN_CASELESS, err);
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
    pattern_free(d->digits);
    pattern_free(d->words);
    pattern_free(d->han);
    pattern_free(d->negation);
    pattern_free(d->asking);
    pattern_free(d->nonsense);
    free(d);
}

/* ---- numbers ---- */

struct word {
    const char *text;
    double value;
    char unit;
};

static const struct word number_words[] = {
    { "two", 2, 0 },
    { "three", 3, 0 },
    { "four", 4, 0 },
    { "five", 5, 0 },
    { "six", 6, 0 },
    { "seven", 7, 0 },
    { "eight", 8, 0 },
    { "nine", 9, 0 },
    { "ten", 10, 0 },
    { "eleven", 11, 0 },
    { "twelve", 12, 0 },
    { "thirteen", 13, 0 },
    { "fourteen", 14, 0 },
    { "fifteen", 15, 0 },
    { "sixteen", 16, 0 },
    { "seventeen", 17, 0 },
    { "eighteen", 18, 0 },
    { "nineteen", 19, 0 },
    { "twenty", 20, 0 },
    { "thirty", 30, 0 },
    { "forty", 40, 0 },
    { "fifty", 50, 0 },
    { "sixty", 60, 0 },
    { "seventy", 70, 0 },
    { "eighty", 80, 0 },
    { "ninety", 90, 0 },
    { "dozen", 12, 0 },
    { "hundred", 100, 0 },
    { "a hundred", 100, 0 },
    { "one hundred", 100, 0 },
    { "thousand", 1000, 0 },
    { "one", 1, 0 },
    { "fortnight", 336, 0 },
    { "a thousand", 1000, 0 },
    { "one thousand", 1000, 0 },
    { NULL, 0, 0 },
};

/* By how the unit begins; the longer ones first. */
static const struct word units[] = {
    { "percent", 1, '%' },    { "per cent", 1, '%' }, { "%", 1, '%' },
    { "min", 1 / 60.0, 'h' }, { "hour", 1, 'h' },     { "hr", 1, 'h' },
    { "day", 24, 'h' },       { "week", 168, 'h' },   { "month", 1, 'm' },
    { "year", 12, 'm' },      { "yr", 12, 'm' },      { "euro", 1, '$' },
    { "dollar", 1, '$' },     { "yuan", 1, '$' },     { "pound", 1, '$' },
    { "rmb", 1, '$' },        { "km", 1000, 'l' },    { "cm", 0.01, 'l' },
    { "mm", 0.001, 'l' },     { "met", 1, 'l' },      { "m", 1, 'l' },
    { "kg", 1000, 'w' },      { "g", 1, 'w' },        { "分钟", 1 / 60.0, 'h' },
    { "个星期", 168, 'h' },   { "个礼拜", 168, 'h' }, { "礼拜", 168, 'h' },
    { "个钟头", 1, 'h' },     { "小时", 1, 'h' },     { "个小时", 1, 'h' },
    { "钟头", 1, 'h' },       { "天", 24, 'h' },      { "周", 168, 'h' },
    { "星期", 168, 'h' },     { "个月", 1, 'm' },     { "年", 12, 'm' },
    { "元", 1, '$' },         { "块", 1, '$' },       { "欧", 1, '$' },
    { "美元", 1, '$' },       { "公里", 1000, 'l' },  { "厘米", 0.01, 'l' },
    { "毫米", 0.001, 'l' },   { "米", 1, 'l' },       { "公斤", 1000, 'w' },
    { "千克", 1000, 'w' },    { "克", 1, 'w' },       { "斤", 500, 'w' },
    { "€", 1, '$' },          { "¥", 1, '$' },        { NULL, 0, 0 },
};

static bool begins(struct span s, const char *text)
{
    size_t n = strlen(text);

    if (s.len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s.ptr[i];

        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != text[i])
            return false;
    }
    return true;
}

static const struct word *find_word(const struct word *list, struct span s,
                                    bool whole)
{
    for (; list->text; list++)
        if (begins(s, list->text) && (!whole || strlen(list->text) == s.len))
            return list;
    return NULL;
}

/* 三百二十 and 二〇二四. */
static double han_value(struct span s)
{
    static const char *const digit[] = { "零", "一", "二", "三", "四",
                                         "五", "六", "七", "八", "九" };
    double all = 0, part = 0, last = 0;
    bool units_seen = false;

    for (size_t i = 0; i + 3 <= s.len; i += 3) {
        const struct span c = { s.ptr + i, 3 };
        double unit = span_is(c, "十")   ? 10
                      : span_is(c, "百") ? 100
                      : span_is(c, "千") ? 1000
                      : span_is(c, "万") ? 10000
                                         : 0;

        if (span_is(c, "半"))
            return all + part + last + 0.5;
        if (unit > 0.0) {
            units_seen = true;
            part +=
                (last > 0.0 || unit > 10 ? fmax(last, part > 0 ? 0 : 1) : 1) *
                unit;
            if (unit >= 10000) {
                all += part;
                part = 0;
            }
            last = 0;
            continue;
        }
        for (int k = 0; k < 10; k++)
            if (span_is(c, digit[k]) || (k == 2 && span_is(c, "两")) ||
                (k == 0 && span_is(c, "〇")))
                last = (units_seen ? 0 : 10 * last) + k;
    }
    return all + part + last;
}

static double digits_value(struct span s, struct span scale)
{
    char plain[64];
    size_t n = 0;

    for (size_t i = 0; i < s.len && n + 1 < sizeof(plain); i++)
        if (s.ptr[i] != ',')
            plain[n++] = s.ptr[i] == ':' ? '.' : s.ptr[i];
    plain[n] = '\0';
    return strtod(plain, NULL) * (scale.len == 0         ? 1
                                  : span_is(scale, "万") ? 1e4
                                  : span_is(scale, "百") ? 100
                                                         : 1000);
}

static void insert(struct detect_numbers *out, double value, struct span unit)
{
    const struct word *u = unit.len ? find_word(units, unit, false) : NULL;
    struct detect_number x = { value * (u ? u->value : 1.0),
                               u ? u->unit : '\0' };
    size_t at = out->n;

    if (at == DETECT_NUMBERS)
        return;
    for (; at > 0 && out->number[at - 1].value > x.value; at--)
        out->number[at] = out->number[at - 1];
    out->number[at] = x;
    out->n++;
}

static double scale_of(struct span word)
{
    return begins(word, "thousand") ? 1000 : begins(word, "hundred") ? 100 : 1;
}

enum reading { DIGITS, WORDS, HAN };

static int collect(struct pattern *p, enum reading how,
                   struct detect_numbers *out, struct span text,
                   struct err *err)
{
    struct span found;
    size_t at = 0;
    int rc;

    for (rc = pattern_each(p, text, &at, &found, err); rc == 0;
         rc = pattern_each(p, text, &at, &found, err)) {
        struct span n = pattern_group(p, 1), none = { NULL, 0 };
        const struct word *w = find_word(number_words, n, true);
        double v = how == DIGITS ? digits_value(n, pattern_group(p, 2).len
                                                       ? pattern_group(p, 2)
                                                       : none)
                   : how == HAN  ? han_value(n)
                   : w           ? w->value * scale_of(pattern_group(p, 2))
                                 : 0.0;

        insert(out, v, pattern_group(p, 3));
    }
    return rc < 0 ? rc : 0;
}

/* Cheaper than a pattern that finds nothing. */
static bool has_digit(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)(s.ptr[i] - '0') < 10 ||
            (unsigned char)s.ptr[i] > 127)
            return true;
    return false;
}

int detect_numbers(struct detect *d, struct detect_numbers *out,
                   struct span text, struct err *err)
{
    struct buf b = BUF_INIT(24 * text.len + 64);
    int rc = normalise_text(&b, text, NORMALISE_NFKC, err);
    const struct span s = { buf_str(&b), b.len };

    out->n = 0;
    if (rc == 0 && has_digit(s))
        rc = collect(d->digits, DIGITS, out, s, err);
    if (rc == 0)
        rc = collect(d->words, WORDS, out, s, err);
    if (rc == 0 && !normalise_is_ascii(s))
        rc = collect(d->han, HAN, out, s, err);
    buf_release(&b);
    return rc;
}

bool detect_same_numbers(const struct detect_numbers *a,
                         const struct detect_numbers *b)
{
    bool same = a->n == b->n;

    for (size_t i = 0; same && i < a->n; i++) {
        const struct detect_number *x = &a->number[i], *y = &b->number[i];

        same = fabs(x->value - y->value) <= 1e-9 * fabs(x->value) &&
               (x->unit == y->unit || !x->unit || !y->unit);
    }
    return same;
}

/* ---- negations ---- */

static int count_asking(struct detect *d, unsigned *n, struct span text,
                        struct err *err)
{
    struct span found;
    size_t at = 0;
    int rc;

    for (rc = pattern_each(d->asking, text, &at, &found, err); rc == 0;
         rc = pattern_each(d->asking, text, &at, &found, err))
        ++*n;
    return rc < 0 ? rc : 0;
}

int detect_negation(struct detect *d, struct detect_negation *out,
                    struct span text, struct err *err)
{
    struct buf b = BUF_INIT(24 * text.len + 64);
    unsigned asking = 0;
    struct span found, s;
    size_t at = 0;
    int rc = normalise_text(&b, text, NORMALISE_NFKC, err);

    *out = (struct detect_negation){ 0, 0 };
    s = (struct span){ buf_str(&b), b.len };
    if (rc == 0 && !normalise_is_ascii(s))
        rc = count_asking(d, &asking, s, err);
    while (rc == 0) {
        rc = pattern_each(d->negation, s, &at, &found, err);
        if (rc == 0) {
            struct span next = pattern_group(d->negation, 1);

            out->n++;
            out->where += hash64(next.ptr ? next.ptr : "", next.len,
                                 hash64(found.ptr, found.len, 0));
        }
    }
    out->n -= asking < out->n ? asking : out->n;
    buf_release(&b);
    return rc < 0 ? rc : 0;
}

/* ---- letters without words ---- */

/* Letters; of what is no word, digits and marks as well. */
static size_t count_letters(struct span s, bool (*is)(uint32_t cp))
{
    const char *p = s.ptr, *end = p + s.len;
    size_t n = 0;

    while (p < end)
        n += is(normalise_decode(&p, end));
    return n;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool same_word(struct span a, struct span b)
{
    bool same = a.len == b.len && a.len > 0;

    for (size_t i = 0; same && i < a.len; i++)
        same = lower(a.ptr[i]) == lower(b.ptr[i]);
    return same;
}

/* ASCII in which the pattern cannot find anything, at a tenth of the time: no
 * word is the one before it, and no run of letters is long, of one letter, or
 * without a vowel. */
static bool is_plain(struct span s)
{
    size_t letters = 0, consonants = 0, alike = 0;
    struct span word = { s.ptr, 0 }, before = word;
    char last = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = lower(s.ptr[i]);

        letters = is_letter(c) ? letters + 1 : 0;
        consonants = letters && !strchr("aeiouy", c) ? consonants + 1 : 0;
        alike = letters && c == last ? alike + 1 : 1;
        last = c;
        if (letters > 30 || consonants > 4 || alike > 3)
            return false;
        if (is_letter(c) || c == '_' || (c >= '0' && c <= '9')) {
            word.len++;
        } else {
            if (same_word(word, before))
                return false;
            before = word.len ? word : before;
            word = (struct span){ s.ptr + i + 1, 0 };
        }
    }
    return true; /* four alike have three pairs */
}

int detect_nonsense(struct detect *d, double *share, struct span text,
                    struct err *err)
{
    struct buf b = BUF_INIT(24 * text.len + 64);
    size_t at = 0, good = 0, bad = 0, last = 0;
    struct span s, found;
    int rc;

    *share = 0.0;
    if (normalise_is_ascii(text) && is_plain(text))
        return 0;
    rc = normalise_text(&b, text, NORMALISE_NFKC, err);
    s = (struct span){ buf_str(&b), b.len };
    while (rc == 0) {
        rc = pattern_each(d->nonsense, s, &at, &found, err);
        if (rc == 0) {
            size_t begin = (size_t)(found.ptr - s.ptr);

            good += count_letters((struct span){ s.ptr + last, begin - last },
                                  normalise_is_letter);
            bad += count_letters(found, normalise_is_word);
            last = begin + found.len;
        }
    }
    if (bad)
        good += count_letters((struct span){ s.ptr + last, s.len - last },
                              normalise_is_letter);
    *share = bad ? (double)bad / (double)(good + bad) : 0.0;
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
