#include "store/import_file.h"

#include <stdio.h>

#include "base/progress.h"
#include "base/rng.h"

enum { STREAM = 0x1A7 }; /* of the seed's random numbers */

struct importing {
    struct stage *st;
    const struct import_options *o;
    struct rows *rows;
    struct imported record;
    uint64_t good; /* rows that make a record */
};

static int fail_row(struct importing *m, const struct row *row, struct err *err)
{
    struct err why = *err;
    char where[4200], record[1024];

    snprintf(where, sizeof(where), "%s:%zu", m->o->path, row->line);
    snprintf(record, sizeof(record), "%.*s",
             (int)(row->raw.len < sizeof(record) ? row->raw.len
                                                 : sizeof(record) - 1),
             row->raw.ptr);
    return stage_fail_record(m->st, where, why.msg, record, err);
}

/* The next good record; 1 at the end. Bad ones are counted when asked. */
static int next_record(struct importing *m, bool count, struct err *err)
{
    for (;;) {
        struct row row;
        int rc = rows_next(m->rows, &row, err);

        if (rc == 0)
            rc = import_row(&m->record, &row, &m->o->rules, err);
        if (rc != ERR_FORMAT)
            return rc;
        if (count)
            rc = fail_row(m, &row, err);
        if (rc < 0 && count)
            return rc;
    }
}

/* Count the good records, so that a sample can be drawn from them. */
static int count_records(struct importing *m, struct err *err)
{
    int rc = 0;

    while (rc == 0) {
        rc = next_record(m, true, err);
        m->good += rc == 0;
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    rows_rewind(m->rows);
    return rc == 1 ? 0 : rc;
}

static int write_record(struct importing *m, struct writer *w, struct err *err)
{
    bool added;
    int rc = import_write(w, rows_kind(m->rows), &m->record, &added, err);

    if (rc == 0 && added)
        m->st->n.kept++;
    else if (rc == 0)
        m->st->n.rejected++;
    return rc;
}

/* Algorithm S (Knuth, The Art of Computer Programming 2, 3.4.2): each record
 * is taken with probability needed / left, so exactly limit are. */
static int write_records(struct importing *m, struct writer *w, struct err *err)
{
    uint64_t needed = m->o->limit, left = m->good;
    struct rng rng;
    int rc = 0;

    rng_init(&rng, m->o->seed, STREAM);
    while (rc == 0) {
        rc = next_record(m, m->o->limit == 0, err);
        if (rc != 0)
            break;
        m->st->n.seen++;
        if (m->o->limit && rng_below(&rng, left--) >= needed) {
            m->st->n.rejected++;
        } else {
            needed -= needed > 0;
            rc = write_record(m, w, err);
        }
        progress_update(m->st->n.seen, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    return rc == 1 ? 0 : rc;
}

static int import_all(struct importing *m, struct writer *w, struct err *err)
{
    int rc = 0;

    progress_start("records", 0);
    if (m->o->limit)
        rc = count_records(m, err);
    if (rc == 0)
        rc = write_records(m, w, err);
    progress_end();
    return rc;
}

int import_file(struct stage *st, const struct import_options *o,
                struct err *err)
{
    struct importing m = { .st = st, .o = o };
    struct store *out = NULL;
    struct writer *w = NULL;
    int rc = rows_open(&m.rows, o->path, o->format, o->columns, o->header, err);

    if (rc == 0)
        rc = stage_create(st, &out, rows_kind(m.rows), err);
    if (rc == 0)
        rc = writer_new(&w, out, err);
    if (rc == 0)
        rc = import_all(&m, w, err);
    writer_free(w);
    if (rc == 0) {
        rc = stage_finish(st, out, err);
        out = NULL;
    }
    store_close(out);
    imported_release(&m.record);
    rows_close(m.rows);
    return rc;
}
