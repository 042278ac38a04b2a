// Names every variant that exists. Private to this folder.
#pragma once

#include "kernels/kernels.h"

#define VCH_KERNELS_DECLARE(isa) \
    void vch_panels_i8_##isa(void *out, size_t out_stride, const void *x, const uint32_t *places, \
                             size_t count, const struct vch_panels *panels, size_t first, \
                             size_t last); \
    void vch_panels_i16_##isa(void *out, size_t out_stride, const void *x, const uint32_t *places, \
                              size_t count, const struct vch_panels *panels, size_t first, \
                              size_t last); \
    void vch_depthwise_i8_##isa(void *out, size_t out_stride, const int8_t *x, \
                                const uint32_t *places, size_t count, \
                                const struct vch_panels *panels); \
    void vch_depthwise_i16_##isa(void *out, size_t out_stride, const int16_t *x, \
                                 const uint32_t *places, size_t count, \
                                 const struct vch_panels *panels); \
    void vch_rescale_i32_##isa(void *out, size_t out_stride, const int32_t *sums, size_t count, \
                               const struct vch_panels *panels); \
    void vch_lay_i8_##isa(void *out, const int8_t *x, size_t count); \
    void vch_transpose_i8_##isa(int8_t *out, size_t out_stride, const int8_t *x, size_t x_stride, \
                                size_t rows, size_t columns); \
    void vch_transpose_i16_##isa(int16_t *out, size_t out_stride, const int16_t *x, \
                                 size_t x_stride, size_t rows, size_t columns); \
    void vch_max_pool_i8_##isa(int8_t *out, const int8_t *x, const uint32_t *places, size_t count, \
                               const uint32_t *taps, size_t tap_count, size_t channels); \
    void vch_max_pool_i16_##isa(int16_t *out, const int16_t *x, const uint32_t *places, \
                                size_t count, const uint32_t *taps, size_t tap_count, \
                                size_t channels); \
    void vch_sum_taps_i8_##isa(int32_t *sums, const int8_t *x, const uint32_t *taps, \
                               size_t tap_count, size_t channels); \
    void vch_sum_taps_i16_##isa(int32_t *sums, const int16_t *x, const uint32_t *taps, \
                                size_t tap_count, size_t channels); \
    void vch_add_i8_##isa(int8_t *out, const int8_t *a, const int8_t *b, size_t count, \
                          const struct vch_add *how); \
    void vch_add_i16_##isa(int16_t *out, const int16_t *a, const int16_t *b, size_t count, \
                           const struct vch_add *how); \
    void vch_product_i8_##isa(int32_t *out, size_t out_stride, const int8_t *a, size_t rows, \
                              const int8_t *b, size_t columns, size_t depth); \
    void vch_product_i16_##isa(int64_t *out, size_t out_stride, const int16_t *a, size_t rows, \
                               const int8_t *b, size_t columns, size_t depth); \
    void vch_requantise_i32_to_i8_##isa(int8_t *out, const int32_t *acc, size_t count, \
                                        int64_t bias, const struct vch_requantise *how); \
    void vch_requantise_i32_to_i16_##isa(int16_t *out, const int32_t *acc, size_t count, \
                                         int64_t bias, const struct vch_requantise *how); \
    void vch_requantise_i64_to_i8_##isa(int8_t *out, const int64_t *acc, size_t count, \
                                        int64_t bias, const struct vch_requantise *how); \
    void vch_requantise_i64_to_i16_##isa(int16_t *out, const int64_t *acc, size_t count, \
                                         int64_t bias, const struct vch_requantise *how); \
    void vch_requantise_i64_to_i32_##isa(int32_t *out, const int64_t *acc, size_t count, \
                                         int64_t bias, const struct vch_requantise *how); \
    bool vch_is_within_i32_##isa(const int32_t *x, size_t count, int32_t bound); \
    void vch_halve_i32_##isa(int16_t *out, const int32_t *x, size_t count); \
    uint64_t vch_peak_##isa(size_t rounds, void *sink);

VCH_KERNELS_DECLARE(portable)
VCH_KERNELS_DECLARE(avx2)
VCH_KERNELS_DECLARE(avx512vnni)
VCH_KERNELS_DECLARE(neon)
VCH_KERNELS_DECLARE(neondot) // what it does better
