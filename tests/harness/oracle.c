#include "harness/oracle.h"

#include "harness/test.h"
#include "model/trees.h"

__extension__ typedef __int128 wide;

struct oracle {
    const struct vch_graph *graph;
    const struct vch_operator *operator_;
    const int64_t *inputs[VCH_GRAPH_OPERANDS_MAX]; // one sample
    const struct vch_shape *shapes[VCH_GRAPH_OPERANDS_MAX];
    const struct vch_shape *shape; // of the output
};

int64_t oracle_element(const void *data, enum vch_type type, size_t index)
{
    switch (type) {
    case VCH_TYPE_I8: return ((const int8_t *)data)[index];
    case VCH_TYPE_I16: return ((const int16_t *)data)[index];
    case VCH_TYPE_I32: return ((const int32_t *)data)[index];
    case VCH_TYPE_I64: return ((const int64_t *)data)[index];
    }
    test_fail(__FILE__, __LINE__, "type %d", (int)type);
}

static int64_t requantise_wide(wide acc, int64_t multiplier, uint32_t shift, int64_t lo, int64_t hi)
{
    wide divisor = (wide)1 << shift, dividend = acc * multiplier + divisor / 2;
    wide quotient = dividend / divisor; // towards zero
    if (dividend % divisor < 0) quotient--;
    if (quotient < lo) return lo;
    return quotient > hi ? hi : (int64_t)quotient;
}

int64_t oracle_requantise(int64_t acc, int64_t multiplier, uint32_t shift, int64_t lo, int64_t hi)
{
    return requantise_wide(acc, multiplier, shift, lo, hi);
}

static int64_t rescale(const struct oracle *o, wide acc, size_t channel)
{
    const struct vch_scaling *scaling = &o->operator_->scaling;
    size_t i = scaling->count == 1 ? 0 : channel;
    return requantise_wide(acc, scaling->multipliers[i], scaling->shifts[i], scaling->lo,
                           scaling->hi);
}

static int64_t parameter(const struct oracle *o, uint32_t which, size_t index)
{
    const struct vch_parameter *held = &o->graph->parameters[o->operator_->parameters[which]];
    return oracle_element(held->data, held->type, index);
}

static int64_t bias(const struct oracle *o, size_t channel)
{
    return o->operator_->parameter_count > 1 ? parameter(o, 1, channel) : 0;
}

// Positions along each axis, and back.
static void unravel(int64_t *at, size_t index, const struct vch_shape *shape)
{
    for (uint32_t axis = shape->rank; axis-- > 0;) {
        at[axis] = (int64_t)(index % shape->dims[axis]);
        index /= shape->dims[axis];
    }
}

static size_t ravel(const int64_t *at, const struct vch_shape *shape)
{
    size_t index = 0;
    for (uint32_t axis = 0; axis < shape->rank; axis++) {
        CHECK(at[axis] >= 0 && at[axis] < shape->dims[axis]);
        index = index * shape->dims[axis] + (size_t)at[axis];
    }
    return index;
}

// The element of operand `i` that stands at `at` of the output, stretched where it has size 1.
static int64_t stretched(const struct oracle *o, uint32_t i, const int64_t *at)
{
    const struct vch_shape *shape = o->shapes[i];
    int64_t own[VCH_RANK_MAX];

    for (uint32_t axis = 0; axis < shape->rank; axis++) {
        int64_t position = at[axis + o->shape->rank - shape->rank];
        own[axis] = shape->dims[axis] == 1 ? 0 : position;
    }
    return o->inputs[i][ravel(own, shape)];
}

static int64_t linear(const struct oracle *o, const int64_t *at)
{
    const struct vch_shape *x = o->shapes[0];
    size_t depth = x->dims[x->rank - 1];
    int64_t channel = at[o->shape->rank - 1], from[VCH_RANK_MAX];
    wide acc = bias(o, (size_t)channel);

    for (uint32_t axis = 0; axis + 1 < x->rank; axis++)
        from[axis] = at[axis];
    for (size_t k = 0; k < depth; k++) {
        from[x->rank - 1] = (int64_t)k;
        acc += (wide)o->inputs[0][ravel(from, x)] * parameter(o, 0, (size_t)channel * depth + k);
    }
    return rescale(o, acc, (size_t)channel);
}

