// Names every variant of the field kernels that exists. Private to this folder.
#pragma once

#include "kernels/field_kernels.h"

#define VCH_FIELD_KERNELS_DECLARE(isa) \
    void vch_ntt_##isa(uint64_t *values, unsigned log_n, const uint64_t *twiddles); \
    void vch_intt_##isa(uint64_t *values, unsigned log_n, const uint64_t *twiddles); \
    void vch_scale_powers_##isa(uint64_t *values, size_t count, uint64_t first, uint64_t ratio); \
    void vch_eq_table_##isa(struct vch_planes out, const struct vch_ext *point, size_t n, \
                            struct vch_ext scale); \
    void vch_fold_##isa(struct vch_planes a, size_t half, size_t count, struct vch_ext r); \
    void vch_fold_base_##isa(struct vch_planes out, const uint64_t *a, size_t half, size_t count, \
                             struct vch_ext r); \
    void vch_product_round_##isa(struct vch_ext sums[3], struct vch_const_planes a, \
                                 struct vch_const_planes b, size_t half, size_t count); \
    void vch_product_round_base_##isa(struct vch_ext sums[3], struct vch_const_planes a, \
                                      const uint64_t *b, size_t half, size_t count); \
    void vch_product_ends_##isa(struct vch_ext ends[2], struct vch_const_planes a, \
                                struct vch_const_planes b, size_t half, size_t count); \
    void vch_product_ends_base_##isa(struct vch_ext ends[2], struct vch_const_planes a, \
                                     const uint64_t *b, size_t half, size_t count); \
    void vch_fraction_combine_##isa(struct vch_planes p_out, struct vch_planes q_out, \
                                    struct vch_const_planes p, struct vch_const_planes q, \
                                    size_t half, size_t count); \
    void vch_fraction_round_##isa(struct vch_ext sums[3], struct vch_const_planes eq, \
                                  const struct vch_fraction_pairs *pairs, size_t half, \
                                  size_t count, struct vch_ext lambda); \
    void vch_fraction_ends_##isa(struct vch_ext ends[2], struct vch_const_planes eq, \
                                 const struct vch_fraction_pairs *pairs, size_t half, \
                                 size_t count, struct vch_ext lambda); \
    void vch_mul_base_##isa(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count); \
    void vch_mul_##isa(struct vch_planes out, struct vch_const_planes a, \
                       struct vch_const_planes b, size_t count); \
    void vch_add_##isa(struct vch_planes out, struct vch_const_planes a, \
                       struct vch_const_planes b, size_t count); \
    void vch_axpy_base_##isa(struct vch_planes out, const uint64_t *x, struct vch_ext c, \
                             size_t count); \
    void vch_axpy_##isa(struct vch_planes out, struct vch_const_planes x, struct vch_ext c, \
                        size_t count); \
    struct vch_ext vch_dot_base_##isa(struct vch_const_planes e, const uint64_t *x, size_t count); \
    struct vch_ext vch_dot_##isa(struct vch_const_planes a, struct vch_const_planes b, \
                                 size_t count); \
    void vch_lift_i8_##isa(uint64_t *out, const int8_t *x, size_t count); \
    void vch_lift_i16_##isa(uint64_t *out, const int16_t *x, size_t count); \
    void vch_lift_i32_##isa(uint64_t *out, const int32_t *x, size_t count); \
    void vch_lift_i64_##isa(uint64_t *out, const int64_t *x, size_t count); \
    void vch_combine_i8_##isa(struct vch_planes out, const struct vch_ext *coefficients, \
                              const int8_t *w, size_t stride, size_t rows, size_t columns); \
    void vch_combine_i16_##isa(struct vch_planes out, const struct vch_ext *coefficients, \
                               const int16_t *w, size_t stride, size_t rows, size_t columns);

VCH_FIELD_KERNELS_DECLARE(portable)
VCH_FIELD_KERNELS_DECLARE(avx2)
VCH_FIELD_KERNELS_DECLARE(avx512vnni)
VCH_FIELD_KERNELS_DECLARE(neon)
