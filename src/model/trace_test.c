// Traces: laws of the tree, and two sides of which one lies about one operator.
#include "model/trace.h"

#include <string.h>

#include "crypto/merkle.h"
#include "harness/graphs.h"
#include "harness/pool.h"
#include "harness/spec.h"
#include "harness/test.h"
#include "model/program.h"
#include "model/run.h"
#include "model/segment.h"

enum { BATCH = 3, ROUNDS = 60, OPERATORS = 128 };

struct scene {
    struct vch_arena arena;
    struct vch_graph *graph;
    struct vch_kernels kernels;
    struct vch_trace_segment segment;
    uint32_t count;
    struct vch_tensor input;
    struct vch_digest input_commitment;
};

// One side: what it says that each operator gave.
struct side {
    struct vch_tensor tensors[OPERATORS];
    struct vch_digest digests[OPERATORS], commitments[OPERATORS], leaves[OPERATORS], root;
};

static struct vch_nonce random_nonce(void)
{
    struct vch_nonce nonce;

    for (size_t i = 0; i < sizeof nonce.bytes; i++)
        nonce.bytes[i] = (uint8_t)test_below(256);
    return nonce;
}

static void choose_segment(struct scene *s)
{
    struct vch_cut cuts[OPERATORS + 1];
    const struct vch_nonce input_nonce = random_nonce(), output_nonce = random_nonce();
    uint32_t count = 0;

    CHECK(s->graph->operator_count <= OPERATORS);
    CHECK_OK(vch_segment_cuts(cuts, &count, s->graph, &s->arena));
    CHECK(count >= 2);
    const uint32_t first = test_below(count - 1);
    const uint32_t last = first + 1 + test_below(count - 1 - first);
    CHECK_OK(vch_trace_segment_init(&s->segment, s->graph, cuts[first].position,
                                    cuts[last].position, &input_nonce, &output_nonce, &s->arena));
}

static void fill_within_promise(const struct scene *s, struct vch_tensor *tensor)
{
    if (tensor->type != VCH_TYPE_I64) return; // scores of trees: small ones keep every promise
    memset(tensor->data, 0, BATCH * vch_tensor_size(tensor));
    (void)s;
}

static bool open_scene(struct scene *s)
{
    vch_arena_init(&s->arena, (size_t)1 << 30);
    s->graph = graphs_random(&s->arena);
    s->kernels = vch_kernels_select(vch_cpu_level(NULL));
    struct vch_cut cuts[OPERATORS + 1];
    uint32_t count = 0;
    CHECK_OK(vch_segment_cuts(cuts, &count, s->graph, &s->arena));
    if (count < 2) { // several outputs, and nothing to cut before
        vch_arena_release(&s->arena);
        return false;
    }
    choose_segment(s);
    s->count = vch_trace_count(&s->segment);
    s->input = graphs_random_tensor(s->graph, s->segment.input, BATCH, &s->arena);
    fill_within_promise(s, &s->input);
    s->input_commitment = vch_tensor_commit(&s->input, BATCH, &s->segment.input_nonce);
    return true;
}

static struct vch_trace_operand operand_of(const struct scene *s, const struct side *side,
                                           const struct vch_trace_read *read)
{
    if (read->operator_ == VCH_NONE)
        return (struct vch_trace_operand){s->input, s->input_commitment};
    const uint32_t i = read->operator_ - s->segment.first;
    return (struct vch_trace_operand){side->tensors[i], side->commitments[i]};
}

static struct vch_trace_replay replay_of(const struct scene *s, const struct side *side,
                                         uint32_t operator_, struct vch_trace_operand *operands)
{
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    const uint32_t count = vch_trace_reads(reads, &s->segment, operator_);

    for (uint32_t i = 0; i < count; i++)
        operands[i] = operand_of(s, side, &reads[i]);
    return (struct vch_trace_replay){
        .segment = &s->segment,
        .operator_ = operator_,
        .batch = BATCH,
        .kernels = &s->kernels,
        .operands = operands,
    };
}

