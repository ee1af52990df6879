#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "model/onnx_read.h"

static char path[] = "/tmp/test_onnx_XXXXXX";

/* ---- writing protobuf ---- */

static void put_varint(struct buf *b, uint64_t v)
{
    struct err err = ERR_INIT;

    for (; v > 127; v >>= 7)
        assert_ok(buf_append(b, (char[]){ (char)(v | 128) }, 1, &err), &err);
    assert_ok(buf_append(b, (char[]){ (char)v }, 1, &err), &err);
}

static void put_number(struct buf *b, int field, uint64_t v)
{
    put_varint(b, (uint64_t)field << 3);
    put_varint(b, v);
}

static void put_bytes(struct buf *b, int field, const void *p, size_t n)
{
    struct err err = ERR_INIT;

    put_varint(b, ((uint64_t)field << 3) | 2);
    put_varint(b, n);
    assert_ok(buf_append(b, p, n, &err), &err);
}

static void put_text(struct buf *b, int field, const char *s)
{
    put_bytes(b, field, s, strlen(s));
}

static void put_tensor(struct buf *graph, const char *name, uint64_t rows,
                       uint64_t cols, uint64_t type, const float *x, size_t n)
{
    struct buf t = BUF_INIT(1 << 16);

    put_number(&t, 1, rows);
    if (cols)
        put_number(&t, 1, cols);
    put_number(&t, 2, type);
    put_text(&t, 8, name);
    put_bytes(&t, 9, x, n * sizeof(*x));
    put_bytes(graph, 5, t.ptr, t.len);
    buf_release(&t);
}

static void put_product(struct buf *graph, const char *name, const char *input)
{
    struct buf n = BUF_INIT(1 << 16);

    put_text(&n, 1, "x");
    put_text(&n, 1, input);
    put_text(&n, 2, "y");
    put_text(&n, 3, name);
    put_text(&n, 4, "MatMul");
    put_bytes(graph, 1, n.ptr, n.len);
    buf_release(&n);
}

static const float values[6] = { 1, 2, 3, 4, 5, 6 };

/* A product by a [2,3] matrix with a made-up name, and a bias. */
static void write_model(struct buf *model)
{
    struct buf graph = BUF_INIT(1 << 16);

    put_product(&graph, "/encoder/layer.0/up/dense/MatMul", "onnx::MatMul_7");
    put_tensor(&graph, "onnx::MatMul_7", 2, 3, 1, values, 6);
    put_tensor(&graph, "encoder.layer.0.up.dense.bias", 3, 0, 1, values, 3);
    put_tensor(&graph, "shape", 3, 0, 7, values, 6); /* int64: no weight */
    put_number(model, 1, 8);
    put_text(model, 2, "test");
    put_bytes(model, 7, graph.ptr, graph.len);
    buf_release(&graph);
}

static int read_bytes(struct onnx_weights *w, const void *p, size_t n,
                      struct err *err)
{
    struct err ok = ERR_INIT;

    assert_ok(file_write(path, p, n, &ok), &ok);
    return onnx_read(w, path, err);
}

/* ---- tests ---- */

static void a_linear_layer_gets_its_name_and_is_turned(void **state)
{
    struct buf model = BUF_INIT(1 << 16);
    const struct safetensor_f32 *t;
    struct err err = ERR_INIT;
    struct onnx_weights w;

    (void)state;
    write_model(&model);
    assert_ok(read_bytes(&w, model.ptr, model.len, &err), &err);
    assert_int_equal(w.n, 2);
    t = onnx_find(&w, "encoder.layer.0.up.dense.weight");
    assert_non_null(t);
    assert_int_equal(t->rows, 3);
    assert_int_equal(t->cols, 2);
    for (size_t o = 0; o < 3; o++)
        for (size_t i = 0; i < 2; i++)
            assert_true(t->data[o * 2 + i] == values[i * 3 + o]);
    t = onnx_find(&w, "encoder.layer.0.up.dense.bias");
    assert_non_null(t);
    assert_int_equal(t->rows, 3);
    assert_int_equal(t->cols, 0);
    assert_memory_equal(t->data, values, 3 * sizeof(float));
    assert_null(onnx_find(&w, "onnx::MatMul_7"));
    onnx_release(&w);
    buf_release(&model);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
    struct buf model = BUF_INIT(1 << 16);
    struct onnx_weights w;

    (void)state;
    write_model(&model);
    for (size_t n = 0; n < model.len; n++) {
        struct err err = ERR_INIT;

        assert_int_equal(read_bytes(&w, model.ptr, n, &err), ERR_FORMAT);
        assert_int_equal(w.n, 0);
    }
    buf_release(&model);
}

/* Any byte changed: an error or other weights, never a read beyond the end
 * (the sanitizers' build runs this too). */
static void damage_is_survived(void **state)
{
    struct buf model = BUF_INIT(1 << 16);
    struct onnx_weights w;

    (void)state;
    write_model(&model);
    for (size_t i = 0; i < model.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct err err = ERR_INIT;

            model.ptr[i] ^= (char)(1 << bit);
            (void)!read_bytes(&w, model.ptr, model.len, &err);
            onnx_release(&w);
            model.ptr[i] ^= (char)(1 << bit);
        }
    buf_release(&model);
}

static void a_tensor_of_another_length_is_named(void **state)
{
    struct buf model = BUF_INIT(1 << 16), graph = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    struct onnx_weights w;

    (void)state;
    put_tensor(&graph, "short", 2, 3, 1, values, 5);
    put_bytes(&model, 7, graph.ptr, graph.len);
    assert_int_equal(read_bytes(&w, model.ptr, model.len, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "short has 20 bytes, expected 24"));
    buf_release(&graph);
    buf_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linear_layer_gets_its_name_and_is_turned),
        cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
        cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(a_tensor_of_another_length_is_named),
    };
    int fd = mkstemp(path), failed;

    if (fd < 0)
        return EXIT_FAILURE;
    close(fd);
    failed = cmocka_run_group_tests_name("onnx_read", tests, NULL, NULL);
    unlink(path);
    return failed;
}
