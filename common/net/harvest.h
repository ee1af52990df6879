/*
 * harvest.h - the sentences in the JSON that a model wrote.
 *
 * Asked for {"positives":[..],"negatives":[..]}, models also translate the
 * names, put the object into another or into a list, make objects of sentences
 * and of lists ({"1":".."}), and number what they write.
 */
#ifndef NET_HARVEST_H
#define NET_HARVEST_H

#include "base/json.h"

enum harvest_side { HARVEST_POSITIVES, HARVEST_NEGATIVES };

/* The list of a side, or NULL. Its elements are json_first() and on; a lone
 * string stands for a list of one. */
const struct json_node *harvest_list(const struct json_node *root,
                                     enum harvest_side side);
/* Has it a list of either? */
bool harvest_fits(const struct json_node *root);

/* The sentence of an element, or NULL; *kind is "" when not said. Both live as
 * long as the document. */
const char *harvest_text(const struct json_node *item, const char **kind);
/* A copy on one line, without blanks around it and without a list's mark
 * before it; may be empty. NULL: no memory. */
char *harvest_copy(const char *text);

#endif
