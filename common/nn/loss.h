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

/* The same both ways: the mean of that and of each positive's own anchor among
 * all anchors (the library's symmetric loss). */
double loss_mnrl_symmetric(float *de, float *scratch, const float *e,
                           const uint32_t *anchor, const uint32_t *doc,
                           float scale, size_t B, size_t M, size_t C);

/*
 * CoSENTLoss: log(1 + sum over label[i] < label[j] of
 * exp(scale * (s[i] - s[j]))), s[i] = cos(e[a[i]], e[b[i]]); AnglELoss: the
 * same with s = |cos + sum (b p - a q)| of the unit rows' halves (a,b), (p,q)
 * (Li and Li, arXiv:2309.12871, with the sign of the authors' code). Not a
 * mean: they grow with B. Labels' order alone counts; all equal: 0.
 *
 *   scratch [loss_order_scratch(B)]
 */
double loss_cosent(float *de, double *scratch, const float *e,
                   const uint32_t *a, const uint32_t *b, const float *label,
                   float scale, size_t B, size_t C);
double loss_angle(float *de, double *scratch, const float *e, const uint32_t *a,
                  const uint32_t *b, const float *label, float scale, size_t B,
                  size_t C);
size_t loss_order_scratch(size_t B); /* doubles */

enum loss_distance {
    LOSS_EUCLIDEAN, /* |a - b|, the library's margin is 5 */
    LOSS_COSINE,    /* 1 - cos(a, b), margin about 0.5 */
    LOSS_MANHATTAN, /* sum |a - b| */
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
 * ContrastiveLoss (Hadsell et al., 2006), d the distance, m the margin (0.5):
 * 1/B sum of 0.5 * (y d^2 + (1-y) max(m - d, 0)^2). OnlineContrastiveLoss: the
 * sum, without 0.5, of d^2 over positives beyond the nearest negative and of
 * max(m - d, 0)^2 over negatives nearer than the farthest positive; a class
 * that is missing is stood for by the mean of the other; labels other than 0
 * and 1 count for nothing.
 */
double loss_contrastive(float *de, const float *e, const uint32_t *a,
                        const uint32_t *b, const float *label,
                        enum loss_distance d, float margin, size_t B, size_t C);
double loss_online_contrastive(float *de, const float *e, const uint32_t *a,
                               const uint32_t *b, const float *label,
                               enum loss_distance d, float margin, size_t B,
                               size_t C);

/*
 * MSELoss: mean over n rows and C channels of (e[row[i]] - target[i])^2, where
 * target[i] [C] is a teacher's vector. loss_follow(): the mean of
 * 1 - cos(e[row[i]], target[i]), for teachers of which only directions count.
 */
double loss_mse(float *de, const float *e, const uint32_t *row,
                const float *const *target, size_t n, size_t C);
double loss_follow(float *de, const float *e, const uint32_t *row,
                   const float *const *target, size_t n, size_t C);

/* MarginMSELoss: 1/B sum of (a.p - a.n - margin)^2, margin[i] the teacher's
 * score of (a, p) less that of (a, n). Hofstaetter et al., arXiv:2010.02666. */
double loss_margin_mse(float *de, const float *e, const uint32_t *anchor,
                       const uint32_t *pos, const uint32_t *neg,
                       const float *margin, size_t B, size_t C);

/* 1/B sum of (z - target)^2 on logits. dz [B] out: set, not added to; NULL =
 * value only. */
double loss_logit_mse(float *dz, const float *z, const float *target, size_t B);

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
