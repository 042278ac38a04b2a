// Softmax and its logarithm, over one axis or, before opset 13, over all axes from one on.
#include <string.h>

#include "import/translate_build.h"

// What softmax goes over, as rows.
static vch_status read_rows(struct vch_translate_build_rows *rows, struct vch_translate *at,
                            uint32_t *flat)
{
    bool is_old = at->node.version < 13, marks[VCH_NETWORK_RANK_MAX] = {0};
    uint32_t x = 0, axis = 0;
    int64_t wanted = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    uint32_t rank = vch_translate_shape_of(at, x)->rank;
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", is_old ? 1 : -1, at->complaint));
    VCH_TRY(vch_translate_axis(&axis, at, wanted, rank));
    for (uint32_t i = axis; i < rank; i++)
        marks[i] = is_old || i == axis;
    return vch_translate_build_rows(rows, at, x, marks, flat);
}

vch_status vch_translate_softmax(struct vch_translate *at)
{
    struct vch_translate_build_rows rows;
    uint32_t flat = VCH_NONE, done = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(read_rows(&rows, at, &flat));
    VCH_TRY(vch_translate_build_softmax(at, flat, &done));
    return vch_translate_build_unrows(&rows, at, done, &output);
}

// x - max - log(sum of e^(x - max)): a logarithm of softmax's result would have lost what is small.
static vch_status log_softmax(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t most = VCH_NONE, apart = VCH_NONE, powers = VCH_NONE, sum = VCH_NONE;
    uint32_t logarithm = VCH_NONE;

    VCH_TRY(vch_translate_build_row_max(at, x, &most));
    VCH_TRY(vch_translate_build_sum(at, x, most, -1, &apart));
    VCH_TRY(vch_translate_build_function(at, apart, VCH_LAYER_EXP, 0, 0, &powers));
    VCH_TRY(vch_translate_build_row_sum(at, powers, 1, &sum));
    VCH_TRY(vch_translate_build_function(at, sum, VCH_LAYER_LOG, 0, 0, &logarithm));
    return vch_translate_build_sum(at, apart, logarithm, -1, output);
}

vch_status vch_translate_log_softmax(struct vch_translate *at)
{
    struct vch_translate_build_rows rows;
    uint32_t flat = VCH_NONE, done = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(read_rows(&rows, at, &flat));
    at->is_precise = true;
    VCH_TRY(log_softmax(at, flat, &done));
    at->is_precise = false;
    return vch_translate_build_unrows(&rows, at, done, &output);
}
