#include "kernels/kernels.h"

#include "kernels/variants.h"

#define USE(kernels, isa) \
    do { \
        (kernels).product_i8 = vch_product_i8_##isa; \
        (kernels).product_i16 = vch_product_i16_##isa; \
        (kernels).requantise_i32_to_i8 = vch_requantise_i32_to_i8_##isa; \
        (kernels).requantise_i32_to_i16 = vch_requantise_i32_to_i16_##isa; \
        (kernels).requantise_i64_to_i8 = vch_requantise_i64_to_i8_##isa; \
        (kernels).requantise_i64_to_i16 = vch_requantise_i64_to_i16_##isa; \
        (kernels).requantise_i64_to_i32 = vch_requantise_i64_to_i32_##isa; \
    } while (0)

struct vch_kernels vch_kernels_select(enum vch_cpu_level level)
{
    struct vch_kernels kernels = {.level = level};

    // Ascending, so that the best variant written so far wins.
    USE(kernels, portable);
#if defined(__x86_64__)
    if (level >= VCH_CPU_AVX2) USE(kernels, avx2);
    if (level >= VCH_CPU_AVX512VNNI) USE(kernels, avx512vnni);
#endif
    return kernels;
}
