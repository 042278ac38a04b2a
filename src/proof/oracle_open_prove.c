// Columns that are opened, and rows that are combined.
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "proof/oracle_prover.h"

enum { PART = 512 }; // values of a combination that one task sums up

// The columns that are opened, as they will lie in the proof.
struct opening {
    const struct vch_oracle *oracle;
    const uint32_t *positions;
    uint8_t *columns;
    size_t column_size;
    uint64_t *scratch; // a codeword for each of `threads`, where none were kept
    size_t threads;
};

static void open_column(void *context, size_t i)
{
    const struct opening *o = context;
    const uint32_t position = o->positions[i];
    const size_t leaves = (size_t)1 << o->oracle->encoder->log_symbols;
    uint8_t salts[2][VCH_ORACLE_SALT_SIZE], *out = o->columns + i * o->column_size;

    VCH_ASSERT(position < leaves);
    vch_oracle_prover_salts(o->oracle, position / 2 * 2, 2, salts);
    memcpy(out, salts[position % 2], VCH_ORACLE_SALT_SIZE);
    vch_wipe(salts, sizeof salts);
    out += VCH_ORACLE_SALT_SIZE + 8 * vch_oracle_prover_rows(o->oracle);
    for (size_t node = leaves + position; node / 2 >= VCH_ORACLE_CAP; node /= 2) {
        memcpy(out, o->oracle->nodes[node ^ 1].bytes, VCH_DIGEST_SIZE);
        out += VCH_DIGEST_SIZE;
    }
}

static void open_row(const struct opening *o, size_t row, const uint64_t *codeword)
{
    uint8_t *out = o->columns + VCH_ORACLE_SALT_SIZE + 8 * row;

    for (size_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        vch_put_u64le(out + i * o->column_size,
                      codeword[vch_encoder_place(o->oracle->encoder, o->positions[i])]);
}

static void open_rows_kept(void *context, size_t row)
{
    const struct opening *o = context;

    open_row(o, row, o->oracle->codewords + (row << o->oracle->encoder->log_symbols));
}

// Every so many rows, from the first of them.
static void open_rows_again(void *context, size_t first)
{
    const struct opening *o = context;
    uint64_t *codeword = o->scratch + (first << o->oracle->encoder->log_symbols);

    for (size_t row = first; row < vch_oracle_prover_rows(o->oracle); row += o->threads) {
        vch_oracle_prover_encode(o->oracle, row, codeword);
        open_row(o, row, codeword);
    }
}

vch_status vch_oracle_prove_opening(const struct vch_oracle *oracle, uint8_t *out,
                                    const uint32_t positions[static VCH_ORACLE_POSITIONS],
                                    struct vch_arena *arena, struct vch_workers *workers)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    const size_t rows = vch_oracle_prover_rows(oracle),
                 cap = VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP;
    const struct vch_encoder *encoder = oracle->encoder;
    struct opening o = {oracle,    positions,
                        out + cap, vch_oracle_column_size(encoder->log_columns, rows),
                        NULL,      workers == NULL ? 1 : workers->thread_count};

    memcpy(out, oracle->nodes[VCH_ORACLE_CAP].bytes, cap);
    vch_workers_run(workers, open_column, &o, VCH_ORACLE_POSITIONS);
    if (oracle->codewords != NULL) {
        vch_workers_run(workers, open_rows_kept, &o, rows);
        return VCH_OK;
    }
    o.scratch = VCH_ARENA_NEW(arena, uint64_t, o.threads << encoder->log_symbols);
    if (o.scratch == NULL) return VCH_FAIL(NO_MEMORY);
    vch_workers_run(workers, open_rows_again, &o, o.threads);
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

struct combining {
    const struct vch_oracle *oracle;
    struct vch_planes out;
    struct vch_const_planes coefficients;
    size_t part; // values a task
};

// Values [part, part + part size) of D: the first C are cells, the others blinds.
static void combine_part(void *context, size_t index)
{
    const struct combining *c = context;
    const struct vch_oracle *oracle = c->oracle;
    const size_t columns = (size_t)1 << oracle->encoder->log_columns, first = index * c->part;
    const uint64_t *values =
        first < columns ? oracle->matrix.cells + first : oracle->blinds + (first - columns);

    for (size_t i = 0; i < oracle->matrix.row_count; i++)
        oracle->encoder->field.axpy_base(vch_planes_at(c->out, first), values + i * columns,
                                         vch_planes_get(c->coefficients, i), c->part);
}

void vch_oracle_prove_combination(const struct vch_oracle *oracle, struct vch_planes out,
                                  struct vch_const_planes coefficients, struct vch_workers *workers)
{
    const size_t columns = (size_t)1 << oracle->encoder->log_columns;
    struct combining c = {oracle, out, coefficients, columns < PART ? columns : PART};

    vch_workers_run(workers, combine_part, &c, 2 * columns / c.part);
}
