#include "base/half.h"

#include <string.h>

/* Drop the low `shift` bits of m, to the nearest, ties to even. */
static uint32_t round_off(uint32_t m, unsigned shift)
{
    uint32_t kept = m >> shift, rest = m & ((1u << shift) - 1);
    uint32_t middle = 1u << (shift - 1);

    return kept + (rest > middle || (rest == middle && (kept & 1)));
}

uint16_t half_from(float x)
{
    uint32_t bits, sign, mantissa;
    int exponent;

    memcpy(&bits, &x, sizeof(bits));
    sign = bits >> 16 & 0x8000;
    exponent = (int)(bits >> 23 & 0xff) - 127;
    mantissa = bits & 0x7fffff;
    if (exponent == 128)
        return (uint16_t)(sign | 0x7c00 | (mantissa ? 0x200 : 0));
    if (exponent > 15)
        return (uint16_t)(sign | 0x7c00);
    if (exponent >= -14) /* a carry out of the mantissa is the next exponent */
        return (uint16_t)(sign | ((uint32_t)(exponent + 15) * 0x400 +
                                  round_off(mantissa, 13)));
    if (exponent < -25)
        return (uint16_t)sign;
    return (uint16_t)(sign | round_off(mantissa | 0x800000,
                                       (unsigned)(-1 - exponent)));
}