struct tap {
    bool is_inside;
    size_t index; // within a channel
};

static struct tap tap_at(const struct oracle *o, const int64_t *place, uint32_t i, uint32_t k)
{
    const struct vch_window *w = &o->operator_->window;
    const uint32_t *dims = o->shapes[0]->dims + o->shapes[0]->rank - 2;
    int64_t y = place[0] * w->stride[0] + (int64_t)i * w->dilation[0] - w->pad_begin[0];
    int64_t x = place[1] * w->stride[1] + (int64_t)k * w->dilation[1] - w->pad_begin[1];

    if (y < 0 || x < 0 || y >= dims[0] || x >= dims[1]) return (struct tap){false, 0};
    return (struct tap){true, (size_t)y * dims[1] + (size_t)x};
}

static int64_t convolution(const struct oracle *o, const int64_t *at)
{
    const struct vch_window *w = &o->operator_->window;
    const uint32_t *dims = o->shapes[0]->dims + o->shapes[0]->rank - 3;
    const int64_t *place = at + o->shape->rank - 2;
    size_t channel = (size_t)at[o->shape->rank - 3], depth = dims[0] / w->groups;
    size_t group = channel / (o->shape->dims[o->shape->rank - 3] / w->groups), weight = 0;
    wide acc = bias(o, channel);

    weight = channel * depth * w->kernel[0] * w->kernel[1];
    for (size_t c = 0; c < depth; c++)
        for (uint32_t i = 0; i < w->kernel[0]; i++)
            for (uint32_t k = 0; k < w->kernel[1]; k++, weight++) {
                struct tap tap = tap_at(o, place, i, k);
                size_t plane = (group * depth + c) * dims[1] * dims[2];
                if (tap.is_inside)
                    acc += (wide)o->inputs[0][plane + tap.index] * parameter(o, 0, weight);
            }
    return rescale(o, acc, channel);
}

static int64_t matmul(const struct oracle *o, const int64_t *at)
{
    const struct vch_shape *a = o->shapes[0];
    uint32_t rank = o->shape->rank;
    int64_t from_a[VCH_RANK_MAX], from_b[VCH_RANK_MAX];
    wide acc = 0;

    for (uint32_t axis = 0; axis < rank; axis++)
        from_a[axis] = from_b[axis] = at[axis];
    for (uint32_t k = 0; k < a->dims[a->rank - 1]; k++) {
        from_a[rank - 1] = k;
        from_b[rank - 2] = k;
        acc += (wide)stretched(o, 0, from_a) * stretched(o, 1, from_b);
    }
    return rescale(o, acc, 0);
}

static int64_t add(const struct oracle *o, const int64_t *at)
{
    const struct vch_scaling *scaling = &o->operator_->scaling;
    wide acc = 0;

    for (uint32_t i = 0; i < o->operator_->input_count; i++)
        acc += (wide)scaling->multipliers[i] * stretched(o, i, at);
    return requantise_wide(acc, 1, scaling->shifts[0], scaling->lo, scaling->hi);
}

static int64_t pool(const struct oracle *o, const int64_t *at, bool is_max)
{
    const struct vch_window *w = &o->operator_->window;
    const uint32_t *dims = o->shapes[0]->dims + o->shapes[0]->rank - 3;
    size_t plane = (size_t)at[o->shape->rank - 3] * dims[1] * dims[2], count = 0;
    int64_t most = 0;
    wide sum = 0;

    for (uint32_t i = 0; i < w->kernel[0]; i++)
        for (uint32_t k = 0; k < w->kernel[1]; k++) {
            struct tap tap = tap_at(o, at + o->shape->rank - 2, i, k);
            if (!tap.is_inside) continue;
            int64_t value = o->inputs[0][plane + tap.index];
            if (count++ == 0 || value > most) most = value;
            sum += value;
        }
    CHECK(count > 0);
    return is_max ? most : rescale(o, sum, count - 1);
}

