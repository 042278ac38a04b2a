// Statements, proofs and verdicts for the second verifier, tests/oracles/proof_test.py:
//
//     proof_cases FOLDER OPERATOR
//
// makes a random graph around this operator (VCH_SEED decides) and writes into FOLDER its manifest,
// the claims about it (claims: one line each), and for each claim the cells and two proofs. Where
// FOLDER has NAME.mutants, u32le sizes and bytes, it verifies each of them under the claim NAME
// instead, and writes a byte each into NAME.verdicts: 1 for accepted, 0 for refused. A graph that
// has no circuit has a file `refused` in place of claims.
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "circuit/circuit.h"
#include "harness/circuits.h"
#include "harness/graphs.h"
#include "harness/test.h"
#include "model/manifest.h"
#include "model/package.h"
#include "proof/proof_prove.h"
#include "proof/proof_verify.h"

static const char *folder, *operator_name;
static struct vch_arena arena;

// --- graphs ---

static enum vch_type narrow(void)
{
    return test_below(4) ? VCH_TYPE_I8 : VCH_TYPE_I16;
}

static enum vch_type any(void)
{
    return (enum vch_type)(VCH_TYPE_I8 + test_below(3));
}

static struct vch_shape small(void)
{
    return graphs_shape(2, 1 + test_below(3), 2 + test_below(6), 0);
}

static struct vch_shape image(uint32_t channels)
{
    return graphs_shape(3, channels, 4 + test_below(3), 4 + test_below(3));
}

static uint32_t make_linear(struct graphs *g)
{
    return graphs_linear(g, graphs_input(g, narrow(), small()), 1 + test_below(5), any());
}

static uint32_t make_convolution(struct graphs *g)
{
    const uint32_t groups = 1 + test_below(2);
    const uint32_t x = graphs_input(g, narrow(), image(2 * groups));

    return graphs_convolution(g, x, groups * (1 + test_below(2)), 1 + test_below(3),
                              1 + test_below(2), groups, any());
}

static uint32_t make_matmul(struct graphs *g)
{
    const uint32_t k = 1 + test_below(5), both = 1 + test_below(2);
    const uint32_t a = graphs_input(g, narrow(), graphs_shape(3, both, 1 + test_below(3), k));
    const struct vch_shape other = test_below(2) ? graphs_shape(3, both, k, 1 + test_below(4))
                                                 : graphs_shape(2, k, 1 + test_below(4), 0);

    return graphs_matmul(g, a, graphs_input(g, narrow(), other), any());
}

static uint32_t make_add(struct graphs *g)
{
    const struct vch_shape shape = small();
    const uint32_t a = graphs_input(g, any(), shape);

    return graphs_add(g, a, graphs_input(g, any(), graphs_shape(1, shape.dims[1], 0, 0)), any());
}

static uint32_t make_multiply(struct graphs *g)
{
    const struct vch_shape shape = small();
    const uint32_t a = graphs_input(g, narrow(), shape);

    return graphs_multiply(g, a, graphs_input(g, narrow(), graphs_shape(2, shape.dims[0], 1, 0)),
                           any());
}

static uint32_t make_rescale(struct graphs *g)
{
    return graphs_rescale(g, graphs_input(g, any(), small()), any());
}

// So many elements that tables clamp them, of quotients of 8 and of 7 bits.
static uint32_t make_saturate(struct graphs *g)
{
    static const int32_t multiplier = 32767;
    static const uint32_t shift = 14;
    const uint32_t x = graphs_input(g, VCH_TYPE_I8, graphs_shape(1, 540 + test_below(60), 0, 0));
    const uint32_t y = graphs_rescale(g, x, VCH_TYPE_I8);

    graphs_writer(g, y)->scaling = (struct vch_scaling){1, &multiplier, &shift, -127, 127};
    return graphs_relu(g, y);
}

static uint32_t make_table(struct graphs *g)
{
    return graphs_table(g, graphs_input(g, VCH_TYPE_I8, small()), any());
}

