#include "text/detect_parts.h"
#include "text/normalise.h"

#define CONSONANT "[b-df-hj-np-tv-xz]"
/* What is no word; words are passed over at once, so that no match begins
 * within one. Compounds of German reach eight consonants and thirty letters,
 * but hardly a whole sentence of them. */
static const char nonsense_pattern[] =
    "(?:\\b(?<w>\\w++)(?:[\\s\\p{P}]+\\g{w}\\b){3,})|"
    "(?:(?<h>\\p{Han}{1,8})\\g{h}{3,})|\\p{Latin}{31,}|\\b" CONSONANT "{5,}\\b|"
    "\\p{Latin}*?(?:" CONSONANT "{7,}|(?<l>\\p{Latin})\\g{l}{3})\\p{Latin}*|"
    "(?:\\p{Latin}+|\\p{L})(*SKIP)(*FAIL)";

int detect_open_nonsense(struct detect *d, struct err *err)
{
    return pattern_new(&d->nonsense, nonsense_pattern, PATTERN_CASELESS, err);
}

/* ---- most text is looked through without the pattern ---- */

enum { GRAM = 8, BACK = 3 * GRAM + 1 };

/* Where is_plain() is in a text. */
struct walk {
    size_t letters, consonants, alike; /* at the end of a run so far */
    uint32_t last;
    uint32_t han[BACK]; /* the last ideographs of a run, number i at i % BACK */
    size_t hans;
    struct span word, before; /* the one at hand, and the one before it */
};

static uint32_t lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

static bool is_vowel(uint32_t c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

static bool same_word(struct span a, struct span b)
{
    bool same = a.len == b.len && a.len > 0;

    for (size_t i = 0; same && i < a.len; i++)
        same = lower((unsigned char)a.ptr[i]) == lower((unsigned char)b.ptr[i]);
    return same;
}

/* The ideograph c: does it stand three times before, in equal steps? */
static bool comes_again(struct walk *w, uint32_t c)
{
    size_t n = w->hans++;

    w->han[n % BACK] = c;
    for (size_t step = 1; step <= GRAM && 3 * step <= n; step++)
        if (w->han[(n - step) % BACK] == c &&
            w->han[(n - 2 * step) % BACK] == c &&
            w->han[(n - 3 * step) % BACK] == c)
            return true;
    return false;
}

/* Can it be in what the pattern finds, with those before it? */
static bool is_suspect(struct walk *w, uint32_t c)
{
    bool letter = c >= 'a' && c <= 'z', han = normalise_is_cjk(c);

    w->letters = letter ? w->letters + 1 : 0;
    w->consonants = letter && !is_vowel(c) ? w->consonants + 1 : 0;
    w->alike = letter && c == w->last ? w->alike + 1 : 1;
    w->last = c;
    if (!han)
        w->hans = 0;
    return w->letters > 30 || w->consonants > 4 || w->alike > 3 ||
           (han && comes_again(w, c));
}

/* The end of a word; is it the one before? Four alike have three such ends. */
static bool ends_again(struct walk *w, const char *next)
{
    bool again = same_word(w->word, w->before);

    w->before = w->word.len ? w->word : w->before;
    w->word = (struct span){ next, 0 };
    return again;
}

/* What separates words, of what is looked at here. */
static bool is_mark(uint32_t c)
{
    return (c < 0x80 && !normalise_is_word(c)) || c == 0x3001 || c == 0x3002 ||
           c == 0xff01 || c == 0xff0c || c == 0xff1a || c == 0xff1b ||
           c == 0xff1f;
}

/* ASCII and Chinese in which the pattern cannot find anything, at a tenth of
 * the time: no run of letters is long, of one letter, or without a vowel, no
 * word is the one before it, and no ideograph comes again and again. */
static bool is_plain(struct span s)
{
    struct walk w = { .word = { s.ptr, 0 }, .before = { s.ptr, 0 } };
    const char *p = s.ptr, *end = p + s.len;

    while (p < end) {
        const char *from = p;
        uint32_t c = lower(normalise_decode(&p, end));

        if (is_suspect(&w, c) || (is_mark(c) && ends_again(&w, p)))
            return false;
        if (is_mark(c))
            continue;
        if (c >= 0x80 && !normalise_is_cjk(c))
            return false;
        w.word.len += (size_t)(p - from);
    }
    return true;
}

/* ---- the share ---- */

/* Letters; of what is no word, digits and marks as well. */
static size_t count_letters(struct span s, bool (*is)(uint32_t cp))
{
    const char *p = s.ptr, *end = p + s.len;
    size_t n = 0;

    while (p < end)
        n += is(normalise_decode(&p, end));
    return n;
}

int detect_nonsense(struct detect *d, double *share, struct span text,
                    struct err *err)
{
    struct buf b = BUF_INIT(24 * text.len + 64);
    size_t at = 0, good = 0, bad = 0, last = 0;
    struct span s, found;
    int rc;

    *share = 0.0;
    if (is_plain(text))
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