// One element moved by one, so that every value stays inside its range.
static void change(const struct vch_tensor *tensor, uint32_t batch)
{
    const uint32_t count = (uint32_t)(batch * vch_tensor_shape_count(&tensor->shape));
    const size_t i = test_below(count);
    const int64_t step = vch_tensor_load(tensor->type, tensor->data, i) > 0 ? -1 : 1;

    switch (tensor->type) {
    case VCH_TYPE_I8:
        ((int8_t *)tensor->data)[i] = (int8_t)(((int8_t *)tensor->data)[i] + step);
        return;
    case VCH_TYPE_I16:
        ((int16_t *)tensor->data)[i] = (int16_t)(((int16_t *)tensor->data)[i] + step);
        return;
    case VCH_TYPE_I32: ((int32_t *)tensor->data)[i] += (int32_t)step; return;
    case VCH_TYPE_I64: ((int64_t *)tensor->data)[i] += step; return;
    }
}

static void commit_side(const struct scene *s, struct side *side)
{
    vch_trace_commit(side->commitments, &s->segment, side->digests, NULL);
    vch_trace_leaves(side->leaves, side->commitments, s->count);
    side->root = vch_merkle_root(side->leaves, s->count);
}

// Runs the segment operator by operator, as a referee would each; `lie` is told about operator
// `liar`, and everything after it follows from the lie. VCH_NONE: honest.
static struct side *walk(struct scene *s, uint32_t liar)
{
    struct side *side = VCH_ARENA_NEW(&s->arena, struct side, 1);

    CHECK(side != NULL);
    for (uint32_t i = 0; i < s->count; i++) {
        struct vch_trace_operand operands[VCH_GRAPH_OPERANDS_MAX];
        const struct vch_trace_replay replay = replay_of(s, side, s->segment.first + i, operands);
        CHECK_OK(vch_trace_execute(&side->tensors[i], &replay, &s->arena, NULL));
        if (s->segment.first + i == liar) change(&side->tensors[i], BATCH);
        side->digests[i] = vch_tensor_digest(&side->tensors[i], BATCH);
    }
    commit_side(s, side);
    return side;
}

// The digests of one run of the whole segment, as a node does it.
static void run_traced(struct scene *s, const struct vch_kernels *kernels,
                       struct vch_workers *workers, struct vch_digest *digests,
                       struct vch_tensor *output)
{
    const struct vch_run run = {
        .graph = s->graph,
        .first = s->segment.first,
        .last = s->segment.last,
        .batch = BATCH,
        .kernels = kernels,
        .workers = workers,
        .trace = digests,
    };

    *output = graphs_empty_tensor(s->graph, s->segment.output, BATCH, &s->arena);
    CHECK_OK(vch_run_execute(&run, &s->segment.input, &s->input, 1, &s->segment.output, output, 1,
                             &s->arena, NULL));
}

TEST(a_trace_has_the_nonces_commitments_and_root_of_its_page)
{
    struct vch_operator operators[10];
    struct vch_graph graph = {.operators = operators, .operator_count = 10};
    struct vch_trace_segment segment = {.graph = &graph, .first = 7, .last = 10, .output = 99};
    struct vch_digest digests[3], commitments[3], leaves[3];
    struct vch_nonce nonce;

    memset(operators, 0, sizeof operators);
    for (size_t i = 0; i < sizeof segment.output_nonce.bytes; i++)
        segment.output_nonce.bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < 3; i++)
        test_spec_vector(digests[i].bytes, sizeof digests[i].bytes, "arithmetic.md",
                         "tensor_digest");
    vch_trace_nonce(&nonce, &segment, 7);
    test_spec_check(nonce.bytes, sizeof nonce.bytes, "trace.md", "nonce_of_7");
    vch_trace_commit(commitments, &segment, digests, NULL);
    test_spec_check(commitments[0].bytes, sizeof commitments[0].bytes, "trace.md",
                    "commitment_of_7");
    vch_trace_leaves(leaves, commitments, 3);
    const struct vch_digest root = vch_merkle_root(leaves, 3);
    test_spec_check(root.bytes, sizeof root.bytes, "trace.md", "root_of_three");
}

TEST(a_trace_is_the_same_on_every_level_and_thread_count_and_operator_by_operator)
{
    static const size_t thread_counts[] = {1, 2, 5};

    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        struct vch_tensor output;
        if (!open_scene(&s)) continue;
        const struct side *alone = walk(&s, VCH_NONE);
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            FOR_EACH(count, thread_counts)
            {
                const struct vch_kernels kernels = vch_kernels_select(level);
                struct vch_digest digests[OPERATORS];
                struct pool pool;
                pool_init(&pool, *count);
                run_traced(&s, &kernels, &pool.workers, digests, &output);
                CHECK(memcmp(digests, alone->digests, s.count * sizeof *digests) == 0);
            }
        }
        vch_arena_release(&s.arena);
    }
}

