#include "text/fold.h"

#include "text/normalise.h"

/* Of text that normalising leaves alone, but for its case. */
static int fold_ascii(struct buf *b, struct span text, struct err *err)
{
    char some[256];
    size_t n = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < text.len; i++) {
        uint32_t c = normalise_lower((unsigned char)text.ptr[i]);

        if (normalise_is_word(c))
            some[n++] = (char)c;
        if (n == sizeof(some) || i + 1 == text.len) {
            rc = buf_append(b, some, n, err);
            n = 0;
        }
    }
    return rc;
}

int fold_text(struct buf *b, struct span text, struct err *err)
{
    /* one code point may become 18, of up to 4 bytes */
    struct buf n = BUF_INIT(24 * text.len + 64);
    const char *p, *end;
    int rc;

    buf_reset(b);
    if (normalise_is_ascii(text))
        return fold_ascii(b, text, err);
    rc = normalise_text(&n, text, NORMALISE_FOLD, err);
    p = buf_str(&n);
    end = p + n.len;
    while (rc == 0 && p < end) {
        uint32_t c = normalise_decode(&p, end);
        char utf8[4];

        if (normalise_is_word(c))
            rc = buf_append(b, utf8, normalise_encode(utf8, c), err);
    }
    buf_release(&n);
    return rc;
}
