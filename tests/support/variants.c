#include "support/support.h"

#include "base/cpu.h"
#include "nn/kernels_isa.h"
#include "support/variants.h"

const size_t variant_lengths[] = { 1,  2,  3,  7,  8,  9,  15, 16,  17,  23, 24,
                                   25, 31, 32, 33, 40, 47, 48, 100, 384, 0 };

void for_each_variant(void (*body)(const char *isa))
{
    static const struct {
        const char *isa;
        enum cpu_feature needs;
        struct kernels table;
    } variants[] = {
        { "c", CPU_BASE, KERNELS_TABLE(_c) },
        { "avx2", CPU_AVX2, KERNELS_TABLE(_avx2) },
        { "avx512", CPU_AVX512, KERNELS_TABLE(_avx512) },
    };
    const struct kernels before = kernels;
    struct err err = ERR_INIT;

    assert_ok(cpu_init("auto", &err), &err);
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        if (!cpu_has(variants[i].needs)) {
            print_message("skip: no %s on this CPU\n", variants[i].isa);
            continue;
        }
        kernels = variants[i].table;
        body(variants[i].isa);
    }
    if (cpu_has(CPU_VNNI) || cpu_has(CPU_BF16)) {
        kernels_init();
        body(cpu_isa());
    } else {
        print_message("skip: no VNNI or BF16 on this CPU\n");
    }
    kernels = before;
}
