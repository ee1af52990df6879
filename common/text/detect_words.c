#include <stdlib.h>
#include <string.h>

#include "text/detect_parts.h"

/* By how they begin: the longer ones first. */
const struct detect_word_row detect_scales[] = {
    { "fourteen", 14, 0, 0 }, { "fifteen", 15, 0, 0 },
    { "sixteen", 16, 0, 0 },  { "seventeen", 17, 0, 0 },
    { "eighteen", 18, 0, 0 }, { "nineteen", 19, 0, 0 },
    { "thirteen", 13, 0, 0 }, { "eleven", 11, 0, 0 },
    { "twelve", 12, 0, 0 },   { "twenty", 20, 0, 0 },
    { "thirty", 30, 0, 0 },   { "forty", 40, 0, 0 },
    { "fifty", 50, 0, 0 },    { "sixty", 60, 0, 0 },
    { "seventy", 70, 0, 0 },  { "eighty", 80, 0, 0 },
    { "ninety", 90, 0, 0 },   { "one", 1, 0, 0 },
    { "two", 2, 0, 0 },       { "three", 3, 0, 0 },
    { "four", 4, 0, 0 },      { "five", 5, 0, 0 },
    { "six", 6, 0, 0 },       { "seven", 7, 0, 0 },
    { "eight", 8, 0, 0 },     { "nine", 9, 0, 0 },
    { "ten", 10, 0, 0 },      { "half", 0.5, 0, 0 },
    { "hundred", 1e2, 0, 0 }, { "thousand", 1e3, 0, 0 },
    { "million", 1e6, 0, 0 }, { "billion", 1e9, 0, 0 },
    { "dozen", 12, 0, 0 },    { "k", 1e3, 0, 0 },
    { "百", 1e2, 0, 0 },      { "千", 1e3, 0, 0 },
    { "万", 1e4, 0, 0 },      { "亿", 1e8, 0, 0 },
    { NULL, 0, 0, 0 },
};

/* $ e p y: money of four countries; c A P: the clock, before and after noon;
 * M: of the year; W: of the week; r: days from now; z: 八折; o: the third. */
