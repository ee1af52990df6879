/* Any bytes as a record of a file that people answered in: it is refused, or
 * has two texts and no more votes than the file has values. */
#include <stdint.h>
#include <stdlib.h>

#include "store/review.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    struct json *doc;

    if (json_parse(&doc, "fuzz", (const char *)data, size, JSON_STRICT, &err) <
        0)
        return 0;
    for (int tool = REVIEW_ARGILLA; tool <= REVIEW_LABEL_STUDIO; tool++) {
        struct review_answer v;

        if (review_read(&v, json_root(doc), (enum review_tool)tool, &err) < 0)
            continue;
        if (v.a.len == 0 || v.b.len == 0 || v.same + v.different > size)
            abort();
    }
    json_free(doc);
    return 0;
}
