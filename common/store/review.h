/*
 * review.h - pairs for people to look at, as files of the tools in which they
 * do it, and what they answered, read back.
 *
 * Argilla 2 (rg.Dataset.from_disk, records.from_json / to_json): an array of
 *   {"id", "fields": {"sentence1", "sentence2"}, "metadata": {...},
 *    "suggestions": {"label": {"value", "score", "agent"}},
 *    "responses": {"label": [{"value", "user_id"}]}, "vectors": {}}
 * Read too: responses as Argilla's API and version 1 have them, an array of
 *   {"values": {"label": {"value"}}, "status", "user_id"}
 * of which only submitted ones count.
 *
 * Label Studio (import; JSON export): an array of tasks
 *   {"data": {"sentence1", "sentence2", ...},
 *    "predictions": [{"model_version", "score", "result": [{"id", "type":
 *      "choices", "from_name": "label", "to_name": "sentence2",
 *      "value": {"choices": ["same"]}}]}],
 *    "annotations": [the same, "was_cancelled"]}
 * Read too: its JSON_MIN export, {"sentence1", "sentence2", "label"} flat.
 *
 * Argilla 2.8's Record.from_dict() takes the one file, and the LabelInterface
 * of Label Studio's SDK 2.1 finds the other one valid for the configuration in
 * README.md. Either may also be JSON lines, an object each. The values are
 * "same" and "different"; read are also 1 and 0, true and false, yes and no,
 * positive and negative, paraphrase and look-alike. Any other value ("unsure")
 * is no vote. The label is what most say; nobody, or as many as against it: the
 * record is left out.
 */
#ifndef STORE_REVIEW_H
#define STORE_REVIEW_H

#include "store/stage.h"

enum review_tool { REVIEW_ARGILLA, REVIEW_LABEL_STUDIO };

/*
 * Write st->part, a record for each pair of in. Its suggestion is what the
 * note says ("suggestion", from llm-generate --aside), else its label or
 * score. Ids are a hash of both texts; a pair that is there twice is written
 * once and counted as rejected.
 */
int review_export(struct stage *st, struct store *in, enum review_tool tool,
                  struct err *err) MUST_CHECK;
/*
 * Make st's output of the answers in a file: pairs with label 0 or 1, origin
 * gold, and a note with the votes. Counted: rejected = without a majority;
 * a record that cannot be read is a bad record, named by line and column.
 */
int review_import(struct stage *st, const char *path, enum review_tool tool,
                  struct err *err) MUST_CHECK;

/* Private: one record of a file (review_read.c). Spans and facts live as long
 * as o. ERR_FORMAT. */
struct review_answer {
    struct span a, b;
    unsigned same, different;      /* votes */
    const struct json_node *facts; /* what went out with it; or NULL */
};
int review_read(struct review_answer *out, const struct json_node *o,
                enum review_tool tool, struct err *err) MUST_CHECK;

#endif
