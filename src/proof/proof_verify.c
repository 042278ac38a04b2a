#include "proof/proof_verify.h"

#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "proof/functional.h"
#include "proof/oracle_verify.h"
#include "proof/walk.h"

enum { EXTENSION_SIZE = 16 };

struct job {
    const struct vch_statement *statement;
    struct vch_reader reader;
    struct vch_encoder encoder;
    struct vch_arena *arena;
    struct vch_complaint *complaint;

    struct vch_digest root; // of the witness
    struct vch_ext *said, *triples, sigma, g;
    struct vch_planes v1, v2;
    struct vch_walk walk;
    uint32_t positions[VCH_ORACLE_POSITIONS];
    struct vch_planes row_weights, column_weights; // eq(r, .) of the cells' numbers, in two parts
};

static vch_status refuse(const struct job *job, const char *what)
{
    return vch_complain(job->complaint, VCH_CODE_BAD_PROOF, "the proof does not hold: %s", what);
}

static vch_status read_ext(struct job *job, struct vch_ext *out)
{
    const uint8_t *bytes;

    VCH_TRY(vch_reader_bytes(&job->reader, EXTENSION_SIZE, &bytes));
    *out = (struct vch_ext){{vch_get_u64le(bytes), vch_get_u64le(bytes + 8)}};
    return vch_ext_is_canonical(*out) ? VCH_OK
                                      : refuse(job, "a number in it is no element of the field");
}

static vch_status read_exts(struct job *job, struct vch_ext **out, size_t count)
{
    *out = VCH_ARENA_NEW(job->arena, struct vch_ext, count);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        VCH_TRY(read_ext(job, *out + i));
    return VCH_OK;
}

static vch_status read_planes(struct job *job, struct vch_planes *out, size_t count)
{
    *out = vch_weights_planes(job->arena, count);
    if (out->c1 == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        struct vch_ext value;
        VCH_TRY(read_ext(job, &value));
        vch_planes_set(*out, i, value);
    }
    return VCH_OK;
}

// Sections 5 to 9, as far as they were said.
static vch_status hear(struct job *job)
{
    const struct vch_statement *statement = job->statement;
    const uint8_t *root;

    VCH_TRY(vch_reader_bytes(&job->reader, VCH_DIGEST_SIZE, &root));
    memcpy(job->root.bytes, root, VCH_DIGEST_SIZE);
    VCH_TRY(read_exts(job, &job->said, statement->message_count));
    VCH_TRY(read_exts(job, &job->triples, 2 * (size_t)statement->product_count));
    return vch_walk(&job->walk, statement, &job->root, job->said, job->triples, job->arena);
}

// The rows of section 10, and which columns are to be opened.
static vch_status hear_rows(struct job *job)
{
    const size_t length = (size_t)1 << job->encoder.log_length;
    const size_t pad_length = (size_t)1 << job->statement->log_pad_row;
    struct vch_challenge *challenge = &job->walk.challenge;

    VCH_TRY(read_ext(job, &job->sigma));
    vch_challenge_absorb_exts(challenge, "opening", &job->sigma, 1);
    job->g = vch_challenge_one(challenge, "mask");

    const uint8_t *rows = job->reader.bytes + job->reader.offset;
    VCH_TRY(read_planes(job, &job->v1, length));
    VCH_TRY(read_planes(job, &job->v2, pad_length));
    vch_challenge_absorb(challenge, "rows", rows, EXTENSION_SIZE * (length + pad_length));
    vch_challenge_positions(challenge, "columns", job->positions, VCH_ORACLE_POSITIONS,
                            job->encoder.log_symbols);
    return VCH_OK;
}

