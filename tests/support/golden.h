/*
 * golden.h - numbers and texts out of the reference data's JSON files.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"

/* Load a JSON file of the reference data; NULL when it is not on this
 * machine. Fails the test when it is there and cannot be read. */
struct json *golden_load(const char *name);
/* Copy the numbers of a list, also of nested lists, in order; returns how
 * many there are (out may be NULL to count). */
size_t golden_floats(float *out, const struct json_node *list);
size_t golden_ids(uint32_t *out, const struct json_node *list);
/* Element i of a list of strings or of lists. */
const struct json_node *golden_at(const struct json_node *list, size_t i);
struct span golden_text(const struct json_node *string);

/* Path of all-MiniLM-L6-v2 if it is in the cache. */
bool golden_minilm(char path[4096]);

#endif
