#include "net/schema.h"

static struct json_node *typed(const char *type)
{
    struct json_node *n = json_new_object();

    json_set_str(n, "type", type);
    return n;
}

static struct json_node *list_of(struct json_node *item)
{
    struct json_node *n = typed("array");

    json_set(n, "items", item);
    return n;
}

/* An object with two properties. */
static struct json_node *object_of(const char *a, struct json_node *of_a,
                                   const char *b, struct json_node *of_b)
{
    struct json_node *n = typed("object"), *all = json_new_object();
    struct json_node *required = json_new_array();

    json_set(all, a, of_a);
    json_set(all, b, of_b);
    json_push_str(required, a);
    json_push_str(required, b);
    json_set(n, "properties", all);
    json_set(n, "required", required);
    json_set_bool(n, "additionalProperties", false);
    return n;
}

struct json_node *schema_items(void)
{
    struct json_node *negative =
        object_of("text", typed("string"), "kind", typed("string"));

    return object_of("positives", list_of(typed("string")), "negatives",
                     list_of(negative));
}
