#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/family.h"
#include "model/safetensors.h"
#include "model/weights.h"
#include "model/weights_parts.h"

enum { NAME = 160, FILES_MAX = 256 };

static const char *const fused[] = { "query", "key", "value" };

/* ---- one file, or the shards of an index ---- */

struct checkpoint {
    struct safetensors *file[FILES_MAX];
    char *name[FILES_MAX]; /* of shards; owned */
    size_t n;
};

static void checkpoint_release(struct checkpoint *k)
{
    for (size_t i = 0; i < k->n; i++) {
        safetensors_close(k->file[i]);
        free(k->name[i]);
    }
    k->n = 0;
}

static int open_file(struct checkpoint *k, const char *folder, const char *name,
                     struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, folder, name, err);

    if (rc < 0)
        return rc;
    if (k->n == FILES_MAX)
        return ERR_SET(err, ERR_FORMAT, "%s: more than %d weight files", folder,
                       FILES_MAX);
    rc = safetensors_open(&k->file[k->n], path, err);
    if (rc < 0)
        return rc;
    k->name[k->n] = strdup(name);
    if (!k->name[k->n]) {
        safetensors_close(k->file[k->n]);
        return ERR_SET(err, ERR_NOMEM, "no memory for %s", path);
    }
    k->n++;
    return 0;
}

static int open_shards(struct checkpoint *k, const char *folder,
                       const struct json_node *map, struct err *err)
{
    int rc = 0;

    for (const struct json_node *m = json_first(map); rc == 0 && m;
         m = json_next(m)) {
        const char *name = json_str(m, "");
        bool known = false;

        for (size_t i = 0; i < k->n; i++)
            known = known || strcmp(k->name[i], name) == 0;
        if (known)
            continue;
        if (name[0] == '\0' || strchr(name, '/'))
            return ERR_SET(err, ERR_FORMAT,
                           "%s: weight_map names the file \"%s\"", folder,
                           name);
        rc = open_file(k, folder, name, err);
    }
    return rc;
}

static int open_index(struct checkpoint *k, const char *folder,
                      const char *path, struct err *err)
{
    struct json *doc;
    const struct json_node *map;
    int rc = json_load(&doc, path, JSON_STRICT, err);

    if (rc < 0)
        return rc;
    rc = json_need(&map, json_root(doc), "weight_map", JSON_OBJECT, err);
    if (rc == 0)
        rc = open_shards(k, folder, map, err);
    json_free(doc);
    return rc;
}

static int checkpoint_open(struct checkpoint *k, const char *folder,
                           struct err *err)
{
    static const char *const single = "model.safetensors";
    char path[FILE_PATH_MAX], index[FILE_PATH_MAX], old[FILE_PATH_MAX];
    int rc = file_join(path, folder, single, err);

    k->n = 0;
    if (rc == 0)
        rc = file_join(index, folder, "model.safetensors.index.json", err);
    if (rc == 0)
        rc = file_join(old, folder, "pytorch_model.bin", err);
    if (rc < 0)
        return rc;
    if (!file_exists(path) && file_exists(index))
        return open_index(k, folder, index, err);
    if (!file_exists(path) && file_exists(old))
        return ERR_SET(err, ERR_NOTFOUND,
                       "%s has pytorch_model.bin only, which can run code; "
                       "save it again with transformers: "
                       "model.save_pretrained(folder, "
                       "safe_serialization=True)",
                       folder);
    return open_file(k, folder, single, err);
}

static const struct safetensor *find(const struct checkpoint *k,
                                     const char *name)
{
    for (size_t i = 0; i < k->n; i++) {
        const struct safetensor *t = safetensors_find(k->file[i], name);

        if (t)
            return t;
    }
    return NULL;
}

/* ---- loading ---- */

/* LayerNorm.weight and bias were once called gamma and beta. */
static bool old_name(char out[NAME], const char *name)
{
    static const char *const pairs[][2] = {
        { "LayerNorm.weight", "LayerNorm.gamma" },
        { "LayerNorm.bias", "LayerNorm.beta" },
    };

    for (size_t i = 0; i < 2; i++) {
        const char *at = strstr(name, pairs[i][0]);

        if (!at)
            continue;
        snprintf(out, NAME, "%.*s%s", (int)(at - name), name, pairs[i][1]);
        return true;
    }
    return false;
}

/* Any spelling of the name: *out is NULL when there is none. */
static int find_any(const struct safetensor **out, const struct checkpoint *k,
                    const char *prefix, const char *name, struct err *err)
{
    char old[NAME], full[NAME + 16];
    const char *const names[] = { name, old_name(old, name) ? old : name };

    *out = NULL;
    for (size_t i = 0; i < 4; i++) {
        const struct safetensor *t;

        if (i % 2 == 1 && names[1] == name)
            continue;
        snprintf(full, sizeof(full), "%s%s", i < 2 ? "" : prefix, names[i % 2]);
        t = find(k, full);
        if (t && *out)
            return ERR_SET(err, ERR_FORMAT, "both %s and %s are there",
                           (*out)->name, t->name);
        if (t)
            *out = t;
    }
    return 0;
}

static int check_shape(const struct safetensor *t, size_t rows, size_t cols,
                       struct err *err)
{
    size_t rank = cols ? 2 : 1;

    if (t->rank == rank && t->shape[0] == rows &&
        (rank == 1 || t->shape[1] == cols))
        return 0;
    return ERR_SET(
        err, ERR_FORMAT,
        "tensor %s: rank %zu, [%llu,%llu], expected %zu, [%zu,%zu]", t->name,
        t->rank, (unsigned long long)(t->rank > 0 ? t->shape[0] : 0),
        (unsigned long long)(t->rank > 1 ? t->shape[1] : 0), rank, rows, cols);
}

