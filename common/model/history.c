#include "model/history.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"

int history_add(struct history *h, const struct history_row *row,
                struct err *err)
{
    if (h->n == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 256;
        struct history_row *p = realloc(h->row, cap * sizeof(*p));

        if (!p)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu rows", cap);
        h->row = p;
        h->cap = cap;
    }
    h->row[h->n++] = *row;
    return 0;
}

void history_release(struct history *h)
{
    free(h->row);
    *h = (struct history){ NULL, 0, 0 };
}

static const char *phase_name(uint64_t phase)
{
    return phase == 0 ? "pretraining" : "training";
}

/* ---- table ---- */

/* An empty cell for NaN. */
static int put_cell(struct buf *b, int digits, double x, struct err *err)
{
    return isnan(x) ? buf_puts(b, ",", err)
                    : buf_printf(b, err, ",%.*g", digits, x);
}

int history_csv(const struct history *h, const char *path, struct err *err)
{
    struct buf b = BUF_INIT(256 << 20);
    int rc = buf_puts(&b, "phase,batch,epoch,loss,learning_rate,dev\n", err);

    for (size_t i = 0; rc == 0 && i < h->n; i++) {
        const struct history_row *r = &h->row[i];

        rc = buf_printf(&b, err, "%s,%llu,%.4f", phase_name(r->phase),
                        (unsigned long long)r->batch, r->epoch);
        if (rc == 0)
            rc = put_cell(&b, 6, r->loss, err);
        if (rc == 0)
            rc = put_cell(&b, 4, r->lr, err);
        if (rc == 0)
            rc = put_cell(&b, 6, r->dev, err);
        if (rc == 0)
            rc = buf_puts(&b, "\n", err);
    }
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
}

/* ---- chart ---- */

enum {
    WIDTH = 720,
    HEIGHT = 360,
    LEFT = 64,
    RIGHT = 64,
    TOP = 40,
    BOTTOM = 44,
    TICKS = 5
};

struct axis {
    double low, high;
};

struct chart {
    const struct history *h;
    struct buf b;
    double batches;   /* of all phases together */
    double offset[2]; /* batches before each phase */
    struct axis loss, dev;
    bool has_dev;
};

static void widen(struct axis *a, double x)
{
    if (isnan(x))
        return;
    a->low = x < a->low ? x : a->low;
    a->high = x > a->high ? x : a->high;
}

/* Some air above and below; never an empty range. */
static void finish_axis(struct axis *a)
{
    double air = 0.05 * (a->high - a->low);

    if (!(air > 0.0))
        air = a->high != 0.0 ? 0.05 * fabs(a->high) : 0.5;
    a->low -= air;
    a->high += air;
}

static void measure(struct chart *c)
{
    double last[2] = { 0.0, 0.0 };

    c->loss = c->dev = (struct axis){ INFINITY, -INFINITY };
    for (size_t i = 0; i < c->h->n; i++) {
        const struct history_row *r = &c->h->row[i];

        widen(&c->loss, r->loss);
        widen(&c->dev, r->dev);
        c->has_dev |= !isnan(r->dev);
        last[r->phase != 0] = (double)r->batch;
    }
    c->offset[0] = 0.0;
    c->offset[1] = last[0];
    c->batches = last[0] + last[1];
    finish_axis(&c->loss);
    finish_axis(&c->dev);
}

static double x_of(const struct chart *c, const struct history_row *r)
{
    double at = c->offset[r->phase != 0] + (double)r->batch;

    return LEFT +
           (WIDTH - LEFT - RIGHT) * at / (c->batches > 0.0 ? c->batches : 1.0);
}

static double y_of(const struct axis *a, double v)
{
    return HEIGHT - BOTTOM -
           (HEIGHT - TOP - BOTTOM) * (v - a->low) / (a->high - a->low);
}

static int draw_line(struct chart *c, bool dev, const char *colour,
                     struct err *err)
{
    const struct axis *a = dev ? &c->dev : &c->loss;
    int rc = buf_printf(&c->b, err,
                        "<polyline fill=\"none\" stroke=\"%s\" "
                        "stroke-width=\"2\" points=\"",
                        colour);

    for (size_t i = 0; rc == 0 && i < c->h->n; i++) {
        const struct history_row *r = &c->h->row[i];
        double v = dev ? r->dev : r->loss;

        if (!isnan(v))
            rc = buf_printf(&c->b, err, "%.1f,%.1f ", x_of(c, r), y_of(a, v));
    }
    return rc < 0 ? rc : buf_puts(&c->b, "\"/>\n", err);
}

static int draw_axis(struct chart *c, const struct axis *a, double x,
                     const char *anchor, const char *colour, int digits,
                     struct err *err)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i <= TICKS; i++) {
        double v = a->low + (a->high - a->low) * i / TICKS;

        rc = buf_printf(&c->b, err,
                        "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"%s\" "
                        "fill=\"%s\">%.*g</text>\n",
                        x, y_of(a, v) + 4.0, anchor, colour, digits, v);
    }
    return rc;
}

static int draw_frame(struct chart *c, const char *title, struct err *err)
{
    int rc = buf_printf(
        &c->b, err,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
        "height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
        "<text x=\"%d\" y=\"20\" font-size=\"14\">%s</text>\n"
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" "
        "stroke=\"#ccc\"/>\n"
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%.0f batches</text>\n"
        "<text x=\"%d\" y=\"%d\" fill=\"#1f77b4\">loss</text>\n",
        WIDTH, HEIGHT, LEFT, title, LEFT, TOP, WIDTH - LEFT - RIGHT,
        HEIGHT - TOP - BOTTOM, WIDTH / 2, HEIGHT - 14, c->batches, LEFT,
        TOP - 6);

    if (rc == 0 && c->offset[1] > 0.0)
        rc = buf_printf(
            &c->b, err,
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" "
            "stroke=\"#999\" stroke-dasharray=\"4\"/>\n",
            LEFT + (WIDTH - LEFT - RIGHT) * c->offset[1] / c->batches,
            LEFT + (WIDTH - LEFT - RIGHT) * c->offset[1] / c->batches, TOP,
            HEIGHT - BOTTOM);
    return rc;
}

static int draw(struct chart *c, const char *title, struct err *err)
{
    int rc = draw_frame(c, title, err);

    if (rc == 0)
        rc = draw_axis(c, &c->loss, LEFT - 6, "end", "#1f77b4", 3, err);
    if (rc == 0)
        rc = draw_line(c, false, "#1f77b4", err);
    if (rc == 0 && c->has_dev)
        rc = buf_printf(&c->b, err,
                        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" "
                        "fill=\"#d62728\">dev</text>\n",
                        WIDTH - RIGHT, TOP - 6);
    if (rc == 0 && c->has_dev)
        rc = draw_axis(c, &c->dev, WIDTH - RIGHT + 6, "start", "#d62728", 4,
                       err);
    if (rc == 0 && c->has_dev)
        rc = draw_line(c, true, "#d62728", err);
    return rc < 0 ? rc : buf_puts(&c->b, "</svg>\n", err);
}

int history_svg(const struct history *h, const char *path, const char *title,
                struct err *err)
{
    struct chart c = { .h = h, .b = BUF_INIT(64 << 20) };
    int rc;

    if (h->n < 2)
        return 0;
    measure(&c);
    rc = draw(&c, title, err);
    if (rc == 0)
        rc = file_write(path, c.b.ptr, c.b.len, err);
    buf_release(&c.b);
    return rc;
}