// A plain run divides the batch, and hands out every value at the end.
TEST(a_trace_is_of_what_a_run_in_chunks_gives)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        struct vch_program program;
        struct vch_tensor outputs[OPERATORS], output;
        uint32_t values[OPERATORS];
        struct vch_digest digests[OPERATORS];
        size_t size = 0;
        if (!open_scene(&s)) continue;
        run_traced(&s, &s.kernels, NULL, digests, &output);
        for (uint32_t i = 0; i < s.count; i++) {
            values[i] = s.graph->operators[s.segment.first + i].output;
            outputs[i] = graphs_empty_tensor(s.graph, values[i], BATCH, &s.arena);
        }
        CHECK_OK(vch_program_prepare(&program, s.graph, s.segment.first, s.segment.last,
                                     1 + test_below(BATCH), &s.kernels, &s.arena));
        CHECK_OK(vch_program_memory(&size, &program, BATCH, false));
        const struct vch_program_run run = {
            .program = &program,
            .first = s.segment.first,
            .last = s.segment.last,
            .batch = BATCH,
        };
        CHECK_OK(vch_program_execute(&run, &s.segment.input, &s.input, 1, values, outputs, s.count,
                                     vch_arena_alloc(&s.arena, size, 1), NULL));
        for (uint32_t i = 0; i < s.count; i++) {
            const struct vch_digest digest = vch_tensor_digest(&outputs[i], BATCH);
            CHECK(vch_hash_is_equal(&digest, &digests[i]));
        }
        vch_arena_release(&s.arena);
    }
}

TEST(a_trace_opens_to_the_commitment_that_is_voted_on)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        struct vch_tensor output;
        struct side side;
        struct vch_digest path[VCH_MERKLE_DEPTH_MAX];
        if (!open_scene(&s)) continue;
        run_traced(&s, &s.kernels, NULL, side.digests, &output);
        commit_side(&s, &side);
        const struct vch_digest voted = vch_tensor_commit(&output, BATCH, &s.segment.output_nonce);
        uint32_t found = 0;
        for (uint32_t i = 0; i < s.count; i++) {
            const uint32_t operator_ = s.segment.first + i;
            const size_t depth = vch_merkle_path_count(i, s.count);
            vch_merkle_open(path, side.leaves, s.count, i);
            CHECK_OK(vch_trace_verify(&side.root, &s.segment, operator_, &side.commitments[i], path,
                                      depth));
            const bool is_voted = s.graph->operators[operator_].output == s.segment.output;
            found += is_voted;
            CHECK_CODE(vch_trace_verify(&side.root, &s.segment, operator_, &voted, path, depth),
                       is_voted ? VCH_CODE_NONE : VCH_CODE_BAD_PROOF);
        }
        CHECK_EQ(found, 1);
        CHECK_FAILS(vch_trace_verify(&side.root, &s.segment, s.segment.last, &voted, path, 0),
                    BAD_PROOF);
        vch_arena_release(&s.arena);
    }
}

TEST(a_trace_holds_a_vote_of_another_kind_as_it_is)
{
    struct scene s;
    struct side side, other;
    struct vch_tensor output;

    while (!open_scene(&s))
        ;
    run_traced(&s, &s.kernels, NULL, side.digests, &output);
    commit_side(&s, &side);
    const struct vch_digest voted = vch_hash_bytes("of kind 2", 9);
    vch_trace_commit(other.commitments, &s.segment, side.digests, &voted);
    for (uint32_t i = 0; i < s.count; i++) {
        const bool is_output = s.graph->operators[s.segment.first + i].output == s.segment.output;
        CHECK(vch_hash_is_equal(&other.commitments[i], is_output ? &voted : &side.commitments[i]));
    }
    vch_arena_release(&s.arena);
}

