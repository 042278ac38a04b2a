// AffineGrid: places in a picture, as a product of a constant grid with the operand's matrices.
#include "import/translate_build.h"

// The place of element `i` of `size` between -1 and 1: its middle, or with corners the whole range.
static double place_of(size_t i, uint32_t size, bool is_cornered)
{
    if (is_cornered) return size > 1 ? 2 * (double)i / (size - 1) - 1 : -1;
    return (2 * (double)i + 1) / size - 1;
}

// Rows (x, y, 1) or (x, y, z, 1) of every element of (H, W) or (D, H, W).
static vch_status grid_of(struct vch_translate *at, const uint32_t *sizes, uint32_t axes,
                          bool is_cornered, uint32_t *grid)
{
    struct vch_network_shape shape = {.rank = 2, .dims = {1, axes + 1}};

    for (uint32_t i = 0; i < axes; i++)
        shape.dims[0] *= sizes[i];
    VCH_TRY(vch_translate_grow(at, &shape, 0));
    size_t count = shape.dims[0];
    double *rows = VCH_ARENA_NEW(at->network->arena, double, count *(axes + 1));
    if (rows == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i;
        for (uint32_t k = 0; k < axes; k++) { // x is the last axis
            uint32_t size = sizes[axes - 1 - k];
            rows[i * (axes + 1) + k] = place_of(rest % size, size, is_cornered);
            rest /= size;
        }
        rows[i * (axes + 1) + axes] = 1;
    }
    return vch_translate_build_constant(at, rows, &shape, grid);
}

vch_status vch_translate_affine_grid(struct vch_translate *at)
{
    static const uint32_t order[] = {0, 2, 1};
    const int64_t *size = NULL;
    size_t count = 0, total = 1;
    int64_t is_cornered = 0;
    uint32_t theta = 0, sizes[3] = {0}, grid = VCH_NONE, turned = VCH_NONE, places = VCH_NONE;
    uint32_t output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&theta, at, 0));
    VCH_TRY(vch_translate_list(&size, &count, at, "size", 1));
    VCH_TRY(vch_network_integer(&is_cornered, &at->node, "align_corners", 0, at->complaint));
    const struct vch_network_shape from = *vch_translate_shape_of(at, theta);
    const uint32_t axes = count == 4 || count == 5 ? (uint32_t)count - 2 : 0;
    if (axes == 0 || from.rank != 3 || from.dims[0] != size[0] || from.dims[1] != axes ||
        from.dims[2] != axes + 1)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "a size of %zu numbers and matrices (%u, %u, %u); it takes "
                                    "(N, C, H, W) and (N, 2, 3), or one more each",
                                    count, from.dims[0], from.dims[1], from.dims[2]);
    struct vch_network_shape to = {.rank = axes + 2, .dims = {from.dims[0]}};
    for (uint32_t i = 0; i < axes; i++) {
        bool is_size = size[2 + i] >= 1 && size[2 + i] <= VCH_NETWORK_COUNT_MAX;
        total *= is_size ? (size_t)size[2 + i] : 0;
        if (!is_size || total > VCH_NETWORK_COUNT_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "a picture of %lld along axis %u",
                                        (long long)size[2 + i], 2 + i);
        sizes[i] = to.dims[1 + i] = (uint32_t)size[2 + i];
    }
    to.dims[axes + 1] = axes;
    VCH_TRY(grid_of(at, sizes, axes, is_cornered != 0, &grid));
    VCH_TRY(vch_translate_transpose_to(at, theta, order, &turned));
    VCH_TRY(vch_translate_build_matmul(at, grid, turned, &places));
    return vch_translate_reshape_to(at, places, &to, &output);
}