/* found counts the parts that were there. */
static int load_tensor(const struct checkpoint *k, const struct family *f,
                       bool cross, const struct tensor *t, size_t *found,
                       struct err *err)
{
    size_t parts = tensor_parts(t);

    *found = 0;
    for (size_t i = 0; i < parts; i++) {
        const struct safetensor *s;
        char bert[NAME], name[NAME];
        int rc;

        tensor_part_name(bert, sizeof(bert), t, fused[i]);
        family_name(name, sizeof(name), f, bert, cross);
        rc = find_any(&s, k, f->prefix, name, err);
        if (rc == 0 && !s && !tensor_head(t))
            rc = ERR_SET(err, ERR_FORMAT, "tensor %s is not there", name);
        if (rc == 0 && s)
            rc = check_shape(s, t->rows / parts, t->cols, err);
        if (rc == 0 && s)
            rc = safetensors_read(t->x + i * (t->n / parts), s, err);
        if (rc < 0)
            return rc;
        *found += s != NULL;
    }
    return 0;
}

static int load_all(struct weights *w, unsigned *found,
                    const struct checkpoint *k, struct err *err)
{
    size_t heads[4] = { 0 }; /* tensors found of each head: 0, 1 or 2 */

    for (size_t i = 0; i < w->tensors; i++) {
        const struct tensor *t = &w->tensor[i];
        const struct family *f = family_of(w->layout);
        size_t n;
        int rc;

        if (tensor_absent(t, w->layout))
            continue;
        rc = load_tensor(k, f, w->head.cls_w != NULL, t, &n, err);

        if (rc < 0)
            return rc;
        if (n)
            heads[tensor_head(t)]++;
    }
    *found = 0;
    for (unsigned head = 1; head <= 2; head++) {
        if (heads[head] == 1)
            return ERR_SET(
                err, ERR_FORMAT, "%s has only one of weight and bias",
                head == WEIGHTS_FOUND_POOLER ? "pooler" : "classifier");
        if (heads[head] == 2)
            *found |= head;
    }
    return 0;
}

/* A layer that the config does not know of means they are not of one model. */
static int check_layers(const struct checkpoint *k, const struct family *f,
                        size_t L, struct err *err)
{
    const char *layer = f->name[0][0] ? f->name[0][1] : "encoder.layer.";
    size_t body_len = strlen(f->prefix), layer_len = strlen(layer);

    for (size_t n = 0; n < k->n; n++) {
        for (size_t i = 0; i < safetensors_count(k->file[n]); i++) {
            const char *name = safetensors_at(k->file[n], i)->name, *at = name;

            if (strncmp(at, f->prefix, body_len) == 0)
                at += body_len;
            if (strncmp(at, layer, layer_len) == 0 &&
                strtoul(at + layer_len, NULL, 10) >= L)
                return ERR_SET(err, ERR_FORMAT,
                               "tensor %s, but config.json has %zu layers",
                               name, L);
        }
    }
    return 0;
}

static size_t count_layers(const struct weights *w)
{
    size_t L = 0;

    for (size_t i = 0; i < w->tensors; i++)
        if (tensor_in_layer(&w->tensor[i]) && w->tensor[i].layer >= L)
            L = w->tensor[i].layer + 1;
    return L;
}

int weights_load(struct weights *w, unsigned *found, const char *folder,
                 struct err *err)
{
    struct checkpoint k;
    int rc = checkpoint_open(&k, folder, err);

    *found = 0;
    if (rc == 0) {
        rc = check_layers(&k, family_of(w->layout), count_layers(w), err);
        if (rc == 0)
            rc = load_all(w, found, &k, err);
        if (rc < 0)
            err_prefix(err, "%s", folder);
    }
    checkpoint_release(&k);
    return rc;
}

/* ---- saving ---- */

/* Split t into its parts; names are kept in name[]. Returns how many. */
static size_t split(struct safetensor_f32 *out, char (*name)[NAME],
                    const struct tensor *t, const struct family *f, bool cross)
{
    bool pools = cross ? family_body_pools(f) : f->pooler;
    bool body = tensor_head(t) == 0 ||
                (pools && tensor_head(t) == WEIGHTS_FOUND_POOLER);
    size_t parts = tensor_parts(t), n = cross && body ? strlen(f->prefix) : 0;

    if (tensor_absent(t, f->layout) || (!cross && !f->pooler && !body))
        return 0;
    for (size_t i = 0; i < parts; i++) {
        char bert[NAME];

        memcpy(name[i], f->prefix, n);
        tensor_part_name(bert, sizeof(bert), t, fused[i]);
        family_name(name[i] + n, NAME - n, f, bert, cross);
        out[i] = (struct safetensor_f32){ name[i], t->x + i * (t->n / parts),
                                          t->rows / parts, t->cols };
    }
    return parts;
}

int weights_save(const struct weights *w, const char *path, bool cross,
                 struct err *err)
{
    struct safetensor_f32 *out = calloc(3 * w->tensors, sizeof(*out));
    char(*name)[NAME] = calloc(3 * w->tensors, sizeof(*name));
    size_t n = 0;
    int rc;

    if (!out || !name) {
        rc = ERR_SET(err, ERR_NOMEM, "no memory for %zu tensors", w->tensors);
        goto out;
    }
    for (size_t i = 0; i < w->tensors; i++)
        n += split(out + n, name + n, &w->tensor[i], family_of(w->layout),
                   cross);
    rc = safetensors_write(path, out, n, err);
out:
    free(name);
    free(out);
    return rc;
}
