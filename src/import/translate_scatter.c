// Operators that put elements into a tensor: picks from the tensor and the updates side by side
// where the places are constant, products with rows of zeros and ones where they are computed.
#include <math.h>
#include <string.h>

#include "import/translate_pick.h"

#define ROUNDS_MAX 64u // updates of one element that are computed one after another

struct scatter {
    uint32_t x, updates;
    struct vch_network_shape shape; // of x, and of the result
    size_t count, update_count;
    int64_t *places; // of each update, in x
    const char *reduction;
};

// Elements of x and of the updates, flat, one after the other.
static vch_status side_by_side(struct vch_translate *at, uint32_t x, uint32_t updates,
                               uint32_t *output)
{
    uint32_t parts[2] = {VCH_NONE, VCH_NONE};

    VCH_TRY(vch_translate_pick_flatten(at, x, &parts[0]));
    VCH_TRY(vch_translate_pick_flatten(at, updates, &parts[1]));
    return vch_translate_pick_join(at, parts, 2, 0, output);
}

// The updates of one round: each element is itself, or its update of this round. *left says how
// many updates wait for later rounds; `is_done` marks those that do not.
static void plan_round(int64_t *positions, const struct scatter *s, bool *is_done, size_t *left)
{
    for (size_t i = 0; i < s->count; i++)
        positions[i] = (int64_t)i;
    *left = 0;
    for (size_t i = 0; i < s->update_count; i++) {
        if (is_done[i]) continue;
        bool is_free = positions[s->places[i]] < (int64_t)s->count;
        *left += !is_free;
        if (!is_free) continue;
        positions[s->places[i]] = (int64_t)(s->count + i);
        is_done[i] = true;
    }
}

static vch_status combine(struct vch_translate *at, enum vch_layer_kind kind, uint32_t a,
                          uint32_t b, double sign, double lo, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(kind, at->node.name, (uint32_t[]){a, b}, 2);
    const struct vch_network_shape shape = *vch_translate_shape_of(at, a);

    layer.coefficients[1] = sign;
    layer.lo = lo;
    return vch_translate_emit(at, &layer, &shape, output);
}

// max(a, b) = b + max(a - b, 0), min(a, b) = a - max(a - b, 0).
static vch_status extreme(struct vch_translate *at, uint32_t a, uint32_t b, bool is_max,
                          uint32_t *output)
{
    uint32_t excess = VCH_NONE;

    VCH_TRY(combine(at, VCH_LAYER_ADD, a, b, -1, 0, &excess));
    return combine(at, VCH_LAYER_ADD, is_max ? b : a, excess, is_max ? 1 : -1, -INFINITY, output);
}

// Elements without an update get what changes nothing: 0 to add, 1 to multiply with, themselves.
static vch_status reduce_round(struct vch_translate *at, const struct scatter *s, uint32_t before,
                               int64_t *positions, uint32_t *output)
{
    bool is_add = strcmp(s->reduction, "add") == 0, is_mul = strcmp(s->reduction, "mul") == 0;
    const struct vch_network_shape one = {.rank = 1, .dims = {1}};
    uint32_t parts[2] = {VCH_NONE, VCH_NONE}, joined = VCH_NONE, update = VCH_NONE;

    if (!is_add && !is_mul) {
        VCH_TRY(side_by_side(at, before, s->updates, &joined));
        VCH_TRY(vch_translate_pick_flat(at, joined, positions, &s->shape, &update));
        return extreme(at, before, update, strcmp(s->reduction, "max") == 0, output);
    }
    VCH_TRY(vch_translate_pick_flatten(at, s->updates, &parts[0]));
    VCH_TRY(vch_translate_pick_filled(at, &one, at->network->values[s->updates].type, is_mul,
                                      &parts[1]));
    VCH_TRY(vch_translate_pick_join(at, parts, 2, 0, &joined));
    for (size_t i = 0; i < s->count; i++)
        positions[i] = positions[i] >= (int64_t)s->count ? positions[i] - (int64_t)s->count
                                                         : (int64_t)s->update_count;
    VCH_TRY(vch_translate_pick_flat(at, joined, positions, &s->shape, &update));
    return combine(at, is_add ? VCH_LAYER_ADD : VCH_LAYER_MULTIPLY, before, update, 1, -INFINITY,
                   output);
}

// Without a reduction the last update of an element stays.
static vch_status replace_all(struct vch_translate *at, const struct scatter *s, int64_t *positions)
{
    uint32_t joined = VCH_NONE, output = at->node.outputs[0];

    for (size_t i = 0; i < s->count; i++)
        positions[i] = (int64_t)i;
    for (size_t i = 0; i < s->update_count; i++)
        positions[s->places[i]] = (int64_t)(s->count + i);
    VCH_TRY(side_by_side(at, s->x, s->updates, &joined));
    return vch_translate_pick_flat(at, joined, positions, &s->shape, &output);
}