static int64_t concat(const struct oracle *o, const int64_t *at)
{
    uint32_t axis = o->operator_->axis, i = 0;
    int64_t own[VCH_RANK_MAX];

    for (uint32_t k = 0; k < o->shape->rank; k++)
        own[k] = at[k];
    while (own[axis] >= o->shapes[i]->dims[axis])
        own[axis] -= o->shapes[i++]->dims[axis];
    return o->inputs[i][ravel(own, o->shapes[i])];
}

static int64_t moved(const struct oracle *o, const int64_t *at)
{
    const struct vch_operator *operator_ = o->operator_;
    int64_t own[VCH_RANK_MAX] = {0};

    for (uint32_t axis = 0; axis < o->shape->rank; axis++) {
        if (operator_->kind == VCH_OPERATOR_TRANSPOSE) own[operator_->order[axis]] = at[axis];
        if (operator_->kind == VCH_OPERATOR_SLICE)
            own[axis] = operator_->begin[axis] + at[axis] * operator_->step[axis];
        if (operator_->kind != VCH_OPERATOR_PAD) continue;
        own[axis] = at[axis] - operator_->begin[axis];
        if (own[axis] < 0 || own[axis] >= o->shapes[0]->dims[axis]) return operator_->fill;
    }
    return o->inputs[0][ravel(own, o->shapes[0])];
}

static int64_t entry(const struct oracle *o, int64_t x)
{
    const struct vch_table *table = &o->graph->tables[o->operator_->table];
    return table->entries[x + (table->input == VCH_TYPE_I8 ? 128 : 32768)];
}

static int64_t exponential(const struct oracle *o, int64_t x, int64_t most)
{
    bool is_narrow = o->graph->tables[o->operator_->table].input == VCH_TYPE_I8;
    int64_t distance = most - x, reach = is_narrow ? 127 : 32767;
    return entry(o, distance > reach ? -reach : -distance);
}

static int64_t softmax(const struct oracle *o, size_t index)
{
    size_t size = o->shape->dims[o->shape->rank - 1], first = index / size * size;
    enum vch_type type = o->graph->values[o->operator_->output].type;
    int64_t quantum = type == VCH_TYPE_I8 ? 127 : 32767, most = o->inputs[0][first];
    wide sum = 0;

    for (size_t i = first; i < first + size; i++)
        if (o->inputs[0][i] > most) most = o->inputs[0][i];
    for (size_t i = first; i < first + size; i++)
        sum += exponential(o, o->inputs[0][i], most);
    return (int64_t)((exponential(o, o->inputs[0][index], most) * (wide)quantum * 2 + sum) /
                     (2 * sum));
}

