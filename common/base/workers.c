#include "base/workers.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SPINS = 2000 }; /* short waits between passes of one step spin */

struct worker {
    struct workers *pool;
    size_t index;
    pthread_t thread;
};

struct workers {
    struct worker *worker;
    size_t count;
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    /* the job; written under lock while no worker is busy */
    workers_fn *fn;
    void *ctx;
    size_t n, grain;
    atomic_size_t next;     /* first chunk nobody has taken */
    atomic_size_t busy;     /* helpers that have not finished the job */
    atomic_uint generation; /* one more with each job */
    bool stop;
    bool pinned;
    cpu_set_t mask; /* the caller's CPUs before it was pinned */
};

static void work(struct workers *w, size_t index)
{
    size_t chunks = (w->n + w->grain - 1) / w->grain;

    for (;;) {
        size_t k = atomic_fetch_add(&w->next, 1), begin = k * w->grain;
        size_t end;

        if (k >= chunks)
            return;
        end = w->n - begin < w->grain ? w->n : begin + w->grain;
        w->fn(w->ctx, begin, end, index);
    }
}

/* Wait for a job newer than seen; false when the pool stops. */
static bool next_job(struct workers *w, unsigned seen)
{
    bool go;

    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&w->generation) != seen)
            break;
        __builtin_ia32_pause();
    }
    pthread_mutex_lock(&w->lock);
    while (atomic_load(&w->generation) == seen && !w->stop)
        pthread_cond_wait(&w->wake, &w->lock);
    go = !w->stop;
    pthread_mutex_unlock(&w->lock);
    return go;
}

static void *loop(void *arg)
{
    struct worker *self = arg;
    struct workers *w = self->pool;
    unsigned seen = 0;

    while (next_job(w, seen)) {
        seen++;
        work(w, self->index);
        if (atomic_fetch_sub(&w->busy, 1) == 1) {
            pthread_mutex_lock(&w->lock);
            pthread_cond_signal(&w->idle);
            pthread_mutex_unlock(&w->lock);
        }
    }
    return NULL;
}

/* CPU number i of the mask, counted from 0 and around. */
static int nth_cpu(const cpu_set_t *mask, size_t i)
{
    size_t want = i % (size_t)CPU_COUNT(mask);

    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, mask) && want-- == 0)
            return cpu;
    return 0;
}

/* Pinning is a help, not a need: a refusal is ignored. Only when each worker
 * can have a CPU of its own. */
static void pin(pthread_t thread, const cpu_set_t *mask, size_t i)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(nth_cpu(mask, i), &one);
    (void)pthread_setaffinity_np(thread, sizeof(one), &one);
}

static int spawn(struct workers *w, const cpu_set_t *mask, struct err *err)
{
    bool enough = w->count <= (size_t)CPU_COUNT(mask);

    for (size_t i = 1; i < w->count; i++) {
        struct worker *x = &w->worker[i];

        x->pool = w;
        x->index = i;
        if (pthread_create(&x->thread, NULL, loop, x) != 0) {
            w->count = i;
            return ERR_SET(err, ERR_NOMEM, "cannot start thread %zu", i);
        }
        if (enough)
            pin(x->thread, mask, i);
    }
    w->pinned = enough && w->count > 1;
    if (w->pinned)
        pin(pthread_self(), mask, 0);
    return 0;
}

int workers_start(struct workers **out, size_t count, struct err *err)
{
    struct workers *w;
    cpu_set_t mask;
    int rc;

    *out = NULL;
    CPU_ZERO(&mask);
    if (sched_getaffinity(0, sizeof(mask), &mask) != 0)
        CPU_SET(0, &mask);
    if (count == 0)
        count = (size_t)CPU_COUNT(&mask);
    w = calloc(1, sizeof(*w));
    if (w)
        w->worker = calloc(count, sizeof(*w->worker));
    if (!w || !w->worker) {
        free(w);
        return ERR_SET(err, ERR_NOMEM, "cannot allocate %zu workers", count);
    }
    w->count = count;
    w->mask = mask;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    pthread_cond_init(&w->idle, NULL);
    rc = spawn(w, &mask, err);
    if (rc < 0) {
        workers_stop(w);
        return rc;
    }
    *out = w;
    return 0;
}

void workers_stop(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 1; i < w->count; i++)
        pthread_join(w->worker[i].thread, NULL);
    if (w->pinned)
        (void)pthread_setaffinity_np(pthread_self(), sizeof(w->mask), &w->mask);
    pthread_cond_destroy(&w->idle);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w->worker);
    free(w);
}

size_t workers_count(const struct workers *w)
{
    return w->count;
}

void workers_run(struct workers *w, size_t n, size_t grain, workers_fn *fn,
                 void *ctx)
{
    assert(grain > 0 && atomic_load(&w->busy) == 0);
    if (n == 0)
        return;
    pthread_mutex_lock(&w->lock);
    w->fn = fn;
    w->ctx = ctx;
    w->n = n;
    w->grain = grain;
    atomic_store(&w->next, 0);
    atomic_store(&w->busy, w->count - 1);
    atomic_fetch_add(&w->generation, 1);
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    work(w, 0);
    for (int i = 0; i < SPINS && atomic_load(&w->busy) > 0; i++)
        __builtin_ia32_pause();
    pthread_mutex_lock(&w->lock);
    while (atomic_load(&w->busy) > 0)
        pthread_cond_wait(&w->idle, &w->lock);
    pthread_mutex_unlock(&w->lock);
}
