/* Any bytes as a user's file: opening refuses them, or every row is refused or
 * makes a sound record, lines only rise, and a second pass reads the same. The
 * first byte picks format, columns and header. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "store/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct span t)
{
    if (t.len == 0 || t.len > TEXT_MAX || utf8_valid(t.ptr, t.len) != t.len ||
        memchr(t.ptr, '\0', t.len))
        abort();
}

static void check_share(float x)
{
    if (!isnan(x) && !(x >= 0.0f && x <= 1.0f))
        abort();
}

static void check_record(const struct imported *r)
{
    if (r->n == 0 || r->n > IMPORT_TEXTS)
        abort();
    for (size_t i = 0; i < r->n; i++)
        check_text(r->text[i]);
    check_share(r->pair.label);
    check_share(r->pair.score);
    check_share(r->pair.reverse);
}

/* One pass; what it saw, as a hash. */
static uint64_t read_all(struct rows *rows)
{
    const struct import_rules rules = { -1.0, 3.0, ORIGIN_GOLD };
    struct imported record = { .n = 0 };
    uint64_t seen = 0;
    size_t line = 0;
    int rc = 0;

    while (rc != 1) {
        struct err err = ERR_INIT;
        struct row row;

        rc = rows_next(rows, &row, &err);
        if (rc == 1)
            break;
        if (row.line <= line || row.line > 1 + 100000000)
            abort();
        line = row.line;
        if (rc == 0)
            rc = import_row(&record, &row, &rules, &err);
        if (rc < 0 && (rc != ERR_FORMAT || err.msg[0] == '\0'))
            abort();
        if (rc == 0) {
            check_record(&record);
            for (size_t i = 0; i < record.n; i++)
                seen = hash64(record.text[i].ptr, record.text[i].len, seen);
        }
        seen = hash64(&rc, sizeof(rc), seen + row.line);
    }
    imported_release(&record);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const columns[] = { "",
                                           "a,b,label",
                                           "text",
                                           "a=x,b=y,score=z",
                                           "anchor,positive,negative",
                                           "-,text,id" };
    struct err err = ERR_INIT;
    struct rows *rows;
    char path[64];
    int fd;

    if (size == 0)
        return 0;
    fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (rows_open(&rows, path, (enum rows_format)(data[0] % 5),
                  columns[data[0] / 5 % 6], data[0] >= 128, &err) == 0) {
        uint64_t first = read_all(rows);

        rows_rewind(rows);
        if (read_all(rows) != first)
            abort();
        rows_close(rows);
    } else if (err.code != ERR_USAGE && err.code != ERR_FORMAT) {
        abort();
    }
    close(fd);
    return 0;
}
