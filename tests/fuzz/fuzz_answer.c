/* Any bytes as a model's answer: repair refuses them, or makes JSON that it
 * leaves as it is. The same bytes as the body of a response: it has items only
 * with a status that says so, and none is empty. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/chat.h"
#include "net/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_repair(const char *text, size_t len)
{
    struct buf once = BUF_INIT(16 << 20), twice = BUF_INIT(16 << 20);
    struct err err = ERR_INIT;
    enum repair_how how;
    struct json *doc;

    if (repair_json(&doc, &how, text, len, NULL, &err) < 0)
        return;
    if (json_print(&once, json_root(doc), false, &err) < 0)
        abort();
    json_free(doc);
    if (once.len <= REPAIR_MAX) {
        if (repair_json(&doc, &how, once.ptr, once.len, NULL, &err) < 0 ||
            how != REPAIR_AS_IS ||
            json_print(&twice, json_root(doc), false, &err) < 0)
            abort();
        json_free(doc);
        if (twice.len != once.len || memcmp(twice.ptr, once.ptr, once.len) != 0)
            abort();
    }
    buf_release(&once);
    buf_release(&twice);
}

static void try_body(const char *body, size_t len)
{
    static struct chat_answer a;
    struct err err = ERR_INIT;
    char code[REPLY_CODE];

    if (chat_read(&a, body, len, &err) < 0)
        abort();
    if (a.positives + a.negatives > 0 && a.status != CHAT_ITEMS &&
        a.status != CHAT_TRUNCATED)
        abort();
    if (a.status == CHAT_ITEMS && a.positives + a.negatives == 0)
        abort();
    for (size_t i = 0; i < a.positives; i++)
        if (!a.positive[i].text[0])
            abort();
    if ((reply_class(NULL, 200, body, len, code) == REPLY_ANSWER) !=
        (a.status != CHAT_ERROR))
        abort();
    chat_answer_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_repair((const char *)data, size);
    try_body((const char *)data, size);
    return 0;
}
