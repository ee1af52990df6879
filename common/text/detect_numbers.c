#include <string.h>

#include "text/detect_parts.h"
#include "text/normalise.h"

/* ---- how they are written ---- */

/* Groups of the patterns of digits, words and ideographs. */
enum { PREFIX = 1, NUMBER, SCALE, AND_HALF, UNIT, TAIL };

/* The unit behind a number, of either language. Not \b: a unit may stand before
 * an ideograph. */
#define END "(?![a-z])"
#define UNITS \
    "(?:[\\s-]*(?<u>(?:percent|per cent|seconds?|secs?|minutes?|mins?|hours?|" \
    "hrs?|days?|weeks?|months?|years?|yrs?|euros?|eur|dollars?|usd|bucks|" \
    "pounds?|gbp|yuan|rmb|cny|km|kilomet\\w+|cm|centimet\\w+|mm|millimet\\w+|" \
    "met(?:re|er)s?|m|kg|kilogram\\w*|kilos?|grams?|g|[ap]\\.?m|o'clock|st|" \
    "nd|" \
    "rd|th)" END \
    "|%|秒|分钟|个?小时|个?钟头|天|日|号|周|个?星期|个?礼拜|个月|" \
    "月|年|元|块|欧|美元|美金|英镑|公里|千米|厘米|毫米|米|公斤|千克|克|斤|折|" \
    "成|点|€|£|\\$))?"
/* 三点半, 3点20分, 三点一刻, 三块五, 一米八, an hour and a half */
#define TAILS \
    "(?<t>半(?![价天])|\\s?and a half\\b|\\s(?:in the (?:morning|afternoon|" \
    "evening)|at " \
    "night)\\b|(?<=块|米)[1-9一二三四五六七八九](?![\\d十百千万个." \
    "])|(?<=点)(?:\\d{1,2}|[一二三四五六七八九十]{1,3})(?:分(?!之)|刻|\\b))?"
#define SOME_TIME "上午|早上|早晨|凌晨|清晨|中午|下午|傍晚|晚上|今晚|明晚|昨晚"

static const char digits_pattern[] =
    "((?:(?<![\\w.)%])[-−]|\\bminus\\s|零下|负)?(?:[$€£¥]|(?:usd|eur|gbp|cny|"
    "rmb)(?=\\s?\\d)|第|百分之|" SOME_TIME ")?)\\s?"
    "(?<n>\\d+(?:,\\d{3})+(?:\\.\\d+)?|\\d+:\\d{2}|\\d+(?:\\.\\d+)?)"
    "(?:\\s?(?<k>k(?![a-z])|亿|万|千(?![克米瓦])|百|(?:hundred|thousand|"
    "million|"
    "billion|dozen)\\b))?(个半(?=小时|钟头|月|星期|礼拜)|\\sand a "
    "half\\b)?" UNITS TAILS;

#define ONES \
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|" \
    "thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
#define TENS "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
#define SMALL "(?:" TENS "(?:[\\s-]" ONES ")?|" ONES ")"
#define MANY "(?:hundred|thousand|million|billion|dozen)"
#define SPAN "(?:second|minute|hour|day|week|month|year|met(?:re|er))"
/* "a" is a number before a unit, "half" is one of a unit or of the clock. */
static const char words_pattern[] =
    "(\\bminus\\s|\\bhalf past\\s)?\\b(?<!\\d|\\d )"
    "(?<n>(?:(?:an?|" SMALL ")[\\s-])?" MANY "(?:\\s(?:and\\s)?" SMALL
    "(?:\\s" MANY ")?)*|" SMALL "|(?:an?\\s)?half(?:[\\s-]an?)?(?=[\\s-]" SPAN
    ")|"
    "an?(?=\\s(?!second)" SPAN "\\b))\\b()(\\sand a half\\b)?" UNITS TAILS;

#define HAN_DIGIT "一二两三四五六七八九"
/* What is counted by the piece. */
#define PIECES \
    "个|件|次|名|人|种|位|倍|张|条|台|箱|包|双|套|岁|只|瓶|盒|本|部|间|室|厅|" \
    "码(?!事)|层|楼|口|度|份|袋|颗|粒|支|把|辆|款|遍|趟|回|家|顿|副|根|片|杯|" \
    "碗|桶|单"
/* One ideograph alone is a number only before a unit, 一 only before some. */
static const char han_pattern[] =
    "((?:零下|负)?(?:第|百分之|" SOME_TIME ")?)"
    "(?:(?<!周|星期|礼拜)|(?=[" HAN_DIGIT "十]+(?:次|天|个|顿|回|遍|节|小时)))"
    "(?!千万(?![元块人])|万一|一百个(?:满意|放心|不)|一半)"
    "(?<n>[" HAN_DIGIT "十]+点[零" HAN_DIGIT
    "]+(?=[倍折元万米度]|个[^半]|公|小)"
    "|[〇零" HAN_DIGIT "十百千万亿]{2,}|"
    "一(?=\\s*(?:秒|分钟|小时|钟头|周(?![边围岁年])|星期(?![一二三四五六日天])|"
    "礼拜|月|年(?!级)|元|公里|公斤|千克|斤|米|成|点钟|" PIECES "))|"
    "(?<![有那每这同哪])一(?=天(?![天到\\d]))|"
    "(?<=午|晨|上)一(?=点)|(?<=第|之)[" HAN_DIGIT "十百]|"
    "[两二三四五六七八九十百半](?=\\s*(?:秒|分钟|小时|钟头|天|日|号|周|星期|"
    "礼拜|月|年|元|块|毛|公里|千米|厘米|毫米|米|公斤|千克|克|斤|折|成|"
    "点|" PIECES "|(?:到|至|[-~～、])[两二三四五六七八九十百]+\\p{Han})))"
    "()(个半(?=小时|钟头|月|星期|礼拜))?" UNITS TAILS;

