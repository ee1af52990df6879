#include "text/fold.h"

#include "text/normalise.h"

int fold_text(struct buf *b, struct span text, struct err *err)
{
    /* one code point may become 18, of up to 4 bytes */
    struct buf n = BUF_INIT(24 * text.len + 64);
    int rc = normalise_text(&n, text, NORMALISE_FOLD, err);
    const char *p = buf_str(&n), *end = p + n.len;

    buf_reset(b);
    while (rc == 0 && p < end) {
        uint32_t c = normalise_decode(&p, end);
        char utf8[4];

        if (normalise_is_word(c))
            rc = buf_append(b, utf8, normalise_encode(utf8, c), err);
    }
    buf_release(&n);
    return rc;
}
