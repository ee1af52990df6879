#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "llm/brief.h"

enum { AVOID_MAX = 12 };

/* Of a report: {"avoid":[...]}, or a list of such (report --json). */
static int avoid_of_json(struct buf *out, size_t *n, const char *path,
                         struct err *err)
{
    const struct json_node *at, *list;
    struct json *doc;
    int rc = json_load(&doc, path, JSON_STRICT, err);

    if (rc < 0)
        return rc;
    at = json_root(doc);
    if (json_type(at) == JSON_ARRAY)
        for (at = json_first(at); at && !json_get(at, "avoid");)
            at = json_next(at);
    rc = json_need(&list, at, "avoid", JSON_ARRAY, err);
    if (rc < 0)
        err_prefix(err, "%s", path);
    for (const struct json_node *c = rc == 0 ? json_first(list) : NULL;
         rc == 0 && c && *n < AVOID_MAX; c = json_next(c), ++*n)
        rc = buf_printf(out, err, "%s\"%s\"", *n ? ", " : "", json_str(c, ""));
    json_free(doc);
    return rc;
}

int brief_read_avoid(struct buf *out, const char *path, struct err *err)
{
    struct buf text = BUF_INIT(1 << 24);
    size_t n = 0;
    const char *p;
    int rc = file_read(&text, path, err);

    p = buf_str(&text);
    if (rc == 0 && (p[0] == '{' || p[0] == '[')) {
        rc = avoid_of_json(out, &n, path, err);
        p = "";
    }
    while (rc == 0 && *p && n < AVOID_MAX) {
        size_t len = strcspn(p, "\r\n");

        if (len)
            rc = buf_printf(out, err, "%s\"%.*s\"", n++ ? ", " : "", (int)len,
                            p);
        p += len + strspn(p + len, "\r\n");
    }
    buf_release(&text);
    return rc;
}
