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
}