static vch_status scatter(struct vch_translate *at, const struct scatter *s)
{
    static const char *const known[] = {"add", "mul", "max", "min"};
    int64_t *positions = VCH_ARENA_NEW(at->network->arena, int64_t, s->count);
    bool *is_done = VCH_ARENA_NEW(at->network->arena, bool, s->update_count), is_known = false;
    uint32_t value = s->x, next = VCH_NONE, rounds = 0;

    if (positions == NULL || is_done == NULL) return VCH_FAIL(NO_MEMORY);
    if (strcmp(s->reduction, "none") == 0) return replace_all(at, s, positions);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        is_known = is_known || strcmp(s->reduction, known[i]) == 0;
    if (!is_known)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a reduction by '%.20s'",
                                    s->reduction);
    for (size_t left = 1; left > 0; value = next, next = VCH_NONE) {
        if (++rounds > ROUNDS_MAX)
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                        "an element is updated more than %u times", ROUNDS_MAX);
        plan_round(positions, s, is_done, &left);
        VCH_TRY(reduce_round(at, s, value, positions, &next));
    }
    return vch_translate_rename(at, 0, value);
}

static vch_status read_scatter(struct scatter *s, const struct vch_translate *at, uint32_t *indices)
{
    VCH_TRY(vch_translate_operand(&s->x, at, 0));
    VCH_TRY(vch_translate_operand(indices, at, 1));
    VCH_TRY(vch_translate_operand(&s->updates, at, 2));
    VCH_TRY(vch_network_text(&s->reduction, &at->node, "reduction", "none", at->complaint));
    s->shape = *vch_translate_shape_of(at, s->x);
    s->count = vch_network_count(&s->shape);
    s->update_count = vch_network_count(vch_translate_shape_of(at, s->updates));
    s->places = VCH_ARENA_NEW(at->network->arena, int64_t, s->update_count);
    return s->places == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status last_axis(struct vch_translate *at, uint32_t x, uint32_t axis, uint32_t *output)
{
    uint32_t rank = vch_translate_shape_of(at, x)->rank, order[VCH_NETWORK_RANK_MAX];

    for (uint32_t i = 0; i < rank; i++)
        order[i] = i == axis ? rank - 1 : i == rank - 1 ? axis : i;
    return vch_translate_transpose_to(at, x, order, output);
}

static vch_status product(struct vch_translate *at, uint32_t a, uint32_t b,
                          const struct vch_network_shape *shape, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_MATMUL, at->node.name, (uint32_t[]){a, b}, 2);
    uint32_t rows = VCH_NONE;
    struct vch_network_shape row = *vch_translate_shape_of(at, b);

    row.dims[row.rank - 2] = 1;
    VCH_TRY(vch_translate_emit(at, &layer, &row, &rows));
    return vch_translate_reshape_to(at, rows, shape, output);
}

// Each index becomes a row of zeros with a 1 at its place: (..., k, n). Times the updates they add
// up to what is new, times ones to where it goes; distinct indices are ONNX's own demand.
static vch_status scatter_computed(struct vch_translate *at, const struct scatter *s,
                                   uint32_t indices, uint32_t axis)
{
    uint32_t x = VCH_NONE, list = VCH_NONE, updates = VCH_NONE, unit = VCH_NONE, hot = VCH_NONE;
    uint32_t ones = VCH_NONE, row = VCH_NONE, added = VCH_NONE, mask = VCH_NONE, old = VCH_NONE;
    uint32_t kept = VCH_NONE, sum = VCH_NONE, output = at->node.outputs[0];
    bool is_add = strcmp(s->reduction, "add") == 0;

    VCH_TRY(last_axis(at, s->x, axis, &x));
    VCH_TRY(last_axis(at, indices, axis, &list));
    VCH_TRY(last_axis(at, s->updates, axis, &updates));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    struct vch_network_shape rows = *vch_translate_shape_of(at, list);
    uint32_t n = shape.dims[shape.rank - 1], k = rows.dims[rows.rank - 1];
    const struct vch_network_shape square = {.rank = 2, .dims = {n, n}};
    const struct vch_network_shape one_row = {.rank = 2, .dims = {1, k}};
    rows.dims[rows.rank - 1] = 1;
    rows.dims[rows.rank++] = k;
    enum vch_network_type type = at->network->values[s->x].type;
    VCH_TRY(vch_translate_pick_filled(at, &square, type, 0, &unit));
    for (size_t i = 0; i < n; i++)
        vch_translate_pick_set(at->network->values[unit].constant, i * n + i, 1);
    VCH_TRY(vch_translate_pick_by(at, unit, list, 0, &hot));
    VCH_TRY(vch_translate_reshape_to(at, updates, &rows, &row));
    VCH_TRY(product(at, row, hot, &shape, &added));
    if (is_add) {
        VCH_TRY(combine(at, VCH_LAYER_ADD, x, added, 1, -INFINITY, &sum));
        return last_axis(at, sum, axis, &output);
    }
    VCH_TRY(vch_translate_pick_filled(at, &one_row, type, 1, &ones));
    VCH_TRY(product(at, ones, hot, &shape, &mask));
    VCH_TRY(combine(at, VCH_LAYER_MULTIPLY, x, mask, 1, -INFINITY, &old));
    VCH_TRY(combine(at, VCH_LAYER_ADD, x, old, -1, -INFINITY, &kept));
    VCH_TRY(combine(at, VCH_LAYER_ADD, kept, added, 1, -INFINITY, &sum));
    return last_axis(at, sum, axis, &output);
}

