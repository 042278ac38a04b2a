// What somebody would write into a witness of TREES who wants another leaf: each lie is caught by
// the relation that is there for it, and by whoever verifies the proof.
#include "harness/liars.h"

#include "model/trees.h"

enum { NAN_KEY = VCH_TREES_NAN, NODES = 8, LEAVES = 5, MANY = 7 };

static struct vch_arena arena;
static struct circuits c;

// Feature, threshold, left, right, nan_left; leaves say which row is theirs.
static const int32_t nodes[NODES][VCH_TREES_COLUMNS] = {
    {0, 100, 1, 2, 0}, {1, -50, 3, 4, 1}, {-1, 0, 2, 0, 0}, {-1, 0, 0, 0, 0},
    {-1, 0, 1, 0, 0},  {1, 0, 6, 7, 0},   {-1, 0, 3, 0, 0}, {-1, 0, 4, 0, 0},
};
static const int32_t roots[] = {0, 5};
static const int64_t leaves[LEAVES] = {1, 10, 100, 1000, 10000}, base = 7;

static void set_parameter(struct graphs *build, uint32_t i, const void *data, uint32_t rows)
{
    struct vch_parameter *p = &build->graph->parameters[build->graph->operators[0].parameters[i]];

    p->data = data;
    p->shape.dims[0] = rows;
}

// Two trees over two features; the first says 1 for (100, NaN), the second 10000.
static void make(void)
{
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I32, graphs_shape(1, 2, 0, 0));
    graphs_output(&build, graphs_trees(&build, x, 2, 2, 1));
    set_parameter(&build, 0, nodes, NODES);
    set_parameter(&build, 1, roots, 2);
    set_parameter(&build, 2, leaves, LEAVES);
    set_parameter(&build, 3, &base, 1);
    const struct vch_graph *graph = graphs_finish(&build);
    circuits_must(&c, circuits_build(&c, graph, 0, 1, 1, &arena));
    circuits_random_inputs(&c);
    ((int32_t *)c.inputs[0].data)[0] = 100;
    ((int32_t *)c.inputs[0].data)[1] = NAN_KEY;
    circuits_witness(&c);
    circuits_must(&c, circuits_check(&c));
}

TEST(a_walk_leads_to_one_leaf)
{
    // y, is_nan 1 .. 2, inverse 3 .. 4; for each step and both trees code, threshold, left, right,
    // key, is_leaf, goes_left, next, from 5 and from 21 on; the ends' code, threshold, left, right
    // from 37 on; scores 45 .. 46.
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "right where the key is the threshold", {0, 10107}, {17, 0}),
        LIE(ZERO, "further left than left", {0, 11007}, {17, 2}),
        LIE(LOOKUP, "a NaN that goes left sent right", {0, 10017}, {33, 0}),
        LIE(LOOKUP, "a NaN that goes right sent left", {0, 1008}, {18, 1}),
        LIE(ZERO, "a NaN called a number", {0, 10017}, {2, 0}),
        LIE(ZERO, "a number called NaN", {1, 1}),
        LIE(LOOKUP, "another feature's key", {0, 10107}, {13, NAN_KEY}),
        LIE(LOOKUP, "another threshold", {0, 10107}, {7, 99}),
        LIE(LOOKUP, "another child", {0, 10107}, {9, 2}),
        LIE(LOOKUP, "another root", {5, 2}, {7, 0}, {9, 6}, {11, 7}),
        LIE(ZERO, "a leaf of another tree", {0, 20007}, {35, 7}),
        LIE(LOOKUP, "another leaf's row", {0, 20007}, {41, 4}),
        LIE(LOOKUP, "another leaf's score", {0, 10017}, {45, 10}),
        LIE(ZERO, "another sum", {0, 10009}),
        LIE(LOOKUP, "staying where the walk goes on", {0, 11007}, {15, 1}),
        LIE(LOOKUP, "going on where the walk ends", {0, 18}, {32, 0}),
    };

    make();
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    vch_arena_release(&arena);
}

