/*
 * schema.h - the JSON Schema of what is asked for: what the prompts' pattern
 * shows, in the strict form (every property required, no other allowed). It
 * says nothing of how many items: no endpoint keeps to that.
 */
#ifndef NET_SCHEMA_H
#define NET_SCHEMA_H

#include "base/json.h"

/* {"positives":[TEXT],"negatives":[{"text":TEXT,"kind":TEXT}]} */
struct json_node *schema_items(void);

#endif
