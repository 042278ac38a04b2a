// A linear map along one axis: a product with a constant matrix.
#pragma once

#include "import/translate.h"

// y[..., j, ...] = sum over i of x[..., i, ...] * matrix[i * count + j] along `axis`, which then
// has `count` elements.
vch_status vch_translate_map(struct vch_translate *at, uint32_t x, uint32_t axis,
                             const double *matrix, uint32_t count, uint32_t *output);

// The order of axes that puts `axis` last and keeps the others; and the way back.
void vch_translate_map_last(uint32_t *order, uint32_t axis, uint32_t rank);
void vch_translate_map_back(uint32_t *order, uint32_t axis, uint32_t rank);
