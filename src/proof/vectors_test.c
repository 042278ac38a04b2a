// The statement and the proof of specs/proof.md, section 12, which were made without this code.
#include "proof/proof_verify.h"

#include "crypto/hash.h"
#include "field/field.h"
#include "harness/spec.h"
#include "harness/test.h"
#include "proof/boundary.h"

enum { W = 512, ROOM = 1 << 17 };

#define P(i) (VCH_STATEMENT_PUBLIC + (i))
#define NONE VCH_STATEMENT_NONE
#define MINUS_1 (VCH_FP_P - 1)
#define LIST(...) \
    { \
        .list = (const uint32_t[]) \
        { \
            __VA_ARGS__ \
        } \
    }
#define RUN(first_cell) \
    { \
        .first = (first_cell), .row_step = 1 \
    }
#define SCALAR(value) \
    { \
        .one = (value) \
    }
#define LANES(...) \
    { \
        .lanes = (const uint64_t[]) \
        { \
            __VA_ARGS__ \
        } \
    }

static const struct vch_linear looked_up[] = {{SCALAR(1), LIST(1, 2, 0, 2, 1, 0)}};
static const struct vch_linear both[] = {{SCALAR(1), LIST(W)}, {SCALAR(2), LIST(P(0))}};
static const struct vch_linear rows[] = {{SCALAR(1), LIST(0, 3, 4)}};
static const struct vch_linear four[] = {
    {SCALAR(MINUS_1), {.first = W + 1, .row_step = 2, .lane_step = 1}}};
static const struct vch_linear nine[] = {
    {SCALAR(MINUS_1), {.first = W + 30, .row_step = 3, .lane_step = 1}}};
static const struct vch_linear left[] = {{SCALAR(1), LIST(0, 1, 2, 3)}};
static const struct vch_linear right[] = {{LANES(1, 2), LIST(4, 5, P(0), 7)}};

static const struct vch_product product = {
    .coefficient = LANES(2, MINUS_1),
    .a = {LANES(1, 0), 1, left},
    .b = {SCALAR(3), 1, right},
};

// Lists of a row's or lane's K1 times K2 cells, and of each one's place at k1 = 0; "-" has none.
static const struct vch_matrix matrix = {
    .coefficient = LANES(1, 1, 5),
    .row_first = 1,
    .row_count = 2,
    .lane_first = 1,
    .lane_count = 2,
    .outer = 2,
    .inner = 3,
    .x = {.list = (const uint32_t[]){0, 1, 0, 3, 4, 0, 2, 0, 4, P(1), 0, 7},
          .outer_step = 3,
          .table = (const uint32_t[]){0, 1, NONE, 6, NONE, 8}},
    .w = {.list = (const uint32_t[]){W, 1, 2, 8, 4, 5, 7, 6, 0, 4, 1, 0},
          .outer_step = 3,
          .table = (const uint32_t[]){0, 1, 2, 6, 7, NONE}},
};

static struct vch_section sections[] = {
    {.kind = VCH_SECTION_LOOKUP,
     .rows = 2,
     .lanes = 3,
     .entry_count = 2,
     .entries = (const struct vch_expression[]){{.form = {SCALAR(0), 1, looked_up}},
                                                {.form = {LANES(1, 2, 3), 0, NULL}}}},
    {.kind = VCH_SECTION_LOOKUP,
     .table = 1,
     .rows = 1,
     .lanes = 1,
     .entry_count = 1,
     .entries = (const struct vch_expression[]){{.form = {SCALAR(0), 2, both}}}},
    {.kind = VCH_SECTION_TABLE,
     .rows = 1,
     .lanes = 7,
     .entry_count = 2,
     .entries = (const struct vch_expression[]){{.form = {LANES(1, 2, 3, 1, 2, 3, 9), 0, NULL}},
                                                {.form = {LANES(1, 2, 3, 2, 1, 3, 9), 0, NULL}}},
     .multiplicities = {.first = W + 10, .lane_step = 1}},
    {.kind = VCH_SECTION_TABLE,
     .table = 1,
     .rows = 3,
     .lanes = 1,
     .entry_count = 1,
     .entries = (const struct vch_expression[]){{.form = {SCALAR(1), 1, rows}}},
     .multiplicities = RUN(W + 20)},
    {.kind = VCH_SECTION_ZERO,
     .rows = 2,
     .lanes = 2,
     .entry_count = 1,
     .entries =
         (const struct vch_expression[]){
             {.form = {SCALAR(0), 1, four}, .product_count = 1, .products = &product}}},
    {.kind = VCH_SECTION_ZERO,
     .rows = 3,
     .lanes = 3,
     .entry_count = 1,
     .entries =
         (const struct vch_expression[]){
             {.form = {SCALAR(0), 1, nine}, .matrix_count = 1, .matrices = &matrix}}},
};