// The largest r with r * r <= a, found by halving an interval.
static wide root(wide a)
{
    wide low = 0, high = (wide)1 << 32;

    while (high - low > 1) {
        wide middle = (low + high) / 2;
        if (middle * middle <= a)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int64_t normalise(const struct oracle *o, size_t index)
{
    const struct vch_norm *norm = &o->operator_->norm;
    size_t size = o->shape->dims[o->shape->rank - 1], first = index / size * size;
    int64_t most = vch_tensor_type_max(o->graph->values[o->operator_->output].type);
    wide spread = 0, distance = 0;

    for (size_t i = first; i < first + size; i++)
        for (size_t k = first; k < first + size; k++) { // twice what n * sum x^2 - S^2 is
            wide apart = o->inputs[0][i] - o->inputs[0][k];
            if (!norm->is_centred && i != k) continue;
            spread += norm->is_centred ? apart * apart
                                       : (wide)2 * (wide)size * o->inputs[0][i] * o->inputs[0][k];
        }
    for (size_t i = first; i < first + size; i++)
        distance += o->inputs[0][index] - (norm->is_centred ? o->inputs[0][i] : 0);
    wide r = root(spread / 2 * ((wide)1 << 2 * norm->root_shift) + norm->epsilon);
    wide dividend = 2 * distance * (wide)norm->factor + r, quotient = dividend / (2 * r);
    if (dividend % (2 * r) < 0) quotient--;
    return quotient < -most ? -most : quotient > most ? most : (int64_t)quotient;
}

static int64_t argmax(const struct oracle *o, const int64_t *at)
{
    const struct vch_shape *x = o->shapes[0];
    uint32_t axis = o->operator_->axis;
    int64_t own[VCH_RANK_MAX] = {0}, best = 0, most = 0;

    for (uint32_t i = 0; i < o->shape->rank; i++)
        own[i < axis ? i : i + 1] = at[i];
    for (uint32_t i = 0; i < x->dims[axis]; i++) {
        own[axis] = i;
        int64_t value = o->inputs[0][ravel(own, x)];
        if (i > 0 && value <= most) continue;
        most = value;
        best = i;
    }
    return best;
}

// From the magnitudes of dividend and divisor: quotient, then what the remainder adds.
static int64_t divide(const struct oracle *o, const int64_t *at)
{
    const struct vch_scaling *scaling = &o->operator_->scaling;
    wide n = (wide)stretched(o, 0, at) * scaling->multipliers[0] * ((wide)1 << scaling->shifts[0]);
    wide d = (wide)stretched(o, 1, at) * ((wide)1 << scaling->shifts[1]);
    bool is_negative = (n < 0) != (d < 0) && n != 0;
    wide size = n < 0 ? -n : n, by = d < 0 ? -d : d;

    if (by == 0)
        return n > 0 ? scaling->hi
                     : requantise_wide(n == 0 ? 0 : scaling->lo, 2, 1, scaling->lo, scaling->hi);
    wide whole = size / by, rest = size % by;
    if (o->operator_->rounding == VCH_ROUNDING_FLOOR) whole += is_negative && rest > 0;
    if (o->operator_->rounding == VCH_ROUNDING_NEAREST)
        whole += is_negative ? 2 * rest > by : 2 * rest >= by;
    return requantise_wide(is_negative ? -whole : whole, 2, 1, scaling->lo, scaling->hi);
}

static int64_t gather(const struct oracle *o, const int64_t *at)
{
    const struct vch_shape *x = o->shapes[0], *indices = o->shapes[1];
    uint32_t axis = o->operator_->axis;
    int64_t own[VCH_RANK_MAX] = {0};
    int64_t index = o->inputs[1][ravel(at + axis, indices)];

    for (uint32_t i = 0; i < x->rank; i++)
        own[i] = i < axis ? at[i] : at[i + indices->rank - 1 + (i == axis)];
    own[axis] = index < 0 ? 0 : index >= x->dims[axis] ? x->dims[axis] - 1 : index;
    return o->inputs[0][ravel(own, x)];
}

static int64_t trees(const struct oracle *o, size_t index)
{
    const struct vch_parameter *roots = &o->graph->parameters[o->operator_->parameters[1]];
    size_t targets = o->shape->dims[o->shape->rank - 1], row = index / targets;
    const int64_t *x = o->inputs[0] + row * o->shapes[0]->dims[o->shapes[0]->rank - 1];
    wide score = parameter(o, 3, index % targets);

    for (uint32_t i = 0; i < roots->shape.dims[0]; i++) {
        size_t node = (size_t)parameter(o, 1, i) * VCH_TREES_COLUMNS;
        while (parameter(o, 0, node + VCH_TREES_FEATURE) != -1) {
            int64_t key = x[parameter(o, 0, node + VCH_TREES_FEATURE)];
            bool goes_left = key <= parameter(o, 0, node + VCH_TREES_THRESHOLD);
            if (key == VCH_TREES_NAN && parameter(o, 0, node + VCH_TREES_NAN_LEFT) == 1)
                goes_left = true;
            node = (size_t)parameter(o, 0, node + (goes_left ? VCH_TREES_LEFT : VCH_TREES_RIGHT)) *
                   VCH_TREES_COLUMNS;
        }
        score += parameter(
            o, 2, (size_t)parameter(o, 0, node + VCH_TREES_LEFT) * targets + index % targets);
    }
    return (int64_t)score;
}

static int64_t compute(const struct oracle *o, size_t index)
{
    int64_t at[VCH_RANK_MAX];

    unravel(at, index, o->shape);
    switch (o->operator_->kind) {
    case VCH_OPERATOR_CONSTANT: return parameter(o, 0, index);
    case VCH_OPERATOR_LINEAR: return linear(o, at);
    case VCH_OPERATOR_CONVOLUTION: return convolution(o, at);
    case VCH_OPERATOR_MATMUL: return matmul(o, at);
    case VCH_OPERATOR_ADD: return add(o, at);
    case VCH_OPERATOR_MULTIPLY:
        return rescale(o, (wide)stretched(o, 0, at) * stretched(o, 1, at), 0);
    case VCH_OPERATOR_RESCALE: return rescale(o, o->inputs[0][index], 0);
    case VCH_OPERATOR_TABLE: return entry(o, o->inputs[0][index]);
    case VCH_OPERATOR_MAX_POOL: return pool(o, at, true);
    case VCH_OPERATOR_AVERAGE_POOL: return pool(o, at, false);
    case VCH_OPERATOR_CONCAT: return concat(o, at);
    case VCH_OPERATOR_RESHAPE: return o->inputs[0][index];
    case VCH_OPERATOR_TRANSPOSE:
    case VCH_OPERATOR_SLICE:
    case VCH_OPERATOR_PAD: return moved(o, at);
    case VCH_OPERATOR_SOFTMAX: return softmax(o, index);
    case VCH_OPERATOR_ARGMAX: return argmax(o, at);
    case VCH_OPERATOR_TREES: return trees(o, index);
    case VCH_OPERATOR_NORMALISE: return normalise(o, index);
    case VCH_OPERATOR_GATHER: return gather(o, at);
    case VCH_OPERATOR_DIVIDE: return divide(o, at);
    case VCH_OPERATOR_COUNT: break;
    }
    test_fail(__FILE__, __LINE__, "kind %d", (int)o->operator_->kind);
}

static void run_operator(const struct vch_graph *graph, const struct vch_operator *operator_,
                         int64_t **values, uint32_t batch)
{
    struct oracle o = {.graph = graph, .operator_ = operator_};

    o.shape = &graph->values[operator_->output].shape;
    size_t count = vch_tensor_shape_count(o.shape);
    for (uint32_t sample = 0; sample < batch; sample++) {
        for (uint32_t i = 0; i < operator_->input_count; i++) {
            o.shapes[i] = &graph->values[operator_->inputs[i]].shape;
            o.inputs[i] =
                values[operator_->inputs[i]] + sample * vch_tensor_shape_count(o.shapes[i]);
        }
        for (size_t index = 0; index < count; index++)
            values[operator_->output][sample * count + index] = compute(&o, index);
    }
}

int64_t **oracle_run(const struct vch_graph *graph, const struct vch_tensor *inputs, uint32_t batch,
                     struct vch_arena *arena)
{
    int64_t **values = VCH_ARENA_NEW(arena, int64_t *, graph->value_count);

    CHECK(values != NULL);
    for (uint32_t i = 0; i < graph->value_count; i++) {
        values[i] =
            VCH_ARENA_NEW(arena, int64_t, batch * vch_tensor_shape_count(&graph->values[i].shape));
        CHECK(values[i] != NULL);
    }
    for (uint32_t i = 0; i < graph->input_count; i++) {
        size_t count = batch * vch_tensor_shape_count(&inputs[i].shape);
        for (size_t k = 0; k < count; k++)
            values[graph->inputs[i].value][k] = oracle_element(inputs[i].data, inputs[i].type, k);
    }
    for (uint32_t p = 0; p < graph->operator_count; p++)
        run_operator(graph, &graph->operators[p], values, batch);
    return values;
}
