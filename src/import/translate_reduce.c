// Reductions over any axes: moved to the end and joined, so that one row gives one number.
#include <math.h>
#include <string.h>

#include "import/translate_map.h"
#include "import/translate_pick.h"
#include "import/translate_select.h"

// What a row gives: before(x) of its elements, joined, and after() of that.
enum join { SUM, MEAN, MAX, MIN, PRODUCT, LOG_SUM_EXP };
enum step { NOTHING, ABSOLUTE, SQUARE, ROOT, LOGARITHM };

static const struct reduction {
    const char *name;
    enum step before;
    enum join join;
    enum step after;
} reductions[] = {
    {"ReduceL1", ABSOLUTE, SUM, NOTHING},      {"ReduceL2", SQUARE, SUM, ROOT},
    {"ReduceLogSum", NOTHING, SUM, LOGARITHM}, {"ReduceLogSumExp", NOTHING, LOG_SUM_EXP, NOTHING},
    {"ReduceMax", NOTHING, MAX, NOTHING},      {"ReduceMean", NOTHING, MEAN, NOTHING},
    {"ReduceMin", NOTHING, MIN, NOTHING},      {"ReduceProd", NOTHING, PRODUCT, NOTHING},
    {"ReduceSum", NOTHING, SUM, NOTHING},      {"ReduceSumSquare", SQUARE, SUM, NOTHING},
};

struct plan {
    uint32_t order[VCH_NETWORK_RANK_MAX]; // axes that stay, then those that go
    size_t rows, size;                    // of the moved tensor
    struct vch_network_shape result;
    bool is_nothing; // no axes, and that means none
};

static vch_status make_plan(struct plan *plan, const struct vch_translate *at,
                            const struct vch_network_shape *shape)
{
    const int64_t *axes = NULL;
    bool marks[VCH_NETWORK_RANK_MAX] = {0};
    size_t count = 0;
    int64_t keeps = 1, noop = 0;
    uint32_t next = 0;

    VCH_TRY(vch_translate_list(&axes, &count, at, "axes", 1));
    VCH_TRY(vch_network_integer(&keeps, &at->node, "keepdims", 1, at->complaint));
    VCH_TRY(vch_network_integer(&noop, &at->node, "noop_with_empty_axes", 0, at->complaint));
    plan->is_nothing = count == 0 && noop != 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t axis = 0;
        VCH_TRY(vch_translate_axis(&axis, at, axes[i], shape->rank));
        marks[axis] = true;
    }
    plan->rows = plan->size = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        marks[i] = marks[i] || count == 0;
        *(marks[i] ? &plan->size : &plan->rows) *= shape->dims[i];
        if (!marks[i]) plan->order[next++] = i;
        if (marks[i] && keeps == 0) continue;
        plan->result.dims[plan->result.rank++] = marks[i] ? 1 : shape->dims[i];
    }
    for (uint32_t i = 0; i < shape->rank; i++)
        if (marks[i]) plan->order[next++] = i;
    return VCH_OK;
}

static vch_status function_of(struct vch_translate *at, uint32_t x,
                              enum vch_layer_function function, double alpha, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_FUNCTION, at->node.name, &x, 1);
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);

    layer.function = function;
    layer.alpha = alpha;
    return vch_translate_emit(at, &layer, &shape, output);
}

static vch_status binary(struct vch_translate *at, enum vch_layer_kind kind, uint32_t a, uint32_t b,
                         double sign, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(kind, at->node.name, (uint32_t[]){a, b}, 2);
    struct vch_network_shape shape = {0};

    layer.coefficients[1] = sign;
    VCH_TRY(vch_translate_broadcast(&shape, at, vch_translate_shape_of(at, a),
                                    vch_translate_shape_of(at, b)));
    return vch_translate_emit(at, &layer, &shape, output);
}

// 0 - x, which keeps whole numbers whole.
static vch_status negative(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    const struct vch_network_shape one = {.rank = 0};
    uint32_t zero = VCH_NONE;

    VCH_TRY(vch_translate_pick_filled(at, &one, at->network->values[x].type, 0, &zero));
    return binary(at, VCH_LAYER_ADD, zero, x, -1, output);
}

