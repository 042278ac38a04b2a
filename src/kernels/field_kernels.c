#include "kernels/field_kernels.h"

#include "kernels/field_variants.h"

#define USE_TRANSFORMS(kernels, isa) \
    do { \
        (kernels).ntt = vch_ntt_##isa; \
        (kernels).intt = vch_intt_##isa; \
    } while (0)

#define USE_ROUNDS(kernels, isa) \
    do { \
        (kernels).eq_table = vch_eq_table_##isa; \
        (kernels).fold = vch_fold_##isa; \
        (kernels).fold_base = vch_fold_base_##isa; \
        (kernels).product_round = vch_product_round_##isa; \
        (kernels).product_round_base = vch_product_round_base_##isa; \
        (kernels).product_ends = vch_product_ends_##isa; \
        (kernels).product_ends_base = vch_product_ends_base_##isa; \
        (kernels).fraction_combine = vch_fraction_combine_##isa; \
        (kernels).fraction_round = vch_fraction_round_##isa; \
        (kernels).fraction_ends = vch_fraction_ends_##isa; \
    } while (0)

#define USE_VECTORS(kernels, isa) \
    do { \
        (kernels).scale_powers = vch_scale_powers_##isa; \
        (kernels).mul_base = vch_mul_base_##isa; \
        (kernels).mul = vch_mul_##isa; \
        (kernels).add = vch_add_##isa; \
        (kernels).axpy_base = vch_axpy_base_##isa; \
        (kernels).axpy = vch_axpy_##isa; \
        (kernels).dot_base = vch_dot_base_##isa; \
        (kernels).dot = vch_dot_##isa; \
    } while (0)

#define USE_LIFTS(kernels, isa) \
    do { \
        (kernels).lift_i8 = vch_lift_i8_##isa; \
        (kernels).lift_i16 = vch_lift_i16_##isa; \
        (kernels).lift_i32 = vch_lift_i32_##isa; \
        (kernels).lift_i64 = vch_lift_i64_##isa; \
    } while (0)

#define USE_COMBINE(kernels, isa) \
    do { \
        (kernels).combine_i8 = vch_combine_i8_##isa; \
        (kernels).combine_i16 = vch_combine_i16_##isa; \
    } while (0)

#if defined(__x86_64__)
static void use_avx2(struct vch_field_kernels *kernels)
{
    USE_TRANSFORMS(*kernels, avx2);
    USE_ROUNDS(*kernels, avx2);
    USE_VECTORS(*kernels, avx2);
    USE_COMBINE(*kernels, avx2);
}

static void use_avx512vnni(struct vch_field_kernels *kernels)
{
    USE_TRANSFORMS(*kernels, avx512vnni);
    USE_ROUNDS(*kernels, avx512vnni);
    USE_VECTORS(*kernels, avx512vnni);
    USE_COMBINE(*kernels, avx512vnni);
}
#endif

struct vch_field_kernels vch_field_kernels_select(enum vch_cpu_level level)
{
    struct vch_field_kernels kernels = {.level = level};

    // Ascending, so that the best variant written so far wins.
    USE_TRANSFORMS(kernels, portable);
    USE_ROUNDS(kernels, portable);
    USE_VECTORS(kernels, portable);
    USE_LIFTS(kernels, portable);
    USE_COMBINE(kernels, portable);
#if defined(__x86_64__)
    if (level >= VCH_CPU_AVX2) use_avx2(&kernels);
    if (level >= VCH_CPU_AVX512VNNI) use_avx512vnni(&kernels);
#elif defined(__aarch64__)
    if (level >= VCH_CPU_NEON) USE_COMBINE(kernels, neon); // plain C multiplies 64 bits as fast
#endif
    return kernels;
}