// Operators that give the same tensor do not show it.
TEST(a_trace_shows_nothing_of_which_tensors_are_alike)
{
    struct vch_arena arena;
    struct graphs build;
    struct vch_digest digests[4], commitments[4];
    struct vch_trace_segment segment;
    const struct vch_nonce in = random_nonce(), out = random_nonce();

    vch_arena_init(&arena, (size_t)1 << 24);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(2, 3, 4, 0));
    for (int i = 0; i < 4; i++)
        x = graphs_reshape(&build, x, graphs_shape(2, 3, 4, 0));
    graphs_output(&build, x);
    CHECK_OK(vch_trace_segment_init(&segment, graphs_finish(&build), 0, 4, &in, &out, &arena));
    for (int i = 0; i < 4; i++)
        digests[i] = vch_hash_bytes("alike", 5);
    vch_trace_commit(commitments, &segment, digests, NULL);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            CHECK(!vch_hash_is_equal(&commitments[i], &commitments[k]));
    CHECK_FAILS(vch_trace_segment_init(&segment, build.graph, 2, 2, &in, &out, &arena), USAGE);
    CHECK_FAILS(vch_trace_segment_init(&segment, build.graph, 2, 5, &in, &out, &arena), USAGE);
    vch_arena_release(&arena);
}

TEST(a_changed_tensor_changes_its_own_leaf_and_no_other)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        if (!open_scene(&s)) continue;
        struct side *side = walk(&s, VCH_NONE);
        struct side before = *side;
        const uint32_t changed = test_below(s.count);
        change(&side->tensors[changed], BATCH);
        side->digests[changed] = vch_tensor_digest(&side->tensors[changed], BATCH);
        commit_side(&s, side);
        for (uint32_t i = 0; i < s.count; i++)
            CHECK_EQ(vch_hash_is_equal(&side->leaves[i], &before.leaves[i]), i != changed);
        CHECK(!vch_hash_is_equal(&side->root, &before.root));
        vch_arena_release(&s.arena);
    }
}

static void show_children(struct vch_digest out[2], const struct side *side,
                          struct vch_trace_span span)
{
    struct vch_trace_span left, right;

    vch_trace_split(&left, &right, span);
    out[0] = vch_merkle_root(side->leaves + left.first, left.count);
    out[1] = vch_merkle_root(side->leaves + right.first, right.count);
}

// Both answer truly about their own tree; whoever shows anything else is refused.
static uint32_t bisect(const struct scene *s, const struct side *a, const struct side *b)
{
    const struct side *sides[2] = {a, b};
    const struct vch_digest roots[2] = {a->root, b->root};
    struct vch_trace_bisection bisection;
    uint32_t rounds = 0;

    CHECK_OK(vch_trace_bisect(&bisection, roots, s->count));
    for (; bisection.span.count > 1; rounds++) {
        struct vch_digest children[2][2];
        for (unsigned side = 0; side < 2; side++) {
            show_children(children[side], sides[side], bisection.span);
            CHECK_OK(vch_trace_check_children(&bisection, side, children[side]));
            struct vch_digest other[2] = {children[side][0], children[side][1]};
            other[test_below(2)].bytes[test_below(VCH_DIGEST_SIZE)] ^=
                (uint8_t)(1 + test_below(255));
            CHECK_FAILS(vch_trace_check_children(&bisection, side, other), BAD_PROOF);
            CHECK_FAILS(vch_trace_check_commitment(&bisection, side, &other[0]), USAGE);
        }
        CHECK_FAILS(vch_trace_check_children(&bisection, 0, children[1]), BAD_PROOF);
        vch_trace_descend(&bisection, (const struct vch_digest(*)[2])children);
    }
    CHECK(rounds <= 7); // check: of at most 128 leaves
    for (unsigned side = 0; side < 2; side++) {
        const struct vch_digest *mine = &sides[side]->commitments[bisection.span.first];
        const struct vch_digest *other = &sides[1 - side]->commitments[bisection.span.first];
        CHECK_OK(vch_trace_check_commitment(&bisection, side, mine));
        CHECK_FAILS(vch_trace_check_commitment(&bisection, side, other), BAD_PROOF);
        CHECK_FAILS(vch_trace_check_children(&bisection, side, mine), USAGE);
    }
    return s->segment.first + bisection.span.first;
}