static uint32_t make_max_pool(struct graphs *g)
{
    return graphs_max_pool(g, graphs_input(g, any(), image(2)), 1 + test_below(3),
                           1 + test_below(2));
}

static uint32_t make_average_pool(struct graphs *g)
{
    return graphs_average_pool(g, graphs_input(g, any(), image(2)), 1 + test_below(3),
                               1 + test_below(2));
}

static uint32_t make_moves(struct graphs *g)
{
    uint32_t x = graphs_input(g, VCH_TYPE_I8, graphs_shape(3, 2, 3, 2));

    x = graphs_pad(g, graphs_slice(g, graphs_transpose(g, graphs_relu(g, x))));
    x = graphs_concat(g, x, graphs_constant(g, VCH_TYPE_I8, g->graph->values[x].shape),
                      test_below(3));
    return graphs_rescale(g, graphs_flatten(g, x), any());
}

static uint32_t make_softmax(struct graphs *g)
{
    return graphs_softmax(g, graphs_input(g, VCH_TYPE_I8, small()), narrow());
}

static uint32_t make_normalise(struct graphs *g)
{
    return graphs_normalise(g, graphs_input(g, narrow(), small()), narrow());
}

static uint32_t make_argmax(struct graphs *g)
{
    return graphs_argmax(g, graphs_input(g, any(), small()), test_below(2));
}

static uint32_t make_divide(struct graphs *g)
{
    const struct vch_shape shape = small();
    const uint32_t a = graphs_input(g, any(), shape);

    return graphs_divide(g, a, graphs_input(g, any(), shape), any());
}

static uint32_t make_gather(struct graphs *g)
{
    const uint32_t x = graphs_input(g, any(), graphs_shape(3, 2, 3, 1 + test_below(6)));

    return graphs_gather(g, x, graphs_input(g, VCH_TYPE_I16, small()), test_below(3));
}

static uint32_t make_trees(struct graphs *g)
{
    const uint32_t x = graphs_input(g, VCH_TYPE_I32, small());
    const uint32_t scores =
        graphs_trees(g, x, 1 + test_below(4), 1 + test_below(4), 1 + test_below(6));

    return graphs_rescale(g, scores, any());
}

static uint32_t make_network(struct graphs *g)
{
    uint32_t x = graphs_input(g, VCH_TYPE_I8, graphs_shape(3, 1, 6, 6));

    x = graphs_max_pool(g, graphs_relu(g, graphs_convolution(g, x, 2, 3, 1, 1, VCH_TYPE_I8)), 2, 2);
    x = graphs_linear(g, graphs_flatten(g, x), 4, VCH_TYPE_I8);
    return graphs_softmax(g, x, VCH_TYPE_I8);
}

static const struct maker {
    const char *name;
    uint32_t (*make)(struct graphs *g);
} makers[] = {
    {"linear", make_linear},     {"convolution", make_convolution},
    {"matmul", make_matmul},     {"add", make_add},
    {"multiply", make_multiply}, {"rescale", make_rescale},
    {"table", make_table},       {"max_pool", make_max_pool},
    {"moves", make_moves},       {"average_pool", make_average_pool},
    {"softmax", make_softmax},   {"normalise", make_normalise},
    {"argmax", make_argmax},     {"divide", make_divide},
    {"gather", make_gather},     {"trees", make_trees},
    {"network", make_network},   {"saturate", make_saturate},
};

static struct vch_graph *make_graph(void)
{
    struct graphs build;

    graphs_init(&build, &arena);
    FOR_EACH(maker, makers)
    if (strcmp(maker->name, operator_name) == 0) {
        graphs_output(&build, maker->make(&build));
        return graphs_finish(&build);
    }
    test_fail(__FILE__, __LINE__, "no graph is called %s", operator_name);
}

// --- files ---

static FILE *open_file(const char *name, const char *suffix, const char *mode)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    return fopen(path, mode);
}