static vch_status weigh_cells(struct job *job)
{
    const struct vch_statement *statement = job->statement;
    const uint32_t c = statement->log_columns;
    const struct vch_ext one = vch_ext_from_base(1);

    job->row_weights = vch_weights_planes(job->arena, statement->row_count);
    job->column_weights = vch_weights_planes(job->arena, (size_t)1 << c);
    if (job->row_weights.c1 == NULL || job->column_weights.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    vch_weights_range(job->row_weights, &job->encoder.field, job->walk.point + c,
                      statement->log_cells - c, 0, statement->row_count, one);
    job->encoder.field.eq_table(job->column_weights, job->walk.point, c, one);
    return VCH_OK;
}

// The columns are under their roots, and the rows are what the columns say.
static vch_status check_columns(struct job *job)
{
    const struct vch_statement *statement = job->statement;
    const uint32_t last = statement->oracle_count - 1;
    struct vch_oracle_columns columns[VCH_STATEMENT_ORACLES_MAX];

    for (uint32_t i = 0; i <= last; i++) {
        const struct vch_oracle_shape *shape = &statement->oracles[i];
        const uint32_t rows = shape->rows + (i == last ? VCH_ORACLE_EXTRA_ROWS : 0);
        vch_status status = vch_oracle_verify(&columns[i], &job->reader, &job->encoder,
                                              i == last ? &job->root : &shape->root, rows,
                                              job->positions, job->arena);
        if (status.code == VCH_CODE_BAD_PROOF)
            return vch_complain(job->complaint, VCH_CODE_BAD_PROOF,
                                "the proof does not hold: a column of oracle %u is not its "
                                "commitment's",
                                i);
        VCH_TRY(status);
    }
    VCH_TRY(weigh_cells(job));
    const struct vch_oracle_combination combination = {.g = job->g,
                                                       .oracle_count = statement->oracle_count,
                                                       .oracles = columns,
                                                       .coefficients =
                                                           vch_planes_const(job->row_weights),
                                                       .v1 = vch_planes_const(job->v1),
                                                       .v2 = vch_planes_const(job->v2),
                                                       .log_pad_row = statement->log_pad_row};
    vch_status status =
        vch_oracle_verify_combination(&combination, &job->encoder, job->positions, job->arena);
    if (status.code == VCH_CODE_BAD_PROOF)
        return refuse(job, "its rows are not what the opened columns say");
    return status;
}

// V~ at the point.
static struct vch_ext evaluate(const struct job *job, struct vch_planes values)
{
    const size_t columns = (size_t)1 << job->statement->log_columns;
    struct vch_ext sum = vch_ext_from_base(0);

    for (size_t row = 0; row < job->statement->row_count; row++) {
        const struct vch_const_planes from = vch_planes_const(vch_planes_at(values, row * columns));
        const struct vch_ext value =
            job->encoder.field.dot(vch_planes_const(job->column_weights), from, columns);
        const struct vch_ext weight = vch_planes_get(vch_planes_const(job->row_weights), row);
        sum = vch_ext_add(sum, vch_ext_mul(weight, value));
    }
    return sum;
}

// kappa <eq, v1> + <ell, v2> = g rhs + sigma
static vch_status check_equation(struct job *job)
{
    const struct vch_statement *statement = job->statement;
    const size_t columns = (size_t)1 << statement->log_columns;
    struct vch_functional functional = {
        .values = vch_weights_planes(job->arena, statement->row_count * columns)};
    struct vch_walk_equation equation = {
        .ell = VCH_ARENA_NEW(job->arena, struct vch_ext, statement->pad_count)};

    if (functional.values.c1 == NULL || equation.ell == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_functional_sum(&functional, statement, &job->walk.weights, &job->encoder.field,
                               job->arena));
    vch_walk_equation(&job->walk, functional.constant, evaluate(job, functional.values), &equation);

    struct vch_ext left = job->encoder.field.dot(vch_planes_const(job->column_weights),
                                                 vch_planes_const(job->v1), columns);
    left = vch_ext_mul(equation.kappa, left);
    for (uint32_t i = 0; i < statement->pad_count; i++)
        left = vch_ext_add(
            left, vch_ext_mul(equation.ell[i], vch_planes_get(vch_planes_const(job->v2), i)));
    const struct vch_ext right = vch_ext_add(vch_ext_mul(job->g, equation.rhs), job->sigma);
    return vch_ext_is_equal(left, right) ? VCH_OK : refuse(job, "its numbers do not add up");
}

static vch_status verify(struct job *job, enum vch_cpu_level level)
{
    const size_t size = vch_statement_proof_size(job->statement);

    if (job->reader.size != size)
        return vch_complain(job->complaint, VCH_CODE_BAD_PROOF,
                            "the proof has %zu bytes, expected %zu", job->reader.size, size);
    VCH_TRY(vch_encoder_init(&job->encoder, job->arena, level, job->statement->log_columns));
    VCH_TRY(hear(job));
    VCH_TRY(hear_rows(job));
    VCH_TRY(check_columns(job));
    if (job->reader.offset != size) return refuse(job, "bytes are left over");
    return check_equation(job);
}

vch_status vch_proof_verify(const struct vch_statement *statement, const void *proof, size_t size,
                            enum vch_cpu_level level, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    struct job *job = VCH_ARENA_NEW(arena, struct job, 1);

    if (job == NULL) return VCH_FAIL(NO_MEMORY);
    *job = (struct job){
        .statement = statement, .reader = {proof, size, 0}, .arena = arena, .complaint = complaint};
    vch_status status = verify(job, level);
    vch_arena_rewind(arena, mark);
    return status;
}
