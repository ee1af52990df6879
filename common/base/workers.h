/*
 * workers.h - a small pool of pinned threads over chunks of an index range.
 * The only user of pthreads. The calling thread is worker 0 and works too.
 */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stddef.h>

#include "base/err.h"

struct workers;

/* Work on [begin, end). worker < workers_count() picks scratch memory. Must
 * not fail, allocate, log, lock or touch a file; writes its own slice. */
typedef void workers_fn(void *ctx, size_t begin, size_t end, size_t worker);

/* count 0: one per CPU in the process's affinity mask. */
int workers_start(struct workers **out, size_t count,
                  struct err *err) MUST_CHECK;
void workers_stop(struct workers *w); /* NULL is fine */
size_t workers_count(const struct workers *w);

/*
 * Call fn for each chunk [k*grain, min((k+1)*grain, n)); return when all are
 * done. Chunk boundaries depend on n and grain, never on the number of
 * workers, and chunks are handed out in order. One job at a time, no nesting.
 */
void workers_run(struct workers *w, size_t n, size_t grain, workers_fn *fn,
                 void *ctx);

#endif