static vch_status apply(struct vch_translate *at, enum step step, uint32_t *x)
{
    uint32_t output = VCH_NONE;

    switch (step) {
    case NOTHING: return VCH_OK;
    case ABSOLUTE: VCH_TRY(function_of(at, *x, VCH_LAYER_ABS, 0, &output)); break;
    case SQUARE: VCH_TRY(binary(at, VCH_LAYER_MULTIPLY, *x, *x, 1, &output)); break;
    case ROOT: VCH_TRY(function_of(at, *x, VCH_LAYER_SQRT, 0, &output)); break;
    case LOGARITHM: VCH_TRY(function_of(at, *x, VCH_LAYER_LOG, 0, &output)); break;
    }
    *x = output;
    return VCH_OK;
}

// Rows as pictures of one channel each, under one window.
static vch_status pool(struct vch_translate *at, uint32_t x, enum vch_layer_kind kind,
                       const uint32_t *kernel, uint32_t *output)
{
    const uint32_t rows = vch_translate_shape_of(at, x)->dims[0];
    const struct vch_network_shape column = {.rank = 2, .dims = {rows, 1}};
    struct vch_network_shape shape = {.rank = 4, .dims = {1, rows, kernel[0], kernel[1]}};
    uint32_t image = VCH_NONE, pooled = VCH_NONE;

    VCH_TRY(vch_translate_reshape_to(at, x, &shape, &image));
    struct vch_layer layer = vch_layers_new(kind, at->node.name, &image, 1);
    layer.window = (struct vch_window){
        .kernel = {kernel[0], kernel[1]}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    shape.dims[2] = shape.dims[3] = 1;
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &pooled));
    return vch_translate_reshape_to(at, pooled, &column, output);
}

// Where no window covers a row, its last element is repeated until one does.
static vch_status largest(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    const size_t size = vch_translate_shape_of(at, x)->dims[1];
    const size_t width = VCH_GRAPH_KERNEL_DIM_MAX, whole = (size + width - 1) / width * width;
    uint32_t kernel[2] = {0}, wide = VCH_NONE;

    if (vch_layers_cover(kernel, size)) return pool(at, x, VCH_LAYER_MAX_POOL, kernel, output);
    int64_t *indices = VCH_ARENA_NEW(at->network->arena, int64_t, whole);
    if (indices == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < whole; i++)
        indices[i] = (int64_t)(i < size ? i : size - 1);
    VCH_TRY(vch_translate_pick(at, x, 1, indices, whole, &wide));
    if (!vch_layers_cover(kernel, whole))
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a reduction over %zu elements",
                                    size);
    return pool(at, wide, VCH_LAYER_MAX_POOL, kernel, output);
}

static vch_status weighted_sum(struct vch_translate *at, uint32_t x, double weight,
                               uint32_t *output)
{
    const size_t size = vch_translate_shape_of(at, x)->dims[1];
    double *matrix = VCH_ARENA_NEW(at->network->arena, double, size);

    if (matrix == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < size; i++)
        matrix[i] = weight;
    return vch_translate_map(at, x, 1, matrix, 1, output);
}

// Whole numbers are added up by a product with ones, which is exact.
static vch_status sum(struct vch_translate *at, uint32_t x, bool is_mean, uint32_t *output)
{
    const size_t size = vch_translate_shape_of(at, x)->dims[1];
    const double factor = (double)size;
    uint32_t kernel[2] = {0}, mean = VCH_NONE;

    if (at->network->values[x].type == VCH_NETWORK_INTEGER || !vch_layers_cover(kernel, size))
        return weighted_sum(at, x, is_mean ? 1 / factor : 1, output);
    VCH_TRY(pool(at, x, VCH_LAYER_AVERAGE_POOL, kernel, &mean));
    *output = mean;
    if (is_mean) return VCH_OK;
    *output = VCH_NONE;
    return vch_translate_affine(at, mean, &factor, 1, NULL, 0, output);
}

// Halves times halves, until one element is left; an odd one waits.
static vch_status product(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    for (size_t size = vch_translate_shape_of(at, x)->dims[1]; size > 1;) {
        uint32_t half[2] = {VCH_NONE, VCH_NONE}, parts[2] = {VCH_NONE, VCH_NONE};
        uint32_t joined = VCH_NONE;
        for (uint32_t i = 0; i < 2; i++)
            VCH_TRY(vch_translate_pick_slice(at, x, 1, (int64_t)(i * (size / 2)), size / 2, 1,
                                             &half[i]));
        VCH_TRY(binary(at, VCH_LAYER_MULTIPLY, half[0], half[1], 1, &parts[0]));
        if (size % 2 == 1) {
            VCH_TRY(vch_translate_pick_slice(at, x, 1, (int64_t)size - 1, 1, 1, &parts[1]));
            VCH_TRY(vch_translate_pick_join(at, parts, 2, 1, &joined));
        }
        x = size % 2 == 1 ? joined : parts[0];
        size = size / 2 + size % 2;
    }
    *output = x;
    return VCH_OK;
}

