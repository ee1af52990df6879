/*
 * config_parts.h - how config.c and config_modules.c share the reading of a
 * model folder.
 */
#ifndef MODEL_CONFIG_PARTS_H
#define MODEL_CONFIG_PARTS_H

#include "base/err.h"
#include "base/json.h"
#include "model/config.h"

/* json_load() of a file in folder; *doc is the caller's. */
int config_file(struct json **doc, const char *folder, const char *name,
                struct err *err) MUST_CHECK;
/* The same; *doc is NULL when there is no such file. */
int config_file_if_there(struct json **doc, const char *folder,
                         const char *name, struct err *err) MUST_CHECK;
/* Copy s into size bytes; ERR_FORMAT names key when it does not fit. */
int config_string(char *to, size_t size, const char *s, const char *key,
                  struct err *err) MUST_CHECK;

/*
 * modules.json: kind, body, normalise, similarity, prompt, and the pooling
 * module's subfolder. *library is config_sentence_transformers.json, which
 * the caller frees. Without modules.json nothing changes.
 */
int config_modules(struct model_config *c, struct json **library,
                   char pooling[CONFIG_NAME], const char *folder,
                   struct err *err) MUST_CHECK;
/* The pooling module's config.json; c->C and c->prompt are known. */
int config_pooling(struct model_config *c, const char *folder, const char *sub,
                   struct err *err) MUST_CHECK;

#endif