const struct detect_word_row detect_units[] = {
    { "percent", 1, '%', 0 },     { "per cent", 1, '%', 0 },
    { "%", 1, '%', 0 },           { "百分之", 1, '%', 0 },
    { "成", 10, '%', 0 },         { "折", 1, 'z', 0 },
    { "sec", 1 / 3600., 'h', 0 }, { "min", 1 / 60., 'h', 0 },
    { "hour", 1, 'h', 0 },        { "hr", 1, 'h', 0 },
    { "day", 24, 'h', 0 },        { "week", 168, 'h', 0 },
    { "month", 1, 'm', 0 },       { "year", 12, 'm', 0 },
    { "yr", 12, 'm', 0 },         { "秒", 1 / 3600., 'h', 0 },
    { "分钟", 1 / 60., 'h', 0 },  { "个小时", 1, 'h', 0 },
    { "小时", 1, 'h', 0 },        { "个钟头", 1, 'h', 0 },
    { "钟头", 1, 'h', 0 },        { "天", 24, 'h', 0 },
    { "周", 168, 'h', 0 },        { "个星期", 168, 'h', 0 },
    { "星期", 168, 'h', 0 },      { "个礼拜", 168, 'h', 0 },
    { "礼拜", 168, 'h', 0 },      { "个月", 1, 'm', 0 },
    { "月", 1, 'M', 0 },          { "年", 12, 'm', 0 },
    { "euro", 1, 'e', 0 },        { "eur", 1, 'e', 0 },
    { "€", 1, 'e', 0 },           { "欧", 1, 'e', 0 },
    { "dollar", 1, '$', 0 },      { "usd", 1, '$', 0 },
    { "bucks", 1, '$', 0 },       { "$", 1, '$', 0 },
    { "美", 1, '$', 0 },          { "gbp", 1, 'p', 0 },
    { "pound", 1, 'p', 0 },       { "£", 1, 'p', 0 },
    { "英镑", 1, 'p', 0 },        { "yuan", 1, 'y', 0 },
    { "rmb", 1, 'y', 0 },         { "cny", 1, 'y', 0 },
    { "¥", 1, 'y', 0 },           { "元", 1, 'y', 0 },
    { "块", 1, 'y', 0 },          { "kilog", 1000, 'w', 0 },
    { "kilom", 1000, 'l', 0 },    { "kilo", 1000, 'w', 0 },
    { "kg", 1000, 'w', 0 },       { "km", 1000, 'l', 0 },
    { "cent", 0.01, 'l', 0 },     { "cm", 0.01, 'l', 0 },
    { "mill", 0.001, 'l', 0 },    { "mm", 0.001, 'l', 0 },
    { "met", 1, 'l', 0 },         { "公里", 1000, 'l', 0 },
    { "千米", 1000, 'l', 0 },     { "厘米", 0.01, 'l', 0 },
    { "毫米", 0.001, 'l', 0 },    { "米", 1, 'l', 0 },
    { "公斤", 1000, 'w', 0 },     { "千克", 1000, 'w', 0 },
    { "克", 1, 'w', 0 },          { "斤", 500, 'w', 0 },
    { "g", 1, 'w', 0 },           { "am", 1, 'A', 0 },
    { "a.m", 1, 'A', 0 },         { "pm", 1, 'P', 0 },
    { "p.m", 1, 'P', 0 },         { "m", 1, 'l', 0 },
    { "o'clock", 1, 'c', 0 },     { "点", 1, 'c', 0 },
    { "上午", 1, 'A', 0 },        { "早", 1, 'A', 0 },
    { "凌晨", 1, 'A', 0 },        { "清晨", 1, 'A', 0 },
    { "下午", 1, 'P', 0 },        { "傍晚", 1, 'P', 0 },
    { "晚上", 1, 'P', 0 },        { "今晚", 1, 'P', 0 },
    { "明晚", 1, 'P', 0 },        { "昨晚", 1, 'P', 0 },
    { "st", 1, 'o', 0 },          { "nd", 1, 'o', 0 },
    { "rd", 1, 'o', 0 },          { "th", 1, 'o', 0 },
    { "第", 1, 'o', 0 },          { NULL, 0, 0, 0 },
};

const struct detect_word_row detect_names[] = {
    { "mon", 1, 'W', 0 },
    { "tues", 2, 'W', 0 },
    { "wednes", 3, 'W', 0 },
    { "thurs", 4, 'W', 0 },
    { "fri", 5, 'W', 0 },
    { "satur", 6, 'W', 0 },
    { "sun", 7, 'W', 0 },
    { "一半", 50, '%', 1 },
    { "一", 1, 'W', 0 },
    { "二", 2, 'W', 0 },
    { "三", 3, 'W', 0 },
    { "四", 4, 'W', 0 },
    { "五", 5, 'W', 0 },
    { "六", 6, 'W', 0 },
    { "日", 7, 'W', 0 },
    { "天", 7, 'W', 0 },
    { "jan", 1, 'M', 0 },
    { "feb", 2, 'M', 0 },
    { "mar", 3, 'M', 0 },
    { "apr", 4, 'M', 0 },
    { "may", 5, 'M', 0 },
    { "jun", 6, 'M', 0 },
    { "jul", 7, 'M', 0 },
    { "aug", 8, 'M', 0 },
    { "sep", 9, 'M', 0 },
    { "oct", 10, 'M', 0 },
    { "nov", 11, 'M', 0 },
    { "dec", 12, 'M', 0 },
    { "yesterday", -1, 'r', 1 },
    { "today", 0, 'r', 1 },
    { "tonight", 0, 'r', 1 },
    { "tomorrow", 1, 'r', 1 },
    { "前天", -2, 'r', 1 },
    { "昨", -1, 'r', 1 },
    { "今", 0, 'r', 1 },
    { "明", 1, 'r', 1 },
    { "后天", 2, 'r', 1 },
    { "both", 2, 0, 1 },
    { "a pair", 2, 0, 1 },
    { "俩", 2, 0, 1 },
    { "仨", 3, 0, 1 },
    { "twice", 2, 0, 0 },
    { "once", 1, 0, 1 },
    { "half", 50, '%', 1 },
    { "fortnight", 336, 'h', 0 },
    { "首次", 1, 'o', 1 },
    { "first", 1, 'o', 1 },
    { "second", 2, 'o', 0 },
    { "third", 3, 'o', 0 },
    { "fourth", 4, 'o', 0 },
    { "fifth", 5, 'o', 0 },
    { "sixth", 6, 'o', 0 },
    { "seventh", 7, 'o', 0 },
    { "eighth", 8, 'o', 0 },
    { "ninth", 9, 'o', 0 },
    { "tenth", 10, 'o', 0 },
    { NULL, 0, 0, 0 },
};

