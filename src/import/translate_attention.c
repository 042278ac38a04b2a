// Attention as one operator: heads, past keys and values, grouped queries, softcap, masks.
//
//     q (B, H, L, d), k (B, G, T, d), v (B, G, T, e)      G heads of keys serve H of queries
//     scores (B, H, L, T) = softcap(scale * q * k^T) + masks        y = softmax(scores) * v
//
// Queries that share keys are rows of one product: (B, G, H / G * L, d) times (B, G, d, T).
#include <math.h>
#include <string.h>

#include "import/translate_build.h"

enum operand { OPERAND_Q, OPERAND_K, OPERAND_V, OPERAND_MASK, OPERAND_PAST, OPERAND_LENGTHS = 6 };

struct attention {
    bool is_flat; // operands are (B, L, H * d)
    uint32_t values[3];
    uint32_t batch, heads, groups, queries, keys, past, width, width_out;
    double scale, softcap; // no softcap: 0
    bool is_causal;
    int64_t shown;          // qk_matmul_output_mode
    const int64_t *lengths; // keys that count, per sample of the batch; NULL where all do
};

static const struct vch_network_shape *shape_of(const struct vch_translate *at, uint32_t value)
{
    return vch_translate_shape_of(at, value);
}

// (B, L, heads * d) as (B, heads, L, d).
static vch_status split_heads(struct vch_translate *at, int64_t heads, uint32_t *value)
{
    static const uint32_t order[] = {0, 2, 1, 3};
    const struct vch_network_shape flat = *shape_of(at, *value);
    uint32_t split = VCH_NONE, moved = VCH_NONE;

    if (heads < 1 || heads > flat.dims[2] || flat.dims[2] % heads != 0)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%lld heads of %u numbers",
                                    (long long)heads, flat.dims[2]);
    uint32_t count = (uint32_t)heads;
    const struct vch_network_shape shape = {
        .rank = 4, .dims = {flat.dims[0], flat.dims[1], count, flat.dims[2] / count}};
    VCH_TRY(vch_translate_reshape_to(at, *value, &shape, &split));
    VCH_TRY(vch_translate_transpose_to(at, split, order, &moved));
    *value = moved;
    return VCH_OK;
}

static vch_status read_operands(struct attention *a, struct vch_translate *at)
{
    int64_t heads[3] = {0};

    VCH_TRY(vch_network_integer(&heads[0], &at->node, "q_num_heads", 0, at->complaint));
    VCH_TRY(vch_network_integer(&heads[1], &at->node, "kv_num_heads", 0, at->complaint));
    heads[2] = heads[1];
    for (uint32_t i = 0; i < 3; i++) {
        VCH_TRY(vch_translate_operand(&a->values[i], at, i));
        uint32_t rank = shape_of(at, a->values[i])->rank;
        if (i == 0) a->is_flat = rank == 3;
        if (rank != (a->is_flat ? 3u : 4u))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "its operands must all have 3 dimensions, or all 4");
        if (a->is_flat) VCH_TRY(split_heads(at, heads[i], &a->values[i]));
    }
    return VCH_OK;
}

static bool is_shown(const struct vch_translate *at, uint32_t i)
{
    return i < at->node.output_count && at->node.outputs[i] != VCH_NONE;
}

// Keys and values of before, in front of those of now; both together are outputs as well.
static vch_status join_past(struct attention *a, struct vch_translate *at)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t parts[] = {VCH_NONE, a->values[1 + i]}, joined = VCH_NONE;
        if (vch_translate_has(at, OPERAND_PAST + i)) {
            parts[0] = at->node.inputs[OPERAND_PAST + i];
            struct vch_network_shape past = *shape_of(at, parts[0]);
            const struct vch_network_shape *now = shape_of(at, parts[1]);
            a->past = past.rank == 4 ? past.dims[2] : 0;
            past.dims[2] = now->dims[2];
            if (!vch_network_same_shape(&past, now))
                return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                            "its past does not fit what it continues");
            VCH_TRY(vch_translate_build_concat(at, parts, 2, 2, &joined));
            a->values[1 + i] = joined;
        }
        if (!is_shown(at, 1 + i)) continue;
        const struct vch_network_shape shape = *shape_of(at, a->values[1 + i]);
        uint32_t output = at->node.outputs[1 + i];
        VCH_TRY(vch_translate_reshape_to(at, a->values[1 + i], &shape, &output));
    }
    return VCH_OK;
}

