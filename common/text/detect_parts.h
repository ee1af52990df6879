/* detect_parts.h - what the files of detect.h share. */
#ifndef TEXT_DETECT_PARTS_H
#define TEXT_DETECT_PARTS_H

#include "text/detect.h"
#include "text/pattern.h"

/* How numbers are written. */
enum detect_reading { READ_DIGITS, READ_WORDS, READ_HAN, READ_NAMED, READINGS };

struct detect {
    struct pattern *number[READINGS];
    struct pattern *negation, *asking, *nonsense;
};

/* A word that is a number or a unit, by how it begins; lists end with NULL. */
struct detect_word_row {
    const char *text;
    double value;
    char unit;
    bool vague;
};
extern const struct detect_word_row detect_scales[], detect_units[],
    detect_names[];

static inline struct span span_rest(struct span s, size_t from)
{
    return (struct span){ s.ptr + from, s.len - from };
}

/* ASCII in any case. */
bool detect_begins(struct span s, const char *text);
const struct detect_word_row *detect_word(const struct detect_word_row *list,
                                          struct span s);
/* What is written: 1,299.50 or 3:30; two hundred and five; 三百二十. */
double detect_digits_value(struct span s);
double detect_words_value(struct span s);
double detect_han_value(struct span s);
int detect_han_digit(struct span c); /* 0 to 9, or -1 */
bool detect_is_clock(char unit);

int detect_open_numbers(struct detect *d, struct err *err) MUST_CHECK;
int detect_open_nonsense(struct detect *d, struct err *err) MUST_CHECK;

#endif
