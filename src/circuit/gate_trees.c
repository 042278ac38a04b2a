// TREES: walks to leaves, whose scores are added up.
#include "circuit/gate_trees.h"

#include "circuit/gadgets.h"

enum { PACK = 5 }; // targets in one row of a table of leaves

#define WRAP_FREE ((uint64_t)1 << 63)

// Targets `first` and after of the leaf that each walk reached.
static void relate_leaves(const struct vch_gate_trees *t, struct vch_cells leaf,
                          struct vch_view scores, uint32_t first)
{
    struct vch_builder *b = t->builder;
    const struct vch_view leaves = vch_gate_parameter(t->gate, 2);
    const uint32_t width = t->targets - first < PACK ? t->targets - first : PACK;
    const struct vch_grid grid = {vch_column_rows(b, leaves.count / t->targets), 1};
    struct vch_expression rows[1 + PACK], entries[1 + PACK];

    rows[0] = vch_terms_cells(b, vch_column_count(b, grid.rows, 1, grid.rows));
    entries[0] = vch_terms_cells(b, leaf);
    for (uint32_t v = 0; v < width; v++) {
        rows[1 + v] =
            vch_terms_cells(b, vch_column_of(b, leaves, first + v, t->targets, grid.rows));
        entries[1 + v] =
            vch_terms_cells(b, vch_column_of(b, scores, first + v, t->targets, t->walks));
    }
    const uint32_t table = vch_builder_committed(b, grid, rows, 1 + width);
    vch_builder_lookup(b, (struct vch_grid){t->walks, 1}, table, entries, 1 + width);
}

// The element of the leaves that each score is.
static void hint_scores(const struct vch_gate_trees *t, struct vch_cells leaf,
                        struct vch_view scores)
{
    struct vch_builder *b = t->builder;
    const struct vch_view leaves = vch_gate_parameter(t->gate, 2);
    uint64_t *targets = vch_builder_scalars(b, t->targets);
    struct vch_hint *out =
        vch_builder_hint(b, VCH_HINT_PICKED, (struct vch_grid){t->walks, t->targets});

    for (uint32_t i = 0; targets != NULL && i < t->targets; i++)
        targets[i] = i;
    out->cells = scores.first;
    out->expression = vch_terms_constant((struct vch_scalar){.lanes = targets});
    vch_terms_add_cells(b, &out->expression, vch_terms_scalar(t->targets), leaf);
    out->source_grid = (struct vch_grid){leaves.count, 1};
    out->source = vch_terms_cells(b, vch_builder_spread(leaves, out->source_grid));
}

// before + the scores of trees `first` .. `last` - 1, row by row and target by target.
static struct vch_expression sum_of(const struct vch_gate_trees *t, struct vch_cells before,
                                    struct vch_view scores, uint32_t first, uint32_t last)
{
    struct vch_builder *b = t->builder;
    const uint32_t count = 1 + last - first;
    struct vch_column_term *terms = VCH_ARENA_NEW(b->arena, struct vch_column_term, count);

    if (terms == NULL) {
        vch_builder_fail(b, VCH_FAIL(NO_MEMORY));
        return (struct vch_expression){0};
    }
    terms[0] = (struct vch_column_term){1, before};
    for (uint32_t i = 1; i < count; i++) {
        const struct vch_cells tree = {
            .first = scores.first + (first + i - 1) * t->targets,
            .row_step = t->trees * t->targets,
            .lane_step = 1,
        };
        terms[i] = (struct vch_column_term){1, tree};
    }
    return vch_column_expression(vch_column_form(b, 0, terms, count));
}

// As many trees at once as cannot add up to more than the field holds.
static uint32_t trees_at_once(const struct vch_gate_trees *t)
{
    const uint64_t bound = t->gate->operator_->bias_bound;

    if (bound == 0 || WRAP_FREE / bound - 2 > t->trees) return t->trees;
    return (uint32_t)(WRAP_FREE / bound - 2);
}

// Sums after some trees are cells of their own; the last one is the output.
static void relate_sums(const struct vch_gate_trees *t, struct vch_view scores)
{
    struct vch_builder *b = t->builder;
    const struct vch_grid grid = {t->rows, t->targets};
    const uint32_t at_once = trees_at_once(t);
    const int64_t bound = (int64_t)t->gate->operator_->bias_bound;
    struct vch_cells before = vch_builder_spread(vch_gate_parameter(t->gate, 3), grid);

    before.row_step = 0; // the base is the same for all rows
    for (uint32_t first = 0; first < t->trees; first += at_once) {
        const bool is_last = t->trees - first <= at_once;
        const uint32_t last = is_last ? t->trees : first + at_once;
        const struct vch_expression sum = sum_of(t, before, scores, first, last);
        const struct vch_view view =
            is_last ? t->gate->y : vch_builder_cells(b, grid.rows * grid.lanes);
        const struct vch_cells after = vch_builder_spread(view, grid);
        const struct vch_expression value = vch_terms_cells(b, after);
        struct vch_expression relation = value;

        if (!is_last) {
            struct vch_hint *hint = vch_builder_hint(b, VCH_HINT_EXPRESSION, grid);
            hint->cells = view.first;
            hint->expression = sum;
        }
        vch_terms_add(b, grid, &relation, vch_terms_scalar(-1), &sum);
        vch_builder_zero(b, grid, &relation);
        vch_gadgets_interval(b, grid, &value, -bound, bound);
        before = after;
    }
}

vch_status vch_gate_trees(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const struct vch_shape *x = &vch_gate_input(gate, 0)->shape;
    struct vch_gate_trees t = {
        .builder = b,
        .gate = gate,
        .rows = vch_gate_count(vch_gate_input(gate, 0)) / x->dims[x->rank - 1],
        .features = x->dims[x->rank - 1],
        .trees = vch_gate_parameter(gate, 1).count,
        .targets = vch_gate_parameter(gate, 3).count,
    };

    t.walks = vch_column_rows(b, (uint64_t)t.rows * t.trees);
    (void)vch_column_rows(b, (uint64_t)t.walks * t.targets);
    VCH_TRY(vch_builder_status(b));
    vch_gate_trees_tables(&t);
    const struct vch_cells leaf = vch_gate_trees_walk(&t);
    VCH_TRY(vch_builder_status(b));
    const struct vch_view scores = vch_builder_cells(b, t.walks * t.targets);
    hint_scores(&t, leaf, scores);
    for (uint32_t first = 0; first < t.targets; first += PACK)
        relate_leaves(&t, leaf, scores, first);
    relate_sums(&t, scores);
    return vch_builder_status(b);
}
