/*
 * cpu.h - what this CPU can do. The only reader of CPUID.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>

#include "base/err.h"

/* Ordered narrow to wide. AVX512 = F, BW, DQ, VL as the Makefile's
 * isa_avx512 names them. */
enum cpu_feature { CPU_BASE, CPU_AVX2, CPU_AVX512, CPU_VNNI, CPU_BF16 };

/* Read CPUID and narrow to `isa`: "auto", "base", "avx2", "avx512". Call once
 * at start. ERR_USAGE for an unknown name or one this CPU lacks. */
int cpu_init(const char *isa, struct err *err) MUST_CHECK;
bool cpu_has(enum cpu_feature f);
/* "avx2", "avx512", ...: the widest in use. */
const char *cpu_isa(void);
/* The CPU's own name, e.g. "AMD EPYC ...". */
const char *cpu_name(void);

#endif