TEST(bisection_finds_the_first_lie_and_its_replay_convicts)
{
    for (int round = 0; round < 2 * ROUNDS; round++) {
        struct scene s;
        if (!open_scene(&s)) continue;
        const struct side *honest = walk(&s, VCH_NONE);
        const uint32_t lie = s.segment.first + test_below(s.count);
        const struct side *liar = walk(&s, lie);
        const bool is_first = test_below(2) != 0;
        CHECK_EQ(is_first ? bisect(&s, honest, liar) : bisect(&s, liar, honest), lie);
        // The operands may come from either side: they are agreed on.
        struct vch_trace_operand operands[VCH_GRAPH_OPERANDS_MAX];
        const struct vch_trace_replay replay = replay_of(&s, liar, lie, operands);
        struct vch_digest found;
        CHECK_OK(vch_trace_replay(&found, &replay, &s.arena, NULL));
        CHECK(vch_hash_is_equal(&found, &honest->commitments[lie - s.segment.first]));
        CHECK(!vch_hash_is_equal(&found, &liar->commitments[lie - s.segment.first]));
        vch_arena_release(&s.arena);
    }
}

TEST(bisection_ends_at_the_first_of_many_differences)
{
    for (uint32_t count = 1; count <= OPERATORS; count++) {
        struct side *a, *b;
        struct scene s = {.count = count};
        vch_arena_init(&s.arena, (size_t)1 << 22);
        a = VCH_ARENA_NEW(&s.arena, struct side, 1);
        b = VCH_ARENA_NEW(&s.arena, struct side, 1);
        const uint32_t first = test_below(count);
        for (uint32_t i = 0; i < count; i++) {
            a->commitments[i].bytes[0] = b->commitments[i].bytes[0] = (uint8_t)i;
            if (i == first || (i > first && test_below(2))) b->commitments[i].bytes[1] = 1;
        }
        vch_trace_leaves(a->leaves, a->commitments, count);
        vch_trace_leaves(b->leaves, b->commitments, count);
        a->root = vch_merkle_root(a->leaves, count);
        b->root = vch_merkle_root(b->leaves, count);
        CHECK_EQ(bisect(&s, a, b), first);
        struct vch_trace_bisection bisection;
        CHECK_FAILS(vch_trace_bisect(&bisection, (struct vch_digest[2]){a->root, a->root}, count),
                    USAGE);
        CHECK_FAILS(vch_trace_bisect(&bisection, (struct vch_digest[2]){a->root, b->root}, 0),
                    USAGE);
        vch_arena_release(&s.arena);
    }
}

TEST(a_replay_takes_no_operand_but_those_agreed_on)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        if (!open_scene(&s)) continue;
        const struct side *side = walk(&s, VCH_NONE);
        const uint32_t operator_ = s.segment.first + test_below(s.count);
        struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
        struct vch_trace_operand operands[VCH_GRAPH_OPERANDS_MAX];
        const struct vch_trace_replay replay = replay_of(&s, side, operator_, operands);
        const uint32_t count = vch_trace_reads(reads, &s.segment, operator_);
        struct vch_digest found;
        struct vch_complaint complaint = {0};
        if (count > 0) {
            const uint32_t i = test_below(count);
            const struct vch_trace_operand kept = operands[i];
            CHECK_OK(vch_trace_open(&replay, i, NULL));
            operands[i].commitment.bytes[test_below(VCH_DIGEST_SIZE)] ^= 1;
            CHECK_FAILS(vch_trace_open(&replay, i, NULL), BAD_PROOF);
            CHECK_FAILS(vch_trace_replay(&found, &replay, &s.arena, &complaint), BAD_PROOF);
            CHECK(strlen(complaint.text) > 0);
            operands[i] = kept;
            operands[i].tensor.shape.dims[operands[i].tensor.shape.rank++] = 1;
            CHECK_FAILS(vch_trace_replay(&found, &replay, &s.arena, NULL), BAD_PROOF);
            operands[i] = kept;
            operands[i].tensor.data = NULL;
            CHECK_FAILS(vch_trace_replay(&found, &replay, &s.arena, NULL), BAD_PROOF);
            operands[i] = kept;
            change(&operands[i].tensor, BATCH);
            CHECK_FAILS(vch_trace_replay(&found, &replay, &s.arena, NULL), BAD_PROOF);
        }
        CHECK_FAILS(vch_trace_open(&replay, count, NULL), USAGE);
        vch_arena_release(&s.arena);
    }
}
