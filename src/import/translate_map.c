#include "import/translate_map.h"

#include "import/translate_pick.h"

void vch_translate_map_last(uint32_t *order, uint32_t axis, uint32_t rank)
{
    for (uint32_t i = 0; i < rank; i++)
        order[i] = i < axis ? i : i + 1 < rank ? i + 1 : axis;
}

void vch_translate_map_back(uint32_t *order, uint32_t axis, uint32_t rank)
{
    for (uint32_t i = 0; i < rank; i++)
        order[i] = i < axis ? i : i == axis ? rank - 1 : i - 1;
}

// A product of rows, as MATMUL wants them: a list counts as one row.
static vch_status multiply_rows(struct vch_translate *at, uint32_t x, uint32_t matrix,
                                uint32_t count, uint32_t *output)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, x), row = {.rank = 2};
    struct vch_network_shape whole = shape;
    uint32_t rows = x, product = shape.rank > 1 ? *output : VCH_NONE;

    if (shape.rank == 1) {
        row.dims[0] = 1;
        row.dims[1] = shape.dims[0];
        rows = VCH_NONE;
        VCH_TRY(vch_translate_reshape_to(at, x, &row, &rows));
        shape = row;
    }
    struct vch_layer layer =
        vch_layers_new(VCH_LAYER_MATMUL, at->node.name, (uint32_t[]){rows, matrix}, 2);
    shape.dims[shape.rank - 1] = whole.dims[whole.rank - 1] = count;
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &product));
    if (whole.rank == 1) return vch_translate_reshape_to(at, product, &whole, output);
    *output = product;
    return VCH_OK;
}

vch_status vch_translate_map(struct vch_translate *at, uint32_t x, uint32_t axis,
                             const double *matrix, uint32_t count, uint32_t *output)
{
    const struct vch_network_shape *from = vch_translate_shape_of(at, x);
    const struct vch_network_shape shape = {.rank = 2, .dims = {from->dims[axis], count}};
    const uint32_t rank = from->rank;
    uint32_t order[VCH_NETWORK_RANK_MAX], constant = VCH_NONE, moved = VCH_NONE, done = VCH_NONE;

    VCH_TRY(vch_translate_pick_filled(at, &shape, at->network->values[x].type, 0, &constant));
    for (size_t i = 0; i < (size_t)shape.dims[0] * count; i++)
        vch_translate_pick_set(at->network->values[constant].constant, i, matrix[i]);
    if (axis == rank - 1) return multiply_rows(at, x, constant, count, output);
    vch_translate_map_last(order, axis, rank);
    VCH_TRY(vch_translate_transpose_to(at, x, order, &moved));
    VCH_TRY(multiply_rows(at, moved, constant, count, &done));
    vch_translate_map_back(order, axis, rank);
    return vch_translate_transpose_to(at, done, order, output);
}