static vch_status check_shapes(struct attention *a, const struct vch_translate *at)
{
    const struct vch_network_shape *q = shape_of(at, a->values[0]), *k = shape_of(at, a->values[1]);
    const struct vch_network_shape *v = shape_of(at, a->values[2]);

    a->batch = q->dims[0];
    a->heads = q->dims[1];
    a->queries = q->dims[2];
    a->width = q->dims[3];
    a->groups = k->dims[1];
    a->keys = k->dims[2];
    a->width_out = v->dims[3];
    bool is_one_batch = k->dims[0] == a->batch && v->dims[0] == a->batch;
    bool is_fitting = k->dims[3] == a->width && v->dims[1] == a->groups && v->dims[2] == a->keys;
    bool is_grouped = a->groups > 0 && a->heads % a->groups == 0; // keys may be an empty constant
    if (is_one_batch && is_fitting && is_grouped) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                "queries of %u heads of %u numbers do not fit %u keys of %u heads "
                                "of %u numbers",
                                a->heads, a->width, a->keys, a->groups, k->dims[3]);
}

static vch_status read_lengths(struct attention *a, const struct vch_translate *at)
{
    const struct vch_network_tensor *lengths = NULL;

    if (!vch_translate_has(at, OPERAND_LENGTHS)) return VCH_OK;
    lengths = vch_network_constant(at->network, &at->node, OPERAND_LENGTHS);
    if (lengths == NULL || lengths->integers == NULL || lengths->count != a->batch)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "its nonpad_kv_seqlen must be %u constants", a->batch);
    a->lengths = lengths->integers;
    for (uint32_t b = 0; b < a->batch; b++)
        if (a->lengths[b] < 0 || a->lengths[b] > a->keys)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%lld of %u keys count",
                                        (long long)a->lengths[b], a->keys);
    return VCH_OK;
}

static vch_status read_attributes(struct attention *a, const struct vch_translate *at)
{
    float scale = 0, softcap = 0;
    int64_t causal = 0;

    VCH_TRY(vch_network_real(&scale, &at->node, "scale", 0, at->complaint));
    VCH_TRY(vch_network_real(&softcap, &at->node, "softcap", 0, at->complaint));
    VCH_TRY(vch_network_integer(&causal, &at->node, "is_causal", 0, at->complaint));
    VCH_TRY(vch_network_integer(&a->shown, &at->node, "qk_matmul_output_mode", 0, at->complaint));
    for (int i = 0; i < 2; i++) {
        static const char *const names[] = {"left_window_size", "right_window_size"};
        int64_t size = -1;
        VCH_TRY(vch_network_integer(&size, &at->node, names[i], -1, at->complaint));
        if (size >= 0)
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a sliding window (%s)",
                                        names[i]);
    }
    bool has_scale = vch_network_find(&at->node, "scale") != NULL;
    a->scale = has_scale ? (double)scale : 1 / sqrt(a->width);
    a->softcap = fmax(0, (double)softcap);
    a->is_causal = causal != 0;
    return VCH_OK;
}

// Queries as rows of their group, and back.
static vch_status group(const struct attention *a, struct vch_translate *at, uint32_t value,
                        bool is_back, uint32_t *output)
{
    const struct vch_network_shape *from = shape_of(at, value);
    struct vch_network_shape shape = {
        .rank = 4, .dims = {a->batch, a->groups, a->heads / a->groups * a->queries, from->dims[3]}};

    if (is_back) {
        shape.dims[1] = a->heads;
        shape.dims[2] = a->queries;
    }
    return vch_translate_reshape_to(at, value, &shape, output);
}

