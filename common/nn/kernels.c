#include "nn/kernels.h"

#include "base/cpu.h"
#include "nn/kernels_isa.h"

struct kernels kernels = KERNELS_TABLE(_c);

void kernels_init(void)
{
    static const struct kernels portable = KERNELS_TABLE(_c);
    static const struct kernels avx2 = KERNELS_TABLE(_avx2);
    static const struct kernels avx512 = KERNELS_TABLE(_avx512);

    kernels = portable;
    if (cpu_has(CPU_AVX2))
        kernels = avx2;
    if (cpu_has(CPU_AVX512))
        kernels = avx512;
    if (cpu_has(CPU_VNNI))
        kernels.panel_sums_int8 = panel_sums_int8_vnni;
    if (cpu_has(CPU_BF16)) {
        kernels.panel_sums_bf16 = panel_sums_bf16_bf16;
        kernels.panel_halve = panel_halve_bf16;
    }
}
