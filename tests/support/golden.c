#include "support/support.h"

#include "support/golden.h"

#include "store/stage.h"

struct json *golden_load(const char *name)
{
    struct err err = ERR_INIT;
    struct json *doc = NULL;
    char path[SUPPORT_PATH];

    if (!support_shared(name, path))
        return NULL;
    assert_ok(json_load(&doc, path, JSON_STRICT, &err), &err);
    return doc;
}

size_t golden_floats(float *out, const struct json_node *list)
{
    size_t n = 0;

    for (const struct json_node *i = json_first(list); i; i = json_next(i)) {
        if (json_type(i) == JSON_ARRAY) {
            n += golden_floats(out ? out + n : NULL, i);
        } else {
            if (out)
                out[n] = (float)json_num(i, 0.0);
            n++;
        }
    }
    return n;
}

size_t golden_ids(uint32_t *out, const struct json_node *list)
{
    size_t n = 0;

    for (const struct json_node *i = json_first(list); i; i = json_next(i))
        out[n++] = (uint32_t)json_num(i, 0.0);
    return n;
}

const struct json_node *golden_at(const struct json_node *list, size_t i)
{
    const struct json_node *n = json_first(list);

    while (n && i-- > 0)
        n = json_next(n);
    return n;
}

struct span golden_text(const struct json_node *string)
{
    return span_of(json_str(string, ""));
}

bool golden_minilm(char path[4096])
{
    struct err err = ERR_INIT;

    return stage_model_path(path, "all-MiniLM-L6-v2", &err) == 0;
}
