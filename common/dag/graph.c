#include "dag/graph.h"

#include <string.h>

/* quote: what is around a name; end: what closes a line. */
static int draw_edges(struct buf *b, const struct spec *s, const char *arrow,
                      const char *quote, const char *end, struct err *err)
{
    int rc = 0;

    for (size_t k = 0; k < s->steps; k++) {
        const struct step *st = &s->step[s->order[k]];

        for (size_t r = 0; rc == 0 && r < st->refs; r++)
            if (st->ref[r].step >= 0)
                rc = buf_printf(b, err, "  %s%s%s %s %s%s%s%s\n", quote,
                                s->step[st->ref[r].step].name, quote, arrow,
                                quote, st->name, quote, end);
    }
    return rc;
}

static int draw_dot(struct buf *b, const struct spec *s, struct err *err)
{
    int rc = buf_printf(b, err, "digraph \"%s\" {\n", s->name);

    if (rc == 0)
        rc = draw_edges(b, s, "->", "\"", ";", err);
    return rc < 0 ? rc : buf_puts(b, "}\n", err);
}

static int draw_mermaid(struct buf *b, const struct spec *s, struct err *err)
{
    int rc = buf_puts(b, "graph TD\n", err);

    return rc < 0 ? rc : draw_edges(b, s, "-->", "", "", err);
}

static int draw_line(struct buf *b, const struct spec *s, const struct step *st,
                     struct err *err)
{
    int rc = buf_printf(b, err, "%-14s %s%s%s", st->name, st->stage,
                        st->command ? " " : "", st->command ? st->command : "");

    for (size_t r = 0; rc == 0 && r < st->refs; r++) {
        const struct ref *ref = &st->ref[r];

        rc = buf_printf(b, err, "%s%s %s", r ? ", " : "  <- ", ref->option,
                        ref->step >= 0 ? s->step[ref->step].name
                                       : file_base(ref->value));
    }
    return rc < 0 ? rc : buf_puts(b, "\n", err);
}

int graph_draw(struct buf *b, const struct spec *s, const char *format,
               struct err *err)
{
    int rc = 0;

    if (strcmp(format, "dot") == 0)
        return draw_dot(b, s, err);
    if (strcmp(format, "mermaid") == 0)
        return draw_mermaid(b, s, err);
    for (size_t k = 0; rc == 0 && k < s->steps; k++)
        rc = draw_line(b, s, &s->step[s->order[k]], err);
    return rc;
}
