/*
 * variants.h - run a test body once per instruction set. Each time the kernel
 * table holds exactly one set's variants, so the public functions test them.
 */
#ifndef TESTS_VARIANTS_H
#define TESTS_VARIANTS_H

#include <stddef.h>

/* Calls body("c"), body("avx2"), body("avx512") and, with VNNI or BF16 in
 * its place, body("avx512-bf16") or the like, as far as this CPU has them;
 * says "skip:" for the others. Afterwards the table is as before. */
void for_each_variant(void (*body)(const char *isa));

/* The longest rows that the vector loops treat differently: every remainder,
 * with and without whole vectors. NULL-free list ended by 0. */
extern const size_t variant_lengths[];

#endif