static struct vch_digest given_root(struct vch_arena *arena)
{
    static const int64_t values[] = {3, 1, 2, 5, 7, 9, 11, -4, 30};
    uint8_t seed[VCH_ORACLE_SEED_SIZE];
    struct vch_encoder encoder;
    struct vch_digest root;

    memset(seed, 1, sizeof seed);
    CHECK_OK(vch_encoder_init(&encoder, arena, VCH_CPU_PORTABLE, 9));
    CHECK_OK(vch_boundary_root(&root, &encoder, values, sizeof values / sizeof *values, seed, arena,
                               NULL));
    return root;
}

static size_t read_proof(uint8_t *proof)
{
    static const char here[] = "src/proof/vectors_test.c", file[] = __FILE__;
    char path[4096];

    (void)snprintf(path, sizeof path, "%.*stests/corpus/proof/tiny.proof",
                   (int)(sizeof file - sizeof here), file);
    FILE *opened = fopen(path, "rb");
    CHECK(opened != NULL);
    const size_t size = fread(proof, 1, ROOM, opened);
    CHECK(fclose(opened) == 0);
    return size;
}

static void check_shape(const struct vch_statement *s)
{
    const uint64_t shape[] = {s->log_columns,     s->oracle_count, s->oracles[0].rows,
                              s->oracles[1].rows, s->log_places,   s->log_zero_places,
                              s->log_slots};
    uint8_t bytes[sizeof shape];

    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        vch_put_u64le(bytes + 8 * i, shape[i]);
    test_spec_check(bytes, sizeof bytes, "proof.md", "shape");
}

TEST(the_proof_of_the_page_is_one_of_its_statement_alone)
{
    static uint8_t proof[ROOM];
    uint64_t public_values[] = {2, 10};
    struct vch_statement s = {
        .log_columns = 9,
        .oracle_count = 2,
        .oracles = {{.rows = 1}, {.rows = 1}},
        .public_count = 2,
        .public_values = public_values,
        .section_count = sizeof sections / sizeof *sections,
        .sections = sections,
    };
    const size_t size = read_proof(proof);
    const struct vch_digest digest = vch_hash_bytes(proof, size);
    struct vch_arena arena;

    vch_arena_init(&arena, (size_t)1 << 28);
    memset(s.context.bytes, 2, sizeof s.context.bytes);
    s.oracles[0].root = given_root(&arena);
    test_spec_check(s.oracles[0].root.bytes, 32, "proof.md", "given_root");
    test_spec_check(digest.bytes, sizeof digest.bytes, "proof.md", "proof_digest");
    CHECK_OK(vch_statement_seal(&s, NULL));
    check_shape(&s);
    CHECK_EQ(vch_statement_proof_size(&s), size);
    CHECK_OK(vch_proof_verify(&s, proof, size, VCH_CPU_PORTABLE, &arena, NULL));

    public_values[1] = 11; // in the matrix
    CHECK_FAILS(vch_proof_verify(&s, proof, size, VCH_CPU_PORTABLE, &arena, NULL), BAD_PROOF);
    public_values[1] = 10, public_values[0] = 3; // in the product
    CHECK_FAILS(vch_proof_verify(&s, proof, size, VCH_CPU_PORTABLE, &arena, NULL), BAD_PROOF);
    public_values[0] = 2;
    CHECK_OK(vch_proof_verify(&s, proof, size, VCH_CPU_PORTABLE, &arena, NULL));
    vch_arena_release(&arena);
}