// The output for those who want to see inside, where it is the one of this stage.
static vch_status show(const struct attention *a, struct vch_translate *at, int64_t stage,
                       uint32_t value)
{
    const struct vch_network_shape shape = *shape_of(at, value);
    uint32_t output = 0;

    if (a->shown != stage || !is_shown(at, 3)) return VCH_OK;
    output = at->node.outputs[3];
    return vch_translate_reshape_to(at, value, &shape, &output);
}

static vch_status score(const struct attention *a, struct vch_translate *at, uint32_t *output)
{
    static const uint32_t order[] = {0, 1, 3, 2};
    uint32_t rows = VCH_NONE, turned = VCH_NONE, product = VCH_NONE, scaled = VCH_NONE;
    uint32_t scores = VCH_NONE, capped = VCH_NONE;

    VCH_TRY(group(a, at, a->values[0], false, &rows));
    VCH_TRY(vch_translate_transpose_to(at, a->values[1], order, &turned));
    VCH_TRY(vch_translate_build_matmul(at, rows, turned, &product));
    VCH_TRY(vch_translate_build_scaled(at, product, a->scale, 0, &scaled));
    VCH_TRY(group(a, at, scaled, true, &scores));
    VCH_TRY(show(a, at, 0, scores));
    if (a->softcap > 0) {
        VCH_TRY(vch_translate_build_function(at, scores, VCH_LAYER_SCALED_TANH, a->softcap,
                                             1 / a->softcap, &capped));
        scores = capped;
    }
    *output = scores;
    return show(a, at, 1, scores);
}

// Whether query `i` of sample `b` may not look at key `j`, whatever the mask operand says.
static bool is_hidden(const struct attention *a, uint32_t b, uint32_t i, uint32_t j,
                      uint32_t masked)
{
    int64_t ahead = a->lengths == NULL ? a->past : a->lengths[b] - a->queries;

    if (j >= masked || (a->lengths != NULL && j >= a->lengths[b])) return true;
    return a->is_causal && j > i + ahead;
}

// What is hidden as a constant (L, T), or (B, 1, L, T) where samples differ; VCH_NONE where nothing
// is. Keys from `masked` on have no mask and are hidden.
static vch_status hide(const struct attention *a, struct vch_translate *at, uint32_t masked,
                       uint32_t *output)
{
    uint32_t samples = a->lengths == NULL ? 1 : a->batch;
    struct vch_network_shape shape = {.rank = 4, .dims = {samples, 1, a->queries, a->keys}};
    bool is_any = false;

    VCH_TRY(vch_translate_grow(at, &shape, 0));
    double *list = VCH_ARENA_NEW(at->network->arena, double, vch_network_count(&shape));
    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t b = 0; b < samples; b++)
        for (uint32_t i = 0; i < a->queries; i++)
            for (uint32_t j = 0; j < a->keys; j++) {
                bool hidden = is_hidden(a, b, i, j, masked);
                list[((size_t)b * a->queries + i) * a->keys + j] =
                    hidden ? -VCH_TRANSLATE_INFINITE : 0;
                is_any = is_any || hidden;
            }
    *output = VCH_NONE;
    return is_any ? vch_translate_build_constant(at, list, &shape, output) : VCH_OK;
}