static vch_status check_computed(const struct vch_translate *at, const struct scatter *s,
                                 const struct vch_network_shape *picks, uint32_t axis)
{
    bool fits = strcmp(s->reduction, "none") == 0 || strcmp(s->reduction, "add") == 0;

    for (uint32_t i = 0; i < picks->rank; i++)
        fits = fits && (i == axis || picks->dims[i] == s->shape.dims[i]);
    if (fits) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                "computed indices over part of the other axes, or with a reduction "
                                "by '%.20s'",
                                s->reduction);
}

vch_status vch_translate_scatter_elements(struct vch_translate *at)
{
    struct scatter s = {0};
    uint32_t operand = 0, axis = 0;
    int64_t wanted = 0;
    const int64_t *indices = NULL;

    VCH_TRY(read_scatter(&s, at, &operand));
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", 0, at->complaint));
    VCH_TRY(vch_translate_axis(&axis, at, wanted, s.shape.rank));
    const struct vch_network_value *value = &at->network->values[operand];
    const struct vch_network_shape picks = value->shape;
    bool fits = picks.rank == s.shape.rank &&
                vch_network_same_shape(&picks, vch_translate_shape_of(at, s.updates));
    for (uint32_t i = 0; fits && i < picks.rank; i++)
        fits = i == axis || picks.dims[i] <= s.shape.dims[i];
    if (!fits)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its operands' shapes do not fit");
    if (value->constant == NULL) {
        VCH_TRY(check_computed(at, &s, &picks, axis));
        return scatter_computed(at, &s, operand, axis);
    }
    VCH_TRY(vch_translate_pick_indices(&indices, at, value->constant, s.shape.dims[axis]));
    for (size_t i = 0; i < s.update_count; i++) {
        size_t rest = i, stride = 1;
        for (uint32_t own = picks.rank; own-- > 0;) {
            size_t place = own == axis ? (size_t)indices[i] : rest % picks.dims[own];
            s.places[i] += (int64_t)(place * stride);
            rest /= picks.dims[own];
            stride *= s.shape.dims[own];
        }
    }
    return scatter(at, &s);
}

// indices (..., k) name slices of x by their first k axes.
static vch_status place_slices(struct scatter *s, const struct vch_translate *at,
                               const struct vch_network_tensor *indices)
{
    const struct vch_network_shape *shape = &indices->shape;
    size_t depth = shape->rank == 0 ? 0 : shape->dims[shape->rank - 1], inner = 1;

    for (uint32_t i = (uint32_t)depth; depth <= s->shape.rank && i < s->shape.rank; i++)
        inner *= s->shape.dims[i];
    if (depth == 0 || depth > s->shape.rank || indices->count / depth * inner != s->update_count)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its operands' shapes do not fit");
    for (size_t i = 0; i < indices->count / depth; i++) {
        int64_t place = 0;
        for (size_t k = 0; k < depth; k++) {
            int64_t index = indices->integers[i * depth + k], size = s->shape.dims[k];
            if (index < -size || index >= size)
                return vch_translate_refuse(at, VCH_CODE_MALFORMED, "index %lld of %lld",
                                            (long long)index, (long long)size);
            place = place * size + (index < 0 ? index + size : index);
        }
        for (size_t j = 0; j < inner; j++)
            s->places[i * inner + j] = place * (int64_t)inner + (int64_t)j;
    }
    return VCH_OK;
}

vch_status vch_translate_scatter_nd(struct vch_translate *at)
{
    struct scatter s = {0};
    uint32_t operand = 0;

    VCH_TRY(read_scatter(&s, at, &operand));
    const struct vch_network_tensor *indices = at->network->values[operand].constant;
    if (indices == NULL || indices->type != VCH_NETWORK_INTEGER)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its indices must be constant");
    VCH_TRY(place_slices(&s, at, indices));
    return scatter(at, &s);
}