/* Numbers that are called by a name: the name is group 1. */
static const char named_pattern[] =
    "\\b(mon|tues|wednes|thurs|fri|satur|sun)days?\\b|"
    "\\b(?<m>january|february|april|june|july|august|september|october|"
    "november|december|(?:(?<=in |by |of |since |until |last |next )|"
    "(?<=\\d |\\dst |\\dnd |\\drd |\\dth ))(?:march|may)|(?:march|may)(?= \\d)|"
    "(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?=\\.? \\d))\\b|"
    "\\b(?<o>today|tonight|tomorrow|yesterday|both|twice|once|(?<!and a "
    ")half(?! an? | "
    "past |[\\s-]hour|[\\s-]day)|fortnight|"
    "first|(?<!\\ba |\\bone |\\d "
    ")second(?![\\s-]hand)|third|fourth|fifth|sixth|seventh|"
    "eighth|ninth|tenth|a pair)\\b|"
    "(?<![" HAN_DIGIT "十几半\\d])(?:周|星期|礼拜)(?<w>[一二三四五六日天])"
    "(?![次天个件顿回遍节趟年块元])|"
    "(?<d>今[天日晚]|明[天日晚]|昨[天日晚]|后天|前天|俩|仨|一半|首次)";

int detect_open_numbers(struct detect *d, struct err *err)
{
    static const char *const pattern[READINGS] = { digits_pattern,
                                                   words_pattern, han_pattern,
                                                   named_pattern };
    int rc = 0;

    for (int i = 0; rc == 0 && i < READINGS; i++)
        rc = pattern_new(&d->number[i], pattern[i],
                         PATTERN_CASELESS | PATTERN_ASCII, err);
    return rc;
}

/* ---- one of them ---- */

struct found {
    struct detect_number x;
    struct span at;
    const struct detect_word_row *unit; /* NULL: none */
};

static bool has(struct span s, const char *word)
{
    for (; s.len; s = span_rest(s, 1))
        if (detect_begins(s, word))
            return true;
    return false;
}

/* "in the afternoon" */
static bool is_daytime(struct span tail)
{
    return has(tail, "the") || has(tail, "night");
}

static double tail_value(const struct detect_word_row *unit, struct span tail)
{
    double v;

    if (!tail.len || is_daytime(tail))
        return 0;
    if (has(tail, "半") || has(tail, "half"))
        return 0.5;
    v = (unsigned char)tail.ptr[0] < 128 ? detect_digits_value(tail)
                                         : detect_han_value(tail);
    if (!unit || unit->unit != 'c')
        return v / 10; /* 三块五 */
    return has(tail, "刻") ? v / 4 : v / 60;
}

bool detect_is_clock(char unit)
{
    return unit == 'c' || unit == 'A' || unit == 'P';
}

/* 15:00 is 3 in the afternoon. */
static void set_clock(struct detect_number *x, struct span prefix,
                      struct span tail)
{
    const struct detect_word_row *when = detect_word(detect_units, prefix);

    if (when && (when->unit == 'A' || when->unit == 'P'))
        x->unit = when->unit;
    if (has(tail, "morning"))
        x->unit = 'A';
    else if (is_daytime(tail))
        x->unit = 'P';
    if (x->value > 12.99 && x->value < 25) {
        x->value -= 12;
        x->unit = 'P';
    }
}

static bool is_minus(struct span prefix)
{
    return detect_begins(prefix, "-") || detect_begins(prefix, "−") ||
           detect_begins(prefix, "minus") || detect_begins(prefix, "零下") ||
           detect_begins(prefix, "负");
}

/* A number that may be an article, or a word for "long". */
static bool is_vague(struct span n, const struct detect_word_row *unit)
{
    if (span_is(n, "一"))
        return !unit || unit->unit == 'y';
    return (detect_begins(n, "one") && n.len == 3 && !unit) ||
           span_is(n, "a") || span_is(n, "an") || span_is(n, "A") ||
           span_is(n, "An") ||
           (span_is(n, "半") && unit &&
            detect_begins(span_of(unit->text), "天"));
}

static void read_one(struct found *f, struct pattern *p,
                     enum detect_reading how)
{
    struct span n = pattern_group(p, NUMBER), prefix = pattern_group(p, PREFIX);
    struct span scale = pattern_group(p, SCALE), tail = pattern_group(p, TAIL);
    struct span unit = pattern_group(p, UNIT);
    const struct detect_word_row *k =
        scale.len ? detect_word(detect_scales, scale) : NULL;
    double v = how == READ_DIGITS  ? detect_digits_value(n)
               : how == READ_WORDS ? detect_words_value(n)
                                   : detect_han_value(n);