// The mask operand as numbers to add, as wide as there are keys.
static vch_status widen_mask(const struct attention *a, struct vch_translate *at, uint32_t *value)
{
    const struct vch_network_value mask = at->network->values[*value];
    uint32_t last = mask.shape.rank - 1, open = VCH_NONE, real = VCH_NONE, padded = VCH_NONE;

    if (mask.type == VCH_NETWORK_INTEGER) {
        VCH_TRY(vch_translate_build_not(at, *value, &open));
        VCH_TRY(vch_translate_build_real(at, open, &real));
        *value = VCH_NONE;
        VCH_TRY(vch_translate_build_scaled(at, real, -VCH_TRANSLATE_INFINITE, 0, value));
    }
    if (mask.shape.dims[last] >= a->keys) return VCH_OK;
    struct vch_layer pad = vch_layers_new(VCH_LAYER_PAD, at->node.name, value, 1);
    struct vch_network_shape shape = mask.shape;
    pad.end[last] = (int64_t)a->keys - shape.dims[last];
    shape.dims[last] = a->keys;
    VCH_TRY(vch_translate_emit(at, &pad, &shape, &padded));
    *value = padded;
    return VCH_OK;
}

static vch_status add(struct vch_translate *at, uint32_t *scores, uint32_t mask)
{
    const struct vch_network_shape shape = *shape_of(at, *scores);
    struct vch_network_shape wide = {0};
    uint32_t sum = VCH_NONE;

    if (mask == VCH_NONE) return VCH_OK;
    VCH_TRY(vch_translate_broadcast(&wide, at, &shape, shape_of(at, mask)));
    if (!vch_network_same_shape(&wide, &shape))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its mask does not fit its scores");
    VCH_TRY(vch_translate_build_sum(at, *scores, mask, 1, &sum));
    *scores = sum;
    return VCH_OK;
}

static vch_status mask(const struct attention *a, struct vch_translate *at, uint32_t *scores)
{
    uint32_t masked = a->keys, given = VCH_NONE, hidden = VCH_NONE;

    if (vch_translate_has(at, OPERAND_MASK)) {
        given = at->node.inputs[OPERAND_MASK];
        const struct vch_network_shape *shape = shape_of(at, given);
        uint32_t last = shape->rank == 0 ? 1 : shape->dims[shape->rank - 1];
        if (shape->rank == 0)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its mask has no dimension");
        if (last > 1 && last < masked) masked = last;
        if (last > 1) VCH_TRY(widen_mask(a, at, &given));
    }
    VCH_TRY(hide(a, at, masked, &hidden));
    VCH_TRY(add(at, scores, given));
    VCH_TRY(add(at, scores, hidden));
    return show(a, at, 2, *scores);
}

static vch_status finish(const struct attention *a, struct vch_translate *at, uint32_t weights)
{
    static const uint32_t order[] = {0, 2, 1, 3};
    const struct vch_network_shape flat = {.rank = 3,
                                           .dims = {a->batch, a->queries, a->heads * a->width_out}};
    uint32_t rows = VCH_NONE, product = VCH_NONE, each = VCH_NONE, moved = VCH_NONE;
    uint32_t output = at->node.outputs[0];

    VCH_TRY(group(a, at, weights, false, &rows));
    VCH_TRY(vch_translate_build_matmul(at, rows, a->values[2], &product));
    if (!a->is_flat) return group(a, at, product, true, &output);
    VCH_TRY(group(a, at, product, true, &each));
    VCH_TRY(vch_translate_transpose_to(at, each, order, &moved));
    return vch_translate_reshape_to(at, moved, &flat, &output);
}

vch_status vch_translate_attention(struct vch_translate *at)
{
    struct attention a = {.is_flat = false};
    uint32_t scores = VCH_NONE, weights = VCH_NONE;

    VCH_TRY(read_operands(&a, at));
    VCH_TRY(join_past(&a, at));
    VCH_TRY(check_shapes(&a, at));
    VCH_TRY(read_lengths(&a, at));
    VCH_TRY(read_attributes(&a, at));
    VCH_TRY(score(&a, at, &scores));
    VCH_TRY(mask(&a, at, &scores));
    VCH_TRY(vch_translate_build_softmax(at, scores, &weights));
    VCH_TRY(show(&a, at, 3, weights));
    return finish(&a, at, weights);
}