// The cell of the annex that holds a column of a node.
static uint64_t *node_cell(uint32_t node, uint32_t column)
{
    return &c.witness.cells[node * VCH_TREES_COLUMNS + column];
}

static uint64_t *output_cell(void)
{
    return &c.witness.cells[vch_witness_first(&c.circuit.statement, VCH_CIRCUIT_OUTPUT)];
}

static void claim(int64_t score)
{
    const uint32_t y = circuits_value(&c, c.claim.model.graph->outputs[0].value);

    c.witness.cells[y] = *output_cell() = vch_fp_from_i64(score);
    circuits_cover_up(&c);
}

static bool says(const char *what)
{
    return circuits_check(&c).code == VCH_CODE_BAD_PROOF && strstr(c.complaint.text, what) != NULL;
}

TEST(a_walk_that_does_not_end_is_caught)
{
    make();
    *node_cell(3, VCH_TREES_FEATURE) = 0; // the end of the first walk asks for more
    claim(10008);
    CHECK(says("expected 0"));
    vch_arena_release(&arena);
}

TEST(a_step_to_no_node_and_a_key_of_no_feature_are_caught)
{
    make();
    *node_cell(1, VCH_TREES_LEFT) = NODES;
    claim(10008);
    CHECK(says("is not a row of table"));
    vch_arena_release(&arena);
    make();
    *node_cell(1, VCH_TREES_FEATURE) = 2;
    claim(10008);
    CHECK(says("is not a row of table"));
    vch_arena_release(&arena);
}

// Seven trees of a leaf each, whose scores add up to seven times the bound.
TEST(scores_beyond_the_bound_are_caught)
{
    static const int64_t small[MANY] = {1, 2, 3, 4, 5, 6, 7};
    const int64_t bound = (int64_t)1 << 60;
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I32, graphs_shape(1, 1, 0, 0));
    const uint32_t y = graphs_trees(&build, x, MANY, 0, 1);
    graphs_writer(&build, y)->bias_bound = (uint64_t)bound;
    graphs_output(&build, y);
    set_parameter(&build, 2, small, MANY);
    const struct vch_graph *graph = graphs_finish(&build);
    circuits_make(&c, graph, 1, &arena);
    const int64_t score = vch_fp_to_i64(*output_cell());
    CHECK(!says(""));
    claim(score + 1);
    CHECK(says("expected 0"));

    uint32_t leaf = 0; // of the annex
    for (uint32_t i = 0; i < 2; i++)
        leaf += (uint32_t)vch_tensor_shape_count(&graph->parameters[i].shape);
    for (uint32_t i = 0; i < MANY; i++)
        c.witness.cells[leaf + i] = (uint64_t)bound;
    claim(7 * bound + (score - 28));
    CHECK(says("is not a row of table"));
    vch_arena_release(&arena);
}

TEST(annexes_of_trees_are_in_range)
{
    static const struct {
        uint32_t cell;
        int64_t value;
    } lies[] = {
        {VCH_TREES_NAN_LEFT, 2},
        {VCH_TREES_NAN_LEFT, -1},
        {VCH_TREES_THRESHOLD, (int64_t)1 << 31},
        {VCH_TREES_FEATURE, -2147483649},
        {NODES * VCH_TREES_COLUMNS + 2, (int64_t)1 << 40},
    };
    const struct vch_digest root = {{0}};
    uint64_t *cells;

    FOR_EACH(lie, lies)
    {
        make();
        circuits_must(
            &c, vch_circuit_build_ranges(&c.circuit, &c.claim.model, &root, &arena, &c.complaint));
        circuits_must(
            &c, vch_witness_make_ranges(&cells, &c.circuit, &c.claim.model, &arena, &c.complaint));
        c.witness.cells = cells;
        circuits_must(&c, circuits_check(&c));
        cells[lie->cell] = vch_fp_from_i64(lie->value);
        circuits_cover_up(&c);
        CHECK(says("is not a row of table"));
        vch_arena_release(&arena);
    }
}
