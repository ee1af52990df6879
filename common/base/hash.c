#include "base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <xxhash.h>

struct sha256 {
    EVP_MD_CTX *ctx;
};

uint64_t hash64(const void *ptr, size_t len, uint64_t seed)
{
    return XXH64(ptr, len, seed);
}

int sha256_new(struct sha256 **out, struct err *err)
{
    struct sha256 *h = calloc(1, sizeof(*h));

    *out = NULL;
    if (h)
        h->ctx = EVP_MD_CTX_new();
    if (!h || !h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
        sha256_free(h);
        return ERR_SET(err, ERR_NOMEM, "cannot start a SHA-256");
    }
    *out = h;
    return 0;
}

void sha256_add(struct sha256 *h, const void *ptr, size_t len)
{
    if (len && EVP_DigestUpdate(h->ctx, ptr, len) != 1)
        abort(); /* a digest of less than all bytes must not exist */
}

void sha256_finish(struct sha256 *h, char hex[HASH_HEX])
{
    static const char digit[] = "0123456789abcdef";
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_DigestFinal_ex(h->ctx, md, &len) != 1 || len != 32)
        abort();
    for (unsigned i = 0; i < 32; i++) {
        hex[2 * i] = digit[md[i] >> 4];
        hex[2 * i + 1] = digit[md[i] & 15];
    }
    hex[64] = '\0';
    sha256_free(h);
}

void sha256_free(struct sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    free(h);
}

int sha256_hex(char hex[HASH_HEX], const void *ptr, size_t len, struct err *err)
{
    struct sha256 *h;
    int rc = sha256_new(&h, err);

    if (rc < 0)
        return rc;
    sha256_add(h, ptr, len);
    sha256_finish(h, hex);
    return 0;
}
