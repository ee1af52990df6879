/*
 * batch.h - buy answers through a batch API: a file of requests is uploaded,
 * worked off within a day for about half the price, and fetched. OpenAI's
 * /files and /batches, which Alibaba has in the same shape.
 *
 * Every step is in the store of answers before the next is taken (shard.h), so
 * a run that is killed anywhere goes on without paying twice: what may have
 * been submitted is looked up by its metadata first. Lines are joined by
 * custom_id; the output file and the error file are both read; what is in
 * neither is asked again.
 *
 * The profile's "batch" is an object:
 *   path    of the batches [/batches]      files   of the files [/files]
 *   url     in each line [/v1/chat/completions]
 *   lines, bytes, tokens   limits of one file [10000, 100 MB, 2000000];
 *           tokens is also that of all batches together
 *   window  [24h]           poll_s  between two looks [60]
 */
#ifndef LLM_BATCH_H
#define LLM_BATCH_H

#include "llm/purchase.h"

/* As purchase_run(), for one source with one key. */
int batch_run(const struct purchase *p, struct purchase_counts *n,
              struct err *err) MUST_CHECK;

#endif
