/*
 * export_parts.h - what export.c (which records) and export_row.c (how a row is
 * written) share. Nobody else includes this.
 */
#ifndef STORE_EXPORT_PARTS_H
#define STORE_EXPORT_PARTS_H

#include "base/json.h"
#include "store/export.h"

enum { EXPORT_FLUSH = 1 << 20, EXPORT_FIELDS = COLUMNS_MAX };

enum field_form { FIELD_TEXT, FIELD_NUMBER, FIELD_JSON };
struct field {
    char name[24];
    struct span text;
    enum field_form form;
};

struct sink {
    struct stage *st;
    const struct export_rules *rules;
    int fd;
    struct buf out, word;
    struct field field[EXPORT_FIELDS];
    size_t n;
    size_t rows;       /* of triplets, so far */
    struct json *attr; /* of the row's text; its strings are in the fields */
};

struct field *export_add_field(struct sink *s, const char *name,
                               struct span text);
void export_add_number(struct sink *s, const char *name, char room[32],
                       float x);
/* Can this format hold the text? */
bool export_fits(const struct sink *s, struct span text);
/* Write the fields; *fits is false when this format cannot hold them. */
int export_emit(struct sink *s, bool first, bool *fits,
                struct err *err) MUST_CHECK;
int export_flush(struct sink *s, struct err *err) MUST_CHECK;

#endif
