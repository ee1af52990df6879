/*
 * relative.h - relative positions as MPNet has them: a value for each bucket of
 * distances and each head, added to the attention's logits.
 * Song et al., 2020, arXiv:2004.09297, after Raffel et al., 2020,
 * arXiv:1910.10683, section 2.1.
 *
 * Half of the 32 buckets are of keys before the query and the query itself,
 * half of keys behind it; of each half 8 are of one distance, and 8 grow by a
 * factor of sqrt(2), the last being of all from 91 on.
 */
#ifndef NN_RELATIVE_H
#define NN_RELATIVE_H

#include <stddef.h>

enum { RELATIVE_BUCKETS = 32 };

/* The bucket of key j for query i, distance being j - i. */
size_t relative_bucket(ptrdiff_t distance);

/*
 * What attention.h wants: rel[h][j - i + R - 1].
 *
 *   rel   [H,2R-1]              out
 *   table [RELATIVE_BUCKETS,H]  in
 */
void relative_fwd(float *rel, const float *table, size_t H, size_t R);
/* dtable += from drel [H,2R-1] */
void relative_bwd(float *dtable, const float *drel, size_t H, size_t R);

#endif
