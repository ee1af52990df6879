#include <math.h>

#include "base/json.h"

const char *json_type_name(enum json_type t)
{
    switch (t) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "true or false";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    }
    return "?";
}

int json_need(const struct json_node **out, const struct json_node *n,
              const char *key, enum json_type type, struct err *err)
{
    *out = json_get(n, key);
    if (!*out)
        return ERR_SET(err, ERR_FORMAT, "\"%s\" is missing, expected %s", key,
                       json_type_name(type));
    if (json_type(*out) != type)
        return ERR_SET(err, ERR_FORMAT, "\"%s\" is %s, expected %s", key,
                       json_type_name(json_type(*out)), json_type_name(type));
    return 0;
}

int json_need_int(int64_t *out, const struct json_node *n, const char *key,
                  int64_t min, int64_t max, struct err *err)
{
    const struct json_node *v;
    double d;
    int rc = json_need(&v, n, key, JSON_NUMBER, err);

    if (rc < 0)
        return rc;
    d = json_num(v, 0.0);
    if (!(d >= (double)min && d <= (double)max) || d != floor(d))
        return ERR_SET(err, ERR_FORMAT,
                       "\"%s\" is %g, expected an integer in [%lld, %lld]", key,
                       d, (long long)min, (long long)max);
    *out = (int64_t)d;
    return 0;
}