    v = v * (k ? k->value : 1) + (pattern_group(p, AND_HALF).len ? 0.5 : 0);
    f->unit = detect_word(detect_units, unit.len ? unit : prefix);
    if (!unit.len && f->unit &&
        (detect_is_clock(f->unit->unit) || is_minus(prefix)))
        f->unit = NULL; /* 今晚3个人, and "minus" is no minute */
    f->x.vague = !tail.len && is_vague(n, f->unit);
    v += tail_value(f->unit, tail) +
         (detect_begins(prefix, "half past") ? 0.5 : 0);
    if (is_minus(prefix))
        v = -v;
    if (f->unit && f->unit->unit == 'z')
        v *= v < 10 ? 10 : 1; /* 八折, 八五折 */
    f->x.value = v * (f->unit ? f->unit->value : 1);
    f->x.unit =
        f->unit ? f->unit->unit
        : memchr(n.ptr, ':', n.len) || detect_begins(prefix, "half past")
            ? 'c'
            : '\0';
    if (f->x.unit == 'm' && v >= 1900 && v <= 2100)
        f->x = (struct detect_number){ v, '\0', false }; /* 2024年 */
    if (detect_is_clock(f->x.unit) || is_daytime(tail))
        set_clock(&f->x, prefix, tail);
}

static void read_named(struct found *f, struct pattern *p)
{
    const struct detect_word_row *w = NULL;

    for (unsigned g = 1; !w && g <= 5; g++)
        if (pattern_group(p, g).len)
            w = detect_word(detect_names, pattern_group(p, g));
    f->unit = NULL;
    f->x = w ? (struct detect_number){ w->value, w->unit, w->vague }
             : (struct detect_number){ 0, 0, true };
}

/* ---- all of them ---- */

static void insert(struct detect_numbers *out, struct detect_number x)
{
    size_t at = out->n;

    if (at == DETECT_NUMBERS)
        return;
    for (; at > 0 && out->number[at - 1].value > x.value; at--)
        out->number[at] = out->number[at - 1];
    out->number[at] = x;
    out->n++;
}

/* 3-5 days: the first number has the unit of the second. */
static bool is_range(struct span first, struct span second)
{
    static const char *const words[] = { "-",  "–",  "~",  "～", "到",
                                         "至", "to", "or", "或", "、" };
    const char *p = first.ptr + first.len;
    struct span between = { p, (size_t)(second.ptr - p) };

    while (between.len && between.ptr[0] == ' ')
        between = span_rest(between, 1);
    while (between.len && between.ptr[between.len - 1] == ' ')
        between.len--;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_is(between, words[i]))
            return true;
    return false;
}

/* 两三天 is two days or three, and 八五折 is not. */
static bool is_either(struct found *f, struct found *first, struct span n)
{
    int a = n.len == 6 ? detect_han_digit(n) : -1;
    int b = n.len == 6 ? detect_han_digit(span_rest(n, 3)) : -1;
    double base = f->unit ? f->unit->value : 1;

    *first = *f;
    if (a <= 0 || b <= a || b > a + 2 || f->x.unit == 'z')
        return false;
    first->x.value = a * base;
    f->x.value = b * base;
    return true;
}

struct list {
    struct found found[DETECT_NUMBERS];
    size_t n;
};

static void push(struct list *l, const struct found *f)
{
    struct found *last = l->n ? &l->found[l->n - 1] : NULL;

    if (last && !last->unit && f->unit && is_range(last->at, f->at)) {
        last->x.value *= f->unit->value;
        last->x.unit = f->x.unit;
        last->x.vague = false;
    }
    if (l->n < DETECT_NUMBERS)
        l->found[l->n++] = *f;
}

static int collect(struct pattern *p, enum detect_reading how,
                   struct detect_numbers *out, struct span text,
                   struct err *err)
{
    struct list list = { .n = 0 };
    struct found f, other;
    size_t at = 0;
    int rc;

    for (rc = pattern_each(p, text, &at, &f.at, err); rc == 0;
         rc = pattern_each(p, text, &at, &f.at, err)) {
        if (how == READ_NAMED)
            read_named(&f, p);
        else
            read_one(&f, p, how);
        if (how == READ_HAN && is_either(&f, &other, pattern_group(p, NUMBER)))
            push(&list, &other);
        push(&list, &f);
    }
    for (size_t i = 0; i < list.n; i++)
        insert(out, list.found[i].x);
    return rc < 0 ? rc : 0;
}

/* Cheaper than a pattern that finds nothing. */
static bool has_digit(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
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
    for (int how = 0; rc == 0 && how < READINGS; how++)
        if ((how != READ_DIGITS || has_digit(s)) &&
            (how != READ_HAN || !normalise_is_ascii(s)))
            rc = collect(d->number[how], (enum detect_reading)how, out, s, err);
    buf_release(&b);
    return rc;
}
