#include "net/provider.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "net/http.h"
#include "net/redact.h"

enum { KEY_MAX = 4096 /* bytes */, KEYS = 128 };

/* read(), not stdio, whose buffer would keep a copy. Closes fd. */
static int read_all(char *key, int fd, const char *name, struct err *err)
{
    size_t n = 0;
    ssize_t k = 1;

    while (k > 0 && n < KEY_MAX - 1) {
        k = read(fd, key + n, KEY_MAX - 1 - n);
        n += k > 0 ? (size_t)k : 0;
    }
    if (k < 0)
        k = -errno;
    close(fd);
    key[n] = '\0';
    if (k < 0)
        return ERR_SET(err, ERR_IO, "key file %s: %s", name, strerror((int)-k));
    if (n == KEY_MAX - 1)
        return ERR_SET(err, ERR_AUTH, "key file %s is too long for a key",
                       name);
    return 0;
}

static int read_key(char *key, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return ERR_SET(err, ERR_AUTH, "key file %s: %s", path, strerror(errno));
    if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0) {
        close(fd);
        return ERR_SET(err, ERR_CONFIG,
                       "key file %s can be read by others: chmod 600 it", path);
    }
    return read_all(key, fd, path, err);
}

static int read_fd(char *key, int fd, struct err *err)
{
    char name[32];

    snprintf(name, sizeof(name), "descriptor %d", fd);
    return read_all(key, fd, name, err);
}

/* Out of the environment, where child processes and /proc would show it. */
static int take_variable(char *key, const char *name, struct err *err)
{
    char *env = getenv(name);
    size_t n = env ? strlen(env) : 0;

    if (n >= KEY_MAX)
        return ERR_SET(err, ERR_AUTH, "%s is too long for a key", name);
    if (!env)
        return 0;
    memcpy(key, env, n + 1);
    explicit_bzero(env, n);
    unsetenv(name);
    return 0;
}

/* One word: a line end in it would add headers to the request. */
static bool is_key(char *key)
{
    size_t n = strlen(key);

    while (n && isspace((unsigned char)key[n - 1]))
        key[--n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (!isgraph((unsigned char)key[i]))
            return false;
    return true;
}

static struct {
    char *page[KEYS];
    size_t n;
} kept;

static void wipe(void)
{
    log_redact(NULL, 0);
    for (size_t i = 0; i < kept.n; i++)
        explicit_bzero(kept.page[i], KEY_MAX);
}

/* A page for each key, kept until the process ends; NULL: no more of them. */
static char *new_page(void)
{
    char *page = kept.n < KEYS ? aligned_alloc(KEY_MAX, KEY_MAX) : NULL;

    if (!page || (kept.n == 0 && atexit(wipe) != 0)) {
        free(page);
        return NULL;
    }
    kept.page[kept.n++] = page;
    (void)mlock(page, KEY_MAX);
    (void)madvise(page, KEY_MAX, MADV_DONTDUMP);
    page[0] = '\0';
    return page;
}

static int check_key(const struct provider *p, char *page, struct err *err)
{
    bool loopback = false;

    if (!is_key(page))
        return ERR_SET(err, ERR_AUTH,
                       "the key from %s has blanks or control characters in it",
                       p->key_file[0] ? p->key_file : p->key_env);
    (void)http_may_call(p->base_url, &loopback);
    if (!page[0] && !loopback)
        return ERR_SET(err, ERR_AUTH,
                       "%s needs an API key: set %s, or name a file by "
                       "--key-file or by \"key_file\" in the profile",
                       p->name, p->key_env[0] ? p->key_env : "\"key_env\"");
    return 0;
}

void provider_guard_keys(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0);
}

int provider_take_key(const struct provider *p, const char **key,
                      struct err *err)
{
    char *page;
    int rc;

    *key = NULL;
    provider_guard_keys(); /* before the key is in memory */
    if (p->replay[0] || (!p->key_env[0] && !p->key_file[0] && !p->key_fd))
        return 0;
    page = new_page();
    if (!page)
        return ERR_SET(err, ERR_NOMEM, "cannot hold a key");
    if (p->key_fd)
        rc = read_fd(page, p->key_fd, err);
    else if (p->key_file[0])
        rc = read_key(page, p->key_file, err);
    else
        rc = take_variable(page, p->key_env, err);
    if (rc == 0)
        rc = check_key(p, page, err);
    if (rc == 0 && page[0]) {
        if (redact_is_secret(page))
            log_redact(page, strlen(page));
        *key = page;
    } else {
        explicit_bzero(page, KEY_MAX);
    }
    return rc;
}
