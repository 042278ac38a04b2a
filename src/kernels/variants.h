// Names every variant that exists. Private to this folder.
#pragma once

#include "kernels/kernels.h"

#define VCH_KERNELS_DECLARE(isa) \
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
                                         int64_t bias, const struct vch_requantise *how);

VCH_KERNELS_DECLARE(portable)
VCH_KERNELS_DECLARE(avx2)
VCH_KERNELS_DECLARE(avx512vnni)
