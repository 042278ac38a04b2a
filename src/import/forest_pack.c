#include <math.h>
#include <string.h>

#include "base/check.h"
#include "import/forest.h"
#include "model/trees.h"

// Room for scores below 2^58 and the rounding of up to 2^22 leaves, so that the bound is 2^59 at
// most: one bit of multiplier and the rounding bit then fit the 62 bits of an accumulator.
#define SCORE_BITS 58
#define EXPONENT_MAX 60
#define EXPONENT_AVERAGE 22 // float32(1 / n) * n * 2^22 is within half of 2^22, whatever n is

struct packing {
    const struct vch_forest *forest;
    struct vch_forest_packed *packed;
    uint32_t *order;   // packed index to node
    uint32_t *index;   // node to packed index, later leaf to row
    uint32_t *depth;   // per packed index
    double *values;    // (leaf, target) before rounding
    uint32_t *row_end; // per tree: its leaves end before this row
    struct vch_complaint *complaint;
};

// Breadth first, tree by tree: parents come before their children.
static vch_status order_nodes(const struct packing *at)
{
    const struct vch_forest *forest = at->forest;
    uint32_t end = 0;

    for (uint32_t tree = 0; tree < forest->tree_count; tree++) {
        uint32_t next = end;
        at->order[end++] = forest->roots[tree];
        for (; next < end; next++) {
            const struct vch_forest_node *node = &forest->nodes[at->order[next]];
            at->index[at->order[next]] = next;
            if (node->is_leaf) continue;
            at->depth[end] = at->depth[end + 1] = at->depth[next] + 1;
            at->order[end++] = node->left;
            at->order[end++] = node->right;
            if (at->depth[end - 1] > VCH_FOREST_DEPTH_MAX)
                return vch_complain(
                    at->complaint, VCH_CODE_LIMIT, "tree %lld, node %lld: deeper than %u branches",
                    (long long)node->tree, (long long)node->id, VCH_FOREST_DEPTH_MAX);
            if (at->depth[end - 1] > at->packed->depth_max)
                at->packed->depth_max = at->depth[end - 1];
        }
    }
    if (end == forest->node_count) return VCH_OK;
    return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                        "%u nodes of the trees cannot be reached from their root: the branches "
                        "form a cycle",
                        forest->node_count - end);
}

static void pack_nodes(const struct packing *at)
{
    const struct vch_forest *forest = at->forest;
    uint32_t leaf = 0, tree = 0;

    for (uint32_t i = 0; i < forest->node_count; i++) {
        const struct vch_forest_node *node = &forest->nodes[at->order[i]];
        int32_t *row = at->packed->nodes + (size_t)i * VCH_TREES_COLUMNS;
        if (node->parents == 0) {
            if (tree > 0) at->row_end[tree - 1] = leaf;
            at->packed->roots[tree++] = (int32_t)i;
        }
        row[VCH_TREES_FEATURE] = node->is_leaf ? -1 : node->feature;
        row[VCH_TREES_THRESHOLD] = node->is_leaf ? 0 : node->threshold;
        row[VCH_TREES_LEFT] = (int32_t)(node->is_leaf ? leaf++ : at->index[node->left]);
        row[VCH_TREES_RIGHT] = (int32_t)(node->is_leaf ? 0 : at->index[node->right]);
        row[VCH_TREES_NAN_LEFT] = !node->is_leaf && node->is_nan_left;
    }
    at->row_end[tree - 1] = leaf;
    VCH_ASSERT(leaf == at->packed->leaf_count && tree == at->packed->tree_count);
}

static void gather_values(const struct packing *at)
{
    const struct vch_forest *forest = at->forest;

    for (uint32_t i = 0; i < forest->weight_count; i++) {
        const struct vch_forest_weight *weight = &forest->weights[i];
        const int32_t *row =
            at->packed->nodes + (size_t)at->index[weight->node] * VCH_TREES_COLUMNS;
        size_t leaf = (size_t)row[VCH_TREES_LEFT];
        at->values[leaf * forest->target_count + weight->target] += weight->value;
    }
}

// The largest |score| that the leaves could add up to.
static double largest_score(const struct packing *at)
{
    uint32_t targets = at->forest->target_count;
    double largest = 0;

    for (uint32_t target = 0; target < targets; target++) {
        double sum = fabs(at->forest->base[target]);
        uint32_t row = 0;
        for (uint32_t tree = 0; tree < at->forest->tree_count; tree++) {
            double leaf = 0;
            for (; row < at->row_end[tree]; row++)
                leaf = fmax(leaf, fabs(at->values[(size_t)row * targets + target]));
            sum += leaf;
        }
        largest = fmax(largest, sum);
    }
    return largest;
}

