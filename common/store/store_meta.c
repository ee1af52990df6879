/* store_meta.c - the named values of a store's meta table. */
#include <stdio.h>
#include <string.h>

#include "store/store_parts.h"

int store_put_meta(struct store *s, const char *name, struct blob payload,
                   struct err *err)
{
    return store_put(s, STORE_META, (struct blob){ name, strlen(name) },
                     payload, err);
}

int store_get_meta(struct store *s, const char *name, struct blob *payload,
                   struct err *err)
{
    int rc = store_get(s, STORE_META, (struct blob){ name, strlen(name) },
                       payload, err);

    return rc == ERR_NOTFOUND
               ? ERR_SET(err, ERR_NOTFOUND, "%s: has no '%s' in its meta",
                         store_path(s), name)
               : rc;
}

static unsigned major_of(struct blob schema)
{
    unsigned major = 0;

    for (size_t i = 0; i < schema.len && i < 6; i++) {
        char c = ((const char *)schema.ptr)[i];

        if (c < '0' || c > '9')
            break;
        major = major * 10 + (unsigned)(c - '0');
    }
    return major;
}

int store_read_kind(struct store *s, char kind[STORE_KIND], struct err *err)
{
    struct blob b;
    int rc = store_get_meta(s, "schema", &b, err);

    if (rc == 0 && major_of(b) != STORE_SCHEMA_MAJOR)
        return ERR_SET(
            err, ERR_FORMAT, "%s: schema %.*s, this program knows %d.x",
            store_path(s), (int)b.len, (const char *)b.ptr, STORE_SCHEMA_MAJOR);
    if (rc == 0)
        rc = store_get_meta(s, "kind", &b, err);
    if (rc == 0)
        snprintf(kind, STORE_KIND, "%.*s", (int)b.len, (const char *)b.ptr);
    return rc;
}

int store_write_kind(struct store *s, const char *kind, struct err *err)
{
    char schema[32];
    int n = snprintf(schema, sizeof(schema), "%d.%d", STORE_SCHEMA_MAJOR,
                     STORE_SCHEMA_MINOR);
    int rc =
        store_put_meta(s, "schema", (struct blob){ schema, (size_t)n }, err);

    if (rc == 0)
        rc =
            store_put_meta(s, "kind", (struct blob){ kind, strlen(kind) }, err);
    return rc;
}
