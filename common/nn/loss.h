/*
 * loss.h - losses on embeddings and on logits: value and gradient in one call.
 *
 * Definitions are those of sentence-transformers 6.2. Every loss on embeddings
 * takes one matrix e [rows,C] with the embeddings of a batch, before any
 * normalisation of its own, and lists of row numbers, so that a text may have
 * several parts. Sums are in double.
 *
 *   de    [rows,C] out   accumulates; zero it first. NULL = value only
 *   e     [rows,C] in
 */
#ifndef NN_LOSS_H
#define NN_LOSS_H

#include <stddef.h>
#include <stdint.h>

/*
 * CosineSimilarityLoss: 1/B sum over i of (cos(e[a[i]], e[b[i]]) - label[i])^2
 *
 *   a, b  [B] in   rows of e
 *   label [B] in   in [-1, 1] (STS scores divided by 5)
 */
double loss_cosine(float *de, const float *e, const uint32_t *a,
                   const uint32_t *b, const float *label, size_t B, size_t C);

/*
 * MultipleNegativesRankingLoss (InfoNCE): every document but its own is a
 * negative of every anchor:
 * 1/B sum over i of log sum over j < M of exp(s[i,j] - s[i,i]),
 * s[i,j] = scale * cos(e[anchor[i]], e[doc[j]])
 *
 *   scratch [loss_mnrl_scratch(B,M,C)]
 *   anchor  [B] in
 *   doc     [M] in   first the B positives in the anchors' order, then the hard
 *                    negatives of all rows in any number; M >= B
 *   scale            20 = temperature 0.05
 */
double loss_mnrl(float *de, float *scratch, const float *e,
                 const uint32_t *anchor, const uint32_t *doc, float scale,
                 size_t B, size_t M, size_t C);
size_t loss_mnrl_scratch(size_t B, size_t M, size_t C); /* floats */

enum loss_distance {
    LOSS_EUCLIDEAN, /* |a - b|, the library's margin is 5 */
    LOSS_COSINE,    /* 1 - cos(a, b), margin about 0.5 */
};

/*
 * TripletLoss: 1/B sum over i of max(d(anchor, pos) - d(anchor, neg) + margin,
 * 0)
 *
 *   anchor, pos, neg [B] in   rows of e
 */
double loss_triplet(float *de, const float *e, const uint32_t *anchor,
                    const uint32_t *pos, const uint32_t *neg,
                    enum loss_distance d, float margin, size_t B, size_t C);

/*
 * BinaryCrossEntropyLoss on logits:
 * 1/B sum over i of max(z,0) - z*y + log(1 + exp(-|z|)), positives weighted
 *
 *   dz    [B] out   set, not added to; NULL = value only
 *   z     [B] in    logits
 *   label [B] in    in [0, 1]
 *   weight          of the positive part; 1 = none
 */
double loss_bce(float *dz, const float *z, const float *label, float weight,
                size_t B);

#endif
