/* onnx_write.c - the graph as a file. Constants are written from where they
 * are, so that a model is not in memory once more as a message. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/proto.h"
#include "model/onnx_graph.h"

enum { MESSAGE_MAX = 2147483647, IR_VERSION = 8 };

/* Fields of onnx.proto. */
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3 };
enum { MODEL_GRAPH = 7, MODEL_OPSET = 8, OPSET_VERSION = 2 };
enum { GRAPH_NAME = 2, GRAPH_CONSTANT = 5 };

struct parts {
    struct buf head;     /* of the model up to the graph's length */
    struct buf constant; /* scratch: key and length of one constant */
    struct buf name;     /* the graph's name */
};

static int make_constant_head(struct buf *b, const struct onnx_constant *c,
                              struct err *err)
{
    buf_reset(b);
    return proto_head(b, GRAPH_CONSTANT, c->head.len + c->len, err);
}

static int graph_size(struct parts *p, const struct onnx_graph *g,
                      uint64_t *size, struct err *err)
{
    int rc = 0;

    *size = g->node.len + g->input.len + g->output.len + p->name.len;
    for (size_t i = 0; rc == 0 && i < g->n; i++) {
        const struct onnx_constant *c = &g->constant[i];

        rc = make_constant_head(&p->constant, c, err);
        *size += p->constant.len + c->head.len + c->len;
    }
    if (rc == 0 && *size > MESSAGE_MAX - 4096)
        rc = ERR_SET(err, ERR_FULL,
                     "the model has %.1f GB, an ONNX file at most 2",
                     (double)*size / 1e9);
    return rc;
}

static int make_head(struct parts *p, const struct onnx_graph *g,
                     const char *name, struct err *err)
{
    struct buf opset = BUF_INIT(64);
    uint64_t size = 0;
    int rc = proto_text(&p->name, GRAPH_NAME, name, err);

    if (rc == 0)
        rc = proto_int(&opset, OPSET_VERSION, ONNX_OPSET, err);
    if (rc == 0)
        rc = proto_int(&p->head, MODEL_IR, IR_VERSION, err);
    if (rc == 0)
        rc = proto_text(&p->head, MODEL_PRODUCER, "silversmith", err);
    if (rc == 0)
        rc = proto_text(&p->head, MODEL_PRODUCER_VERSION, VERSION, err);
    if (rc == 0)
        rc = proto_bytes(&p->head, MODEL_OPSET, opset.ptr, opset.len, err);
    if (rc == 0)
        rc = graph_size(p, g, &size, err);
    if (rc == 0)
        rc = proto_head(&p->head, MODEL_GRAPH, size, err);
    buf_release(&opset);
    return rc;
}

static bool put(FILE *f, const void *ptr, size_t len)
{
    return len == 0 || fwrite(ptr, 1, len, f) == len;
}

static bool put_buf(FILE *f, const struct buf *b)
{
    return put(f, b->ptr, b->len);
}

/* Heads were made once before: making them again cannot fail. */
static bool put_constants(FILE *f, struct parts *p, const struct onnx_graph *g)
{
    struct err none = ERR_INIT;
    bool good = true;

    for (size_t i = 0; good && i < g->n; i++) {
        const struct onnx_constant *c = &g->constant[i];

        good = make_constant_head(&p->constant, c, &none) == 0 &&
               put_buf(f, &p->constant) && put_buf(f, &c->head) &&
               put(f, c->raw, c->len);
    }
    return good;
}

static int write_fail(const char *path, struct err *err)
{
    return ERR_SET(err, errno == ENOSPC ? ERR_FULL : ERR_IO,
                   "%s: cannot write: %s", path, strerror(errno));
}

static int write_file(const char *path, struct parts *p,
                      const struct onnx_graph *g, struct err *err)
{
    FILE *f = fopen(path, "wb");
    int rc = 0;

    if (!f)
        return write_fail(path, err);
    if (!put_buf(f, &p->head) || !put_buf(f, &g->node) ||
        !put_buf(f, &p->name) || !put_constants(f, p, g) ||
        !put_buf(f, &g->input) || !put_buf(f, &g->output))
        rc = write_fail(path, err);
    if (fclose(f) != 0 && rc == 0)
        rc = write_fail(path, err);
    return rc < 0 ? rc : file_sync(path, err);
}

int onnx_graph_write(struct onnx_graph *g, const char *name, const char *path)
{
    struct parts p = { BUF_INIT(1 << 16), BUF_INIT(64), BUF_INIT(4096) };
    char tmp[FILE_PATH_MAX];
    int rc = g->rc;

    if (rc == 0)
        rc = make_head(&p, g, name, g->err);
    if (rc == 0 &&
        (size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= sizeof(tmp))
        rc = ERR_SET(g->err, ERR_FULL, "%s: path is too long", path);
    if (rc == 0)
        rc = write_file(tmp, &p, g, g->err);
    if (rc == 0)
        rc = file_rename(tmp, path, g->err);
    buf_release(&p.head);
    buf_release(&p.constant);
    buf_release(&p.name);
    return rc;
}
