#include "nn/precision.h"

#include <stddef.h>

const char *precision_name(enum precision p)
{
    switch (p) {
    case PRECISION_F32:
        return "f32";
    case PRECISION_BF16:
        return "bf16";
    case PRECISION_INT8:
        return "int8";
    }
    return NULL;
}