// log(sum of e^x) = m + log(sum of e^(x - m)), m the largest: nothing overflows.
static vch_status log_sum_exp(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t most = VCH_NONE, below = VCH_NONE, powers = VCH_NONE, total = VCH_NONE;
    uint32_t logarithm = VCH_NONE;

    VCH_TRY(largest(at, x, &most));
    VCH_TRY(binary(at, VCH_LAYER_ADD, x, most, -1, &below));
    VCH_TRY(function_of(at, below, VCH_LAYER_EXP, 0, &powers));
    VCH_TRY(sum(at, powers, false, &total));
    VCH_TRY(function_of(at, total, VCH_LAYER_LOG, 0, &logarithm));
    return binary(at, VCH_LAYER_ADD, most, logarithm, 1, output);
}

static vch_status smallest(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t turned = VCH_NONE, most = VCH_NONE;

    VCH_TRY(negative(at, x, &turned));
    VCH_TRY(largest(at, turned, &most));
    return negative(at, most, output);
}

static vch_status join_rows(struct vch_translate *at, enum join join, uint32_t x, uint32_t *output)
{
    switch (join) {
    case SUM: return sum(at, x, false, output);
    case MEAN: return sum(at, x, true, output);
    case MAX: return largest(at, x, output);
    case MIN: return smallest(at, x, output);
    case PRODUCT: return product(at, x, output);
    case LOG_SUM_EXP: return log_sum_exp(at, x, output);
    }
    return VCH_OK;
}

// What a row without elements gives.
static vch_status reduce_empty(struct vch_translate *at, const struct reduction *reduction,
                               const struct plan *plan)
{
    uint32_t value = VCH_NONE;
    bool has_answer =
        reduction->join == PRODUCT || (reduction->join == SUM && reduction->after != LOGARITHM);

    if (!has_answer)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "over no elements it gives no finite number");
    VCH_TRY(vch_translate_pick_filled(at, &plan->result,
                                      at->network->values[at->node.inputs[0]].type,
                                      reduction->join == PRODUCT, &value));
    return vch_translate_rename(at, 0, value);
}

static bool is_plain_sum(const struct reduction *reduction)
{
    return reduction->join == SUM && reduction->before == NOTHING && reduction->after == NOTHING;
}

static bool is_one_axis(const struct plan *plan, const struct vch_network_shape *shape)
{
    return shape->rank > 0 && plan->size == shape->dims[plan->order[shape->rank - 1]];
}

vch_status vch_translate_reduce(struct vch_translate *at)
{
    const struct reduction *reduction = reductions;
    struct plan plan = {0};
    uint32_t x = 0, moved = VCH_NONE, rows = VCH_NONE, joined = VCH_NONE;
    uint32_t output = at->node.outputs[0];

    while (strcmp(reduction->name, at->node.operator_) != 0)
        reduction++;
    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(make_plan(&plan, at, &shape));
    if (plan.is_nothing) return vch_translate_rename(at, 0, x);
    if (vch_network_count(&shape) == 0 && plan.rows > 0) return reduce_empty(at, reduction, &plan);
    if (is_plain_sum(reduction) && is_one_axis(&plan, &shape)) {
        bool is_select = false;
        VCH_TRY(
            vch_translate_select_match(&is_select, at, plan.order[shape.rank - 1], &plan.result));
        if (is_select) return VCH_OK;
    }
    const struct vch_network_shape matrix = {.rank = 2,
                                             .dims = {(uint32_t)plan.rows, (uint32_t)plan.size}};
    VCH_TRY(vch_translate_transpose_to(at, x, plan.order, &moved));
    VCH_TRY(vch_translate_reshape_to(at, moved, &matrix, &rows));
    VCH_TRY(apply(at, reduction->before, &rows));
    VCH_TRY(join_rows(at, reduction->join, rows, &joined));
    VCH_TRY(apply(at, reduction->after, &joined));
    return vch_translate_reshape_to(at, joined, &plan.result, &output);
}
