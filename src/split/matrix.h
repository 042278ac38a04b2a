// The one product under the convolutional inverter, in float32.
//
// Every sum runs over `inner` in ascending order, starting from what is in `c`, without fused
// multiply-add: the result is a function of the arguments, whatever the processor's vectors.
#pragma once

#include <stddef.h>

#define VCH_MATRIX_COLUMNS 4u // `columns` is a multiple

// c[i][j] += sum over k of a(i, k) * b[k][j], with a(i, k) = a[i * a_row + k * a_inner], so that
// `a` may be read transposed. c (rows, columns) and b (inner, columns) are row-major and dense.
void vch_matrix_add_product(float *c, const float *a, size_t a_row, size_t a_inner, const float *b,
                            size_t rows, size_t inner, size_t columns);
