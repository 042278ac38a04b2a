#include "kernels/kernels.h"

#include "kernels/variants.h"

#define USE_PANELS(kernels, isa) \
    do { \
        (kernels).panels_i8 = vch_panels_i8_##isa; \
        (kernels).panels_i16 = vch_panels_i16_##isa; \
        (kernels).depthwise_i8 = vch_depthwise_i8_##isa; \
        (kernels).depthwise_i16 = vch_depthwise_i16_##isa; \
        (kernels).rescale_i32 = vch_rescale_i32_##isa; \
        (kernels).lay_i8 = vch_lay_i8_##isa; \
    } while (0)

#define USE_ROWS(kernels, isa) \
    do { \
        (kernels).max_pool_i8 = vch_max_pool_i8_##isa; \
        (kernels).max_pool_i16 = vch_max_pool_i16_##isa; \
        (kernels).sum_taps_i8 = vch_sum_taps_i8_##isa; \
        (kernels).sum_taps_i16 = vch_sum_taps_i16_##isa; \
        (kernels).add_i8 = vch_add_i8_##isa; \
        (kernels).add_i16 = vch_add_i16_##isa; \
    } while (0)

#define USE_TRANSPOSE(kernels, isa) \
    do { \
        (kernels).transpose_i8 = vch_transpose_i8_##isa; \
        (kernels).transpose_i16 = vch_transpose_i16_##isa; \
    } while (0)

#define USE_PRODUCTS(kernels, isa) \
    do { \
        (kernels).product_i8 = vch_product_i8_##isa; \
        (kernels).product_i16 = vch_product_i16_##isa; \
        (kernels).requantise_i32_to_i8 = vch_requantise_i32_to_i8_##isa; \
        (kernels).requantise_i32_to_i16 = vch_requantise_i32_to_i16_##isa; \
        (kernels).requantise_i64_to_i8 = vch_requantise_i64_to_i8_##isa; \
        (kernels).requantise_i64_to_i16 = vch_requantise_i64_to_i16_##isa; \
        (kernels).requantise_i64_to_i32 = vch_requantise_i64_to_i32_##isa; \
    } while (0)

#define USE_HALVES(kernels, isa) \
    do { \
        (kernels).is_within_i32 = vch_is_within_i32_##isa; \
        (kernels).halve_i32 = vch_halve_i32_##isa; \
    } while (0)

static void use_portable(struct vch_kernels *kernels)
{
    kernels->packing_i8 = (struct vch_packing){1, 1, 1, 1, 0};
    kernels->packing_i16 = (struct vch_packing){1, 1, 1, 2, 0};
    kernels->peak = vch_peak_portable;
    USE_PANELS(*kernels, portable);
    USE_ROWS(*kernels, portable);
    USE_TRANSPOSE(*kernels, portable);
    USE_PRODUCTS(*kernels, portable);
    USE_HALVES(*kernels, portable);
}

#if defined(__x86_64__)
static void use_avx2(struct vch_kernels *kernels)
{
    kernels->packing_i8 = kernels->packing_i16 = (struct vch_packing){8, 2, 2, 2, 0};
    kernels->peak = vch_peak_avx2;
    USE_PANELS(*kernels, avx2);
    USE_ROWS(*kernels, avx2);
    USE_TRANSPOSE(*kernels, avx2);
    USE_PRODUCTS(*kernels, avx2);
    USE_HALVES(*kernels, avx2);
}

// Turning bytes and halving words gain nothing from wider registers.
static void use_avx512vnni(struct vch_kernels *kernels)
{
    kernels->packing_i8 = (struct vch_packing){16, 4, 1, 1, 0x80};
    kernels->packing_i16 = (struct vch_packing){16, 2, 1, 2, 0};
    kernels->peak = vch_peak_avx512vnni;
    USE_PANELS(*kernels, avx512vnni);
    USE_ROWS(*kernels, avx512vnni);
    USE_PRODUCTS(*kernels, avx512vnni);
}
#elif defined(__aarch64__)
static void use_neon(struct vch_kernels *kernels)
{
    kernels->packing_i8 = kernels->packing_i16 = (struct vch_packing){8, 1, 1, 2, 0};
    USE_PANELS(*kernels, neon);
    USE_ROWS(*kernels, neon);
    USE_TRANSPOSE(*kernels, neon);
    USE_PRODUCTS(*kernels, neon);
}

// Dot products of bytes: nothing but products of int8 gains.
static void use_neondot(struct vch_kernels *kernels)
{
    kernels->packing_i8 = (struct vch_packing){8, 4, 1, 1, 0};
    kernels->panels_i8 = vch_panels_i8_neondot;
    kernels->lay_i8 = vch_lay_i8_portable;
    kernels->product_i8 = vch_product_i8_neondot;
}
#endif

struct vch_kernels vch_kernels_select(enum vch_cpu_level level)
{
    struct vch_kernels kernels = {.level = level};

    // Ascending, so that the best variant written so far wins.
    use_portable(&kernels);
#if defined(__x86_64__)
    if (level >= VCH_CPU_AVX2) use_avx2(&kernels);
    if (level >= VCH_CPU_AVX512VNNI) use_avx512vnni(&kernels);
#elif defined(__aarch64__)
    if (level >= VCH_CPU_NEON) use_neon(&kernels);
    if (level >= VCH_CPU_NEONDOT) use_neondot(&kernels);
#endif
    return kernels;
}