// Ties of the scaled value go to even; without a divisor the scaling itself is exact.
static int64_t fix(const struct packing *at, double value, double *error)
{
    double scaled = ldexp(value * at->forest->divisor, at->packed->exponent);
    double whole = rint(scaled);

    *error = fmax(*error, fabs(scaled - whole) * at->packed->scale);
    return (int64_t)whole;
}

static void fix_values(const struct packing *at)
{
    struct vch_forest_packed *packed = at->packed;
    size_t count = (size_t)packed->leaf_count * packed->target_count;
    double leaf_error = 0, base_error = 0;

    for (size_t i = 0; i < count; i++)
        packed->leaves[i] = fix(at, at->values[i], &leaf_error);
    for (uint32_t i = 0; i < packed->target_count; i++)
        packed->base[i] = fix(at, at->forest->base[i], &base_error);
    if (at->forest->is_tie_second) packed->base[1]++;
    packed->error_max = leaf_error * packed->tree_count + base_error;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? (uint64_t)-value : (uint64_t)value;
}

// As largest_score, of the integers: the promise that the model makes and its holder checks.
static uint64_t largest_sum(const struct packing *at)
{
    const struct vch_forest_packed *packed = at->packed;
    uint64_t largest = 0;

    for (uint32_t target = 0; target < packed->target_count; target++) {
        uint64_t sum = magnitude(packed->base[target]);
        uint32_t row = 0;
        for (uint32_t tree = 0; tree < packed->tree_count; tree++) {
            uint64_t leaf = 0;
            for (; row < at->row_end[tree]; row++) {
                uint64_t value =
                    magnitude(packed->leaves[(size_t)row * packed->target_count + target]);
                leaf = value > leaf ? value : leaf;
            }
            sum += leaf;
        }
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

static vch_status allocate(struct packing *at, struct vch_arena *arena)
{
    const struct vch_forest *forest = at->forest;
    struct vch_forest_packed *packed = at->packed;
    size_t values = (size_t)packed->leaf_count * packed->target_count;

    if (values > VCH_FOREST_LEAF_VALUES_MAX)
        return vch_complain(at->complaint, VCH_CODE_LIMIT,
                            "%u leaves for %u classes or targets; at most %u values",
                            packed->leaf_count, packed->target_count, VCH_FOREST_LEAF_VALUES_MAX);
    packed->nodes = VCH_ARENA_NEW(arena, int32_t, (size_t)forest->node_count * VCH_TREES_COLUMNS);
    packed->roots = VCH_ARENA_NEW(arena, int32_t, forest->tree_count);
    packed->leaves = VCH_ARENA_NEW(arena, int64_t, values);
    packed->base = VCH_ARENA_NEW(arena, int64_t, packed->target_count);
    at->order = VCH_ARENA_NEW(arena, uint32_t, forest->node_count);
    at->index = VCH_ARENA_NEW(arena, uint32_t, forest->node_count);
    at->depth = VCH_ARENA_NEW(arena, uint32_t, (size_t)forest->node_count + 2);
    at->row_end = VCH_ARENA_NEW(arena, uint32_t, forest->tree_count);
    at->values = VCH_ARENA_NEW(arena, double, values);
    if (packed->nodes == NULL || packed->roots == NULL || packed->leaves == NULL ||
        packed->base == NULL || at->order == NULL || at->index == NULL || at->depth == NULL ||
        at->row_end == NULL || at->values == NULL)
        return vch_complain(at->complaint, VCH_CODE_NO_MEMORY, "no memory for %u tree nodes",
                            forest->node_count);
    return VCH_OK;
}

vch_status vch_forest_pack(struct vch_forest_packed *out, const struct vch_forest *forest,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct packing at = {.forest = forest, .packed = out, .complaint = complaint};

    *out = (struct vch_forest_packed){.node_count = forest->node_count,
                                      .tree_count = forest->tree_count,
                                      .target_count = forest->target_count};
    for (uint32_t i = 0; i < forest->node_count; i++)
        out->leaf_count += forest->nodes[i].is_leaf;
    VCH_TRY(allocate(&at, arena));
    VCH_TRY(order_nodes(&at));
    pack_nodes(&at);
    gather_values(&at);

    double largest = largest_score(&at);
    if (largest > 0) (void)frexp(largest * (1 + 0x1p-20), &out->range);
    out->exponent = SCORE_BITS - out->range;
    if (out->exponent > EXPONENT_MAX) out->exponent = EXPONENT_MAX;
    if (forest->divisor > 1) out->exponent = EXPONENT_AVERAGE;
    out->scale = ldexp(1.0 / forest->divisor, -out->exponent);
    fix_values(&at);
    uint64_t sum = largest_sum(&at);
    for (out->bound = 1; out->bound < sum;)
        out->bound *= 2;
    VCH_ASSERT(out->bound <= (uint64_t)1 << (SCORE_BITS + 1));
    return VCH_OK;
}
