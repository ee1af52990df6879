#include "text/tokenizer_extend.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"

enum { MAX_BYTES = 256 << 20 };

/* ---- tokenizer.json ---- */

/* ,"token":id of all, as an object's text without its braces. */
static int members(struct buf *out, const struct span *token, size_t n,
                   size_t first, struct err *err)
{
    struct buf name = BUF_INIT(1 << 20), line = BUF_INIT(1 << 20);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct json_node *o = json_new_object();

        buf_reset(&name);
        buf_reset(&line);
        rc = buf_append(&name, token[i].ptr, token[i].len, err);
        json_set_num(o, buf_str(&name), (double)(first + i));
        if (rc == 0)
            rc = json_print(&line, o, false, err);
        if (rc == 0)
            rc = buf_puts(out, ",", err);
        if (rc == 0)
            rc = buf_append(out, line.ptr + 1, line.len - 2, err);
        json_node_free(o);
    }
    buf_release(&name);
    buf_release(&line);
    return rc;
}

static const struct json_node *last_of(const struct json_node *object)
{
    const struct json_node *last = NULL;

    for (const struct json_node *n = json_first(object); n; n = json_next(n))
        last = n;
    return last;
}

/* Behind the last member of the vocabulary: the member's value is a number, so
 * the first brace behind its key is the object's. */
static size_t last_end(const struct buf *text, const struct json *doc,
                       const struct json_node *last)
{
    size_t at = 0;
    int line, col;

    json_where(doc, last, &line, &col);
    while (line > 1)
        line -= text->ptr[at++] == '\n';
    for (at += (size_t)col; text->ptr[at] != '"'; at++) /* behind its quote */
        at += text->ptr[at] == '\\';
    while (text->ptr[at] != '}')
        at++;
    while (strchr(" \t\r\n", text->ptr[at - 1]))
        at--;
    return at;
}

static int extend_json(const char *path, const struct span *token, size_t n,
                       size_t first, struct err *err)
{
    struct buf text = BUF_INIT(MAX_BYTES), out = BUF_INIT(MAX_BYTES);
    const struct json_node *last;
    struct json *doc = NULL;
    size_t end;
    int rc = file_read(&text, path, err);

    if (rc == 0)
        rc = json_parse(&doc, path, text.ptr, text.len, JSON_STRICT, err);
    if (rc < 0)
        goto out;
    last = last_of(json_get(json_get(json_root(doc), "model"), "vocab"));
    if (!last) {
        rc = ERR_SET(err, ERR_FORMAT, "%s: the vocabulary is empty", path);
        goto out;
    }
    end = last_end(&text, doc, last);
    rc = buf_append(&out, text.ptr, end, err);
    if (rc == 0)
        rc = members(&out, token, n, first, err);
    if (rc == 0)
        rc = buf_append(&out, text.ptr + end, text.len - end, err);
    if (rc == 0)
        rc = file_write(path, out.ptr, out.len, err);
out:
    json_free(doc);
    buf_release(&out);
    buf_release(&text);
    return rc;
}

/* ---- vocab.txt ---- */

static int put_line(struct buf *b, struct span token, struct err *err)
{
    int rc = buf_append(b, token.ptr, token.len, err);

    return rc < 0 ? rc : buf_append(b, "\n", 1, err);
}

static int write_lines(const char *path, const struct tokenizer *t,
                       const struct span *token, size_t n, struct err *err)
{
    struct buf b = BUF_INIT(MAX_BYTES);
    size_t old = tokenizer_vocab_size(t);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < old; i++) {
        struct span s = tokenizer_token(t, (uint32_t)i);

        rc = s.len > 0 ? put_line(&b, s, err)
                       : ERR_SET(err, ERR_FORMAT,
                                 "%s: nobody has id %zu, and new tokens come "
                                 "behind %zu",
                                 path, i, old);
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = put_line(&b, token[i], err);
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
}

int tokenizer_extend(const char *folder, const struct tokenizer *t,
                     const struct span *token, size_t n, struct err *err)
{
    char json[FILE_PATH_MAX], lines[FILE_PATH_MAX];
    int rc = file_join(json, folder, "tokenizer.json", err);

    if (rc == 0)
        rc = file_join(lines, folder, "vocab.txt", err);
    if (rc == 0 && n > 0 && file_exists(json))
        rc = extend_json(json, token, n, tokenizer_vocab_size(t), err);
    if (rc == 0 && n > 0 && file_exists(lines))
        rc = write_lines(lines, t, token, n, err);
    return rc;
}
