#include "base/cpu.h"

#include <cpuid.h>
#include <string.h>

static bool have[CPU_BF16 + 1] = { true, false, false, false, false };
static char brand[49] = "unknown CPU";

static void detect(void)
{
    __builtin_cpu_init();
    have[CPU_AVX2] =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    have[CPU_AVX512] = have[CPU_AVX2] && __builtin_cpu_supports("avx512f") &&
                       __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl");
    have[CPU_VNNI] = have[CPU_AVX512] && __builtin_cpu_supports("avx512vnni");
    have[CPU_BF16] = have[CPU_AVX512] && __builtin_cpu_supports("avx512bf16");
}

static void read_brand(void)
{
    unsigned r[12];

    if ((unsigned)__get_cpuid_max(0x80000000u, NULL) < 0x80000004u)
        return;
    for (unsigned i = 0; i < 3; i++)
        __get_cpuid(0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2],
                    &r[4 * i + 3]);
    memcpy(brand, r, 48);
    for (size_t n = strlen(brand); n && brand[n - 1] == ' '; n--)
        brand[n - 1] = '\0';
}

static void narrow(enum cpu_feature widest)
{
    for (int f = (int)widest + 1; f <= CPU_BF16; f++)
        have[f] = false;
}

int cpu_init(const char *isa, struct err *err)
{
    detect();
    read_brand();
    if (strcmp(isa, "auto") == 0)
        return 0;
    if (strcmp(isa, "base") == 0) {
        narrow(CPU_BASE);
        return 0;
    }
    if (strcmp(isa, "avx2") == 0 && have[CPU_AVX2]) {
        narrow(CPU_AVX2);
        return 0;
    }
    if (strcmp(isa, "avx512") == 0 && have[CPU_AVX512]) {
        narrow(CPU_AVX512);
        return 0;
    }
    return ERR_SET(err, ERR_USAGE,
                   "--isa %s: unknown, or not on this CPU (%s has %s)", isa,
                   brand, cpu_isa());
}

bool cpu_has(enum cpu_feature f)
{
    return have[f];
}

const char *cpu_isa(void)
{
    if (have[CPU_BF16])
        return "avx512-bf16";
    if (have[CPU_VNNI])
        return "avx512-vnni";
    if (have[CPU_AVX512])
        return "avx512";
    return have[CPU_AVX2] ? "avx2" : "base";
}

const char *cpu_name(void)
{
    return brand;
}
