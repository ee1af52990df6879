/* hub_file.c - one file of a model: downloaded, checked, put into its place. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/progress.h"
#include "model/hub_parts.h"
#include "net/http.h"
#include "store/stage.h"

enum {
    ATTEMPTS = 5,            /* of a download that breaks off */
    SMALL_BYTES = 256 << 20, /* most that is not weights may have */
    MEGABYTE = 1000000,
    SILENCE_S = 10, /* a hub that says nothing for so long is not there */
};
#define LARGE_BYTES (UINT64_C(1) << 36)

const struct hub_file hub_files[HUB_FILES] = {
    { "config.json", true },
    { "modules.json", false },
    { "sentence_bert_config.json", false },
    { "config_sentence_transformers.json", false },
    { "1_Pooling/config.json", false },
    { "tokenizer_config.json", false },
    { "special_tokens_map.json", false },
    { "added_tokens.json", false },
    { "tokenizer.json", false },
    { "vocab.txt", false },
    { HUB_WEIGHTS, true },
};

static const struct {
    const char *model, *sha256; /* of its weights */
} pinned[] = {
    { HUB_DEFAULT,
      "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db" },
    { "sentence-transformers/" HUB_DEFAULT,
      "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db" },
};

const char *hub_pin(const char *name)
{
    for (size_t i = 0; i < sizeof(pinned) / sizeof(pinned[0]); i++)
        if (strcmp(pinned[i].model, name) == 0)
            return pinned[i].sha256;
    return NULL;
}

struct bar {
    const char *file;
    bool shown;
};

static bool show(void *ctx, uint64_t done, uint64_t total)
{
    struct bar *b = ctx;

    if (!b->shown && total > 0) {
        progress_start("MB", total / MEGABYTE);
        b->shown = true;
    }
    if (b->shown)
        progress_update(done / MEGABYTE, b->file);
    return !stage_stopped();
}

/* With some patience: a transfer that broke off but brought bytes is taken up
 * again. */
static int patiently(struct http_download *d, const char *to,
                     struct http_reply *reply, struct err *err)
{
    uint64_t had = 0;
    int rc = 0;

    for (int i = 0; i < ATTEMPTS; i++) {
        rc = http_download(d, to, reply, err);
        if (rc != ERR_UNAVAIL || reply->bytes <= had)
            break;
        had = reply->bytes;
        log_warn("%s; has %llu bytes, going on", err->msg,
                 (unsigned long long)had);
    }
    return rc;
}

static int download(const struct hub *h, const char *file, const char *to,
                    struct http_reply *reply, struct err *err)
{
    const char *const headers[] = { h->authorization[0] ? h->authorization
                                                        : NULL,
                                    NULL };
    bool large = strcmp(file, HUB_WEIGHTS) == 0;
    struct bar bar = { file, !large }; /* none for the small ones */
    char url[2048];
    struct http_download d = { .url = url,
                               .headers = headers,
                               .max_bytes = large ? LARGE_BYTES : SMALL_BYTES,
                               .stall_s = large ? 0 : SILENCE_S,
                               .progress = show,
                               .ctx = &bar };
    int rc;

    snprintf(url, sizeof(url), "%s/%s/resolve/main/%s", h->endpoint, h->repo,
             file);
    rc = patiently(&d, to, reply, err);
    if (large)
        progress_end();
    return rc;
}

int hub_download_large(const char *url, const char *file, const char *to,
                       struct err *err)
{
    const char *const none[] = { NULL };
    struct bar bar = { file, false };
    struct http_download d = { .url = url,
                               .headers = none,
                               .max_bytes = LARGE_BYTES,
                               .progress = show,
                               .ctx = &bar };
    struct http_reply reply = { 0 };
    int rc = patiently(&d, to, &reply, err);

    progress_end();
    return rc;
}

int hub_check_digest(const char *path, const char *file, const char *want,
                     const char *source, struct err *err)
{
    char have[HASH_HEX];
    int rc = file_digest(have, path, err);

    if (rc < 0 || strcasecmp(have, want) == 0)
        return rc;
    return ERR_SET(err, ERR_FORMAT,
                   "%s has SHA-256 %s, expected %s (%s); it was not kept", file,
                   have, want, source);
}

int hub_check_file(const struct hub *h, const char *path, const char *file,
                   const char *linked, struct err *err)
{
    const char *pin = strcmp(file, HUB_WEIGHTS) == 0 ? hub_pin(h->name) : NULL;

    if (pin)
        return hub_check_digest(path, file, pin, "pinned in this program", err);
    if (linked[0])
        return hub_check_digest(path, file, linked, "the hub's own", err);
    return 0;
}

int hub_place(const struct hub *h, const char *from, const char *file,
              struct err *err)
{
    char to[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    int rc = file_join(to, h->part, file, err);

    if (rc == 0 && strchr(file, '/')) {
        snprintf(dir, sizeof(dir), "%s", to);
        *strrchr(dir, '/') = '\0';
        rc = file_mkdirs(dir, err);
    }
    if (rc == 0)
        rc = file_sync(from, err);
    return rc < 0 ? rc : file_rename(from, to, err);
}

/* Where a file lies until it is complete: no folders of optional files. */
static int temporary(char out[FILE_PATH_MAX], const struct hub *h,
                     const char *file, struct err *err)
{
    char flat[128];

    snprintf(flat, sizeof(flat), "%s.part", file);
    for (char *p = flat; *p; p++)
        if (*p == '/')
            *p = '-';
    return file_join(out, h->part, flat, err);
}

int hub_fetch_file(const struct hub *h, const struct hub_file *f,
                   struct err *err)
{
    char path[FILE_PATH_MAX], tmp[FILE_PATH_MAX];
    struct http_reply reply = { 0 };
    int rc = file_join(path, h->part, f->name, err);

    if (rc == 0)
        rc = temporary(tmp, h, f->name, err);
    if (rc < 0 || file_exists(path)) /* from an earlier, interrupted run */
        return rc;
    if (strcmp(f->name, HUB_WEIGHTS) != 0) /* not worth the risk of a mixture */
        rc = file_remove(tmp, err);
    if (rc == 0)
        rc = download(h, f->name, tmp, &reply, err);
    if (rc == 0)
        rc = hub_check_file(h, tmp, f->name, reply.sha256, err);
    if (rc == 0)
        return hub_place(h, tmp, f->name, err);
    if (rc == ERR_NOTFOUND || rc == ERR_FORMAT || reply.bytes == 0) {
        struct err second = ERR_INIT;

        if (file_remove(tmp, &second) < 0)
            log_warn("%s", second.msg);
    }
    return rc == ERR_NOTFOUND && !f->needed ? 0 : rc;
}