static void save(const char *name, const char *suffix, const void *bytes, size_t size)
{
    FILE *file = open_file(name, suffix, "wb");

    CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void print_digest(FILE *file, const struct vch_digest *digest)
{
    (void)fputc(' ', file);
    for (size_t i = 0; i < sizeof digest->bytes; i++)
        (void)fprintf(file, "%02x", digest->bytes[i]);
}

// --- claims ---

struct claim {
    const char *name; // run, ranges, link
    struct circuits *base;
    struct vch_circuit circuit;
    const uint64_t *cells;
    struct vch_oracle oracles[3];
    struct vch_encoder encoder;
};

// Oracles of the cells that are given, each under a seed of its own.
static void commit(struct claim *claim)
{
    const struct vch_statement *s = &claim->circuit.statement;

    CHECK_OK(vch_encoder_init(&claim->encoder, &arena, vch_cpu_level(NULL), s->log_columns));
    for (uint32_t i = 0; i + 1 < s->oracle_count; i++) {
        uint8_t *seed = VCH_ARENA_NEW(&arena, uint8_t, VCH_ORACLE_SEED_SIZE);
        const struct vch_oracle_matrix matrix = {
            .cells = claim->cells + vch_witness_first(s, i),
            .row_count = s->oracles[i].rows,
            .seed = seed,
        };
        seed[0] = (uint8_t)i;
        CHECK_OK(
            vch_oracle_prove(&claim->oracles[i], &matrix, &claim->encoder, true, &arena, NULL));
    }
}

static void build(struct claim *claim)
{
    struct vch_circuit_claim *run = &claim->base->claim;
    const struct vch_digest *root[3];

    for (int i = 0; i < 3; i++)
        root[i] = &claim->oracles[i].root;
    if (strcmp(claim->name, "ranges") == 0) {
        CHECK_OK(vch_circuit_build_ranges(&claim->circuit, &run->model, root[0], &arena, NULL));
    } else if (strcmp(claim->name, "link") == 0) {
        CHECK_OK(
            vch_circuit_build_link(&claim->circuit, &run->model, root[0], root[1], &arena, NULL));
    } else {
        run->annex_root = *root[0], run->input_root = *root[1], run->output_root = *root[2];
        CHECK_OK(vch_circuit_build(&claim->circuit, run, &arena, &claim->base->complaint));
    }
}

static void make_cells(struct claim *claim)
{
    uint64_t *cells;

    if (strcmp(claim->name, "ranges") == 0) {
        CHECK_OK(vch_witness_make_ranges(&cells, &claim->circuit, &claim->base->claim.model, &arena,
                                         NULL));
    } else if (strcmp(claim->name, "link") == 0) {
        CHECK_OK(vch_witness_make_link(&cells, &claim->circuit, &claim->base->claim.model, &arena,
                                       NULL));
    } else {
        claim->base->circuit = claim->circuit;
        circuits_random_inputs(claim->base);
        circuits_witness(claim->base);
        cells = claim->base->witness.cells;
    }
    claim->cells = cells;
}

// One line: name, c, first, last, batch, annex, job, roots.
static void describe(FILE *file, const struct claim *claim)
{
    const struct vch_circuit_claim *run = &claim->base->claim;
    const struct vch_statement *s = &claim->circuit.statement;

    (void)fprintf(file, "%s %u %u %u %u", claim->name, s->log_columns, run->first, run->last,
                  run->batch);
    print_digest(file, &run->annex);
    print_digest(file, &run->job);
    for (uint32_t i = 0; i + 1 < s->oracle_count; i++)
        print_digest(file, &claim->oracles[i].root);
    (void)fputc('\n', file);
}

static void prove(const struct claim *claim, const char *suffix)
{
    const struct vch_statement *s = &claim->circuit.statement;
    const size_t size = vch_statement_proof_size(s);
    uint8_t *proof = VCH_ARENA_NEW(&arena, uint8_t, size);
    struct vch_proof_input input = {.cells = claim->cells, .encoder = &claim->encoder};
    struct vch_complaint complaint = {.text = ""};

    for (uint32_t i = 0; i + 1 < s->oracle_count; i++)
        input.oracles[i] = &claim->oracles[i];
    for (size_t i = 0; i < sizeof input.seed; i++)
        input.seed[i] = (uint8_t)test_below(256);
    CHECK_OK(vch_proof_prove(proof, s, &input, NULL, &arena, NULL, &complaint));
    save(claim->name, suffix, proof, size);
}

static bool is_accepted(const struct claim *claim, const uint8_t *proof, size_t size)
{
    const struct vch_arena_mark mark = vch_arena_mark(&arena);
    struct vch_complaint complaint;
    const vch_status status = vch_proof_verify(&claim->circuit.statement, proof, size,
                                               vch_cpu_level(NULL), &arena, &complaint);

    vch_arena_rewind(&arena, mark);
    if (!vch_is_ok(status)) CHECK_EQ(status.code, VCH_CODE_BAD_PROOF);
    return vch_is_ok(status);
}

static void judge(const struct claim *claim, FILE *mutants)
{
    FILE *verdicts = open_file(claim->name, ".verdicts", "wb");
    uint8_t head[4];

    CHECK(verdicts != NULL);
    while (fread(head, 1, sizeof head, mutants) == sizeof head) {
        const size_t size = vch_get_u32le(head);
        uint8_t *proof = calloc(1, size + 1); // its own block, so that a sanitizer sees its end
        CHECK(proof != NULL && fread(proof, 1, size, mutants) == size);
        (void)fputc(is_accepted(claim, proof, size), verdicts);
        free(proof);
    }
    CHECK(fclose(verdicts) == 0);
}

static void settle(struct claim *claim, FILE *claims)
{
    FILE *mutants = open_file(claim->name, ".mutants", "rb");

    build(claim);
    make_cells(claim);
    commit(claim);
    build(claim); // with the roots
    describe(claims, claim);
    if (mutants == NULL) {
        const struct vch_statement *s = &claim->circuit.statement;
        save(claim->name, ".cells", claim->cells, 8 * vch_witness_first(s, s->oracle_count));
        prove(claim, ".proof");
        prove(claim, ".other");
    } else {
        judge(claim, mutants);
        CHECK(fclose(mutants) == 0);
    }
}

static void settle_all(struct circuits *base)
{
    static const char *const names[] = {"run", "ranges", "link"};
    FILE *claims = open_file("claims", "", "w");

    CHECK(claims != NULL);
    base->claim.model.log_columns = test_below(4) ? 9 : 10 + test_below(2);
    for (size_t i = 0; i < 32; i++)
        base->claim.annex.bytes[i] = (uint8_t)i, base->claim.job.bytes[i] = (uint8_t)~i;
    for (uint32_t i = 0; i < (base->claim.model.held_count == 0 ? 1u : 3u); i++)
        settle(&(struct claim){.name = names[i], .base = base}, claims);
    CHECK(fclose(claims) == 0);
}

TEST(claims_are_proven_or_mutants_judged)
{
    struct circuits base;
    uint8_t *manifest;
    size_t size;

    if (folder == NULL) return; // run by hand, without a folder
    vch_arena_init(&arena, (size_t)4 << 30);
    const struct vch_graph *graph = make_graph();
    CHECK_OK(vch_manifest_encode(&manifest, &size, graph, &arena, NULL));
    save("manifest", "", manifest, size);
    const vch_status status =
        circuits_build(&base, graph, 0, graph->operator_count, 1 + test_below(2), &arena);
    base.claim.model.identity = vch_package_identity(manifest, size);
    if (status.code == VCH_CODE_UNSUPPORTED) {
        save("refused", "", base.complaint.text, strlen(base.complaint.text));
    } else {
        circuits_must(&base, status);
        settle_all(&base);
    }
    vch_arena_release(&arena);
}

// The harness's own argument is the name of a test, so these come in before main.
__attribute__((constructor)) static void take_arguments(int argc, char **argv)
{
    if (argc < 3) return;
    folder = argv[1], operator_name = argv[2];
    argv[1] = NULL;
}