bool detect_begins(struct span s, const char *text)
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

const struct detect_word_row *detect_word(const struct detect_word_row *list,
                                          struct span s)
{
    for (; list->text; list++)
        if (detect_begins(s, list->text))
            return list;
    return NULL;
}

/* Of one ideograph: 0 to 9, or -1. */
int detect_han_digit(struct span c)
{
    static const char digits[] = "零一二三四五六七八九〇两";

    for (int k = 0; k < 12; k++)
        if (detect_begins(c, (char[4]){ digits[3 * k], digits[3 * k + 1],
                                        digits[3 * k + 2], '\0' }))
            return k < 10 ? k : k == 10 ? 0 : 2;
    return -1;
}

/* 一点五 */
static double han_decimal(struct span point)
{
    double value = 0, place = 0.1;

    for (struct span c = span_rest(point, 3); c.len >= 3; c = span_rest(c, 3)) {
        value += place * detect_han_digit(c);
        place /= 10;
    }
    return value;
}

/* 三百二十, 二〇二四, 一千二 (1200), 一点五. */
double detect_han_value(struct span s)
{
    double all = 0, part = 0, last = 0, unit = 1;
    bool units_seen = false, zero = false;

    for (; s.len >= 3; s = span_rest(s, 3)) {
        const struct detect_word_row *w = detect_word(detect_scales, s);
        int digit = detect_han_digit(s);

        if (detect_begins(s, "半"))
            return all + part + last + 0.5;
        if (detect_begins(s, "点"))
            return all + part + last + han_decimal(s);
        if (digit >= 0) {
            last = (units_seen ? 0 : 10 * last) + digit;
            zero = zero || (units_seen && digit == 0);
            continue;
        }
        unit = detect_begins(s, "十") ? 10 : w ? w->value : 0;
        if (unit == 0)
            break;
        units_seen = true;
        if (unit < 1e4) {
            part += (last > 0 ? last : 1) * unit;
        } else {
            all += (part + last > 0 ? part + last : 1) * unit;
            part = 0;
        }
        last = 0;
        zero = false;
    }
    return all + part +
           last * (units_seen && !zero && unit > 10 ? unit / 10 : 1);
}

/* 1,299.50 and 3:30 */
double detect_digits_value(struct span s)
{
    char plain[64], *end;
    size_t n = 0;
    double value;

    for (size_t i = 0; i < s.len && n + 1 < sizeof(plain); i++)
        if (s.ptr[i] != ',')
            plain[n++] = s.ptr[i];
    plain[n] = '\0';
    value = strtod(plain, &end);
    return *end == ':' ? value + strtod(end + 1, NULL) / 60 : value;
}

/* two thousand five hundred and twenty-five */
double detect_words_value(struct span s)
{
    double all = 0, part = 0;

    while (s.len) {
        const struct detect_word_row *w = detect_word(detect_scales, s);

        if (!w) {
            s = span_rest(s, 1); /* "a", "and", blanks */
        } else {
            if (w->value >= 1000)
                all += (part > 0 ? part : 1) * w->value;
            else if (w->value == 100 || detect_begins(s, "dozen"))
                part = (part > 0 ? part : 1) * w->value;
            else
                part += w->value;
            if (w->value >= 1000)
                part = 0;
            s = span_rest(s, strlen(w->text));
        }
    }
    return all + part > 0 ? all + part : 1; /* "a" */
}
