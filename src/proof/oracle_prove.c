#include "proof/oracle_prove.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "proof/random.h"

enum {
    PREFIX_BLIND = 0x03,
    PREFIX_SALTS = 0x04,
    TILE = 32,  // symbols of each coset whose columns one task hashes
    PART = 512, // values of a combination that one task sums up
};

_Static_assert(sizeof(struct vch_digest) == VCH_SHA256_SIZE, "nodes are hashed in place");

static size_t row_total(const struct vch_oracle_matrix *matrix)
{
    return (size_t)matrix->row_count + matrix->extra_count;
}

static void derive(uint8_t key[static VCH_STREAM_KEY_SIZE], uint8_t prefix, const uint8_t *seed,
                   const uint64_t *index)
{
    uint8_t bytes[1 + VCH_ORACLE_SEED_SIZE + 8] = {prefix};

    memcpy(bytes + 1, seed, VCH_ORACLE_SEED_SIZE);
    if (index != NULL) vch_put_u64le(bytes + 1 + VCH_ORACLE_SEED_SIZE, *index);
    struct vch_digest digest = vch_hash_bytes(bytes, sizeof bytes - (index == NULL ? 8 : 0));
    memcpy(key, digest.bytes, VCH_STREAM_KEY_SIZE);
    vch_wipe(&digest, sizeof digest);
    vch_wipe(bytes, sizeof bytes);
}

// The salts of columns [2 first, 2 first + 2 count): two to a block of the key stream.
static void salts_of(uint8_t *out, const struct vch_oracle *oracle, uint32_t first, uint32_t count)
{
    uint8_t key[VCH_STREAM_KEY_SIZE];

    derive(key, PREFIX_SALTS, oracle->matrix.seed, NULL);
    vch_stream_bytes(out, (size_t)count * VCH_STREAM_BLOCK_SIZE, key, first);
    vch_wipe(key, sizeof key);
}

// Rows that are encoded: row i's memory begins at rows + i * stride.
struct encoding {
    const struct vch_oracle *oracle;
    uint64_t *blinds; // NULL once they are there
    uint64_t *rows;
    size_t stride;
    void (*encode)(const struct vch_encoder *encoder, uint64_t *row);
};

static const uint64_t *blind_of(const struct encoding *e, size_t i)
{
    const uint64_t index = i;
    const size_t columns = (size_t)1 << e->oracle->encoder->log_columns;
    uint8_t key[VCH_STREAM_KEY_SIZE];

    if (e->blinds == NULL) return e->oracle->blinds + i * columns;
    derive(key, PREFIX_BLIND, e->oracle->matrix.seed, &index);
    vch_random_elements(e->blinds + i * columns, columns, key);
    vch_wipe(key, sizeof key);
    return e->blinds + i * columns;
}

// From what row i is made of to the coefficients of its polynomial, ready to be evaluated.
static void load_row(const struct encoding *e, size_t i, uint64_t *row)
{
    const struct vch_oracle_matrix *matrix = &e->oracle->matrix;
    const struct vch_encoder *encoder = e->oracle->encoder;
    const size_t columns = (size_t)1 << encoder->log_columns;

    if (i < matrix->row_count) {
        memcpy(row, matrix->cells + i * columns, columns * sizeof *row);
        memcpy(row + columns, blind_of(e, i), columns * sizeof *row);
        vch_encoder_interpolate(encoder, row, encoder->log_length);
        return;
    }
    const struct vch_oracle_row *extra = &matrix->extras[i - matrix->row_count];
    memcpy(row, extra->values, sizeof *row << extra->log_length);
    vch_encoder_interpolate(encoder, row, extra->log_length);
}

static void encode_row(void *context, size_t i)
{
    const struct encoding *e = context;
    uint64_t *row = e->rows + i * e->stride;

    load_row(e, i, row);
    e->encode(e->oracle->encoder, row);
}

static void advance_row(void *context, size_t i)
{
    const struct encoding *e = context;

    vch_encoder_advance(e->oracle->encoder, e->rows + i * e->stride);
    e->encode(e->oracle->encoder, e->rows + i * e->stride);
}

// Columns that are hashed: `cosets` of them from `coset` on, which lie a row's D apart.
struct hashing {
    const struct vch_oracle *oracle;
    const uint64_t *rows;
    size_t stride;
    unsigned coset, cosets;
    struct vch_digest *leaves;
};

// Symbols m of [TILE tile, TILE (tile + 1)) of these cosets, whose columns are 4 m + k.
static void hash_tile(void *context, size_t tile)
{
    const struct hashing *h = context;
    const struct vch_encoder *encoder = h->oracle->encoder;
    const size_t m = tile * TILE, rows = row_total(&h->oracle->matrix);
    uint8_t salts[VCH_ENCODER_COSETS * TILE][VCH_ORACLE_SALT_SIZE];
    uint8_t ours[TILE][VCH_ORACLE_SALT_SIZE], digests[TILE][VCH_SHA256_SIZE];

    salts_of(salts[0], h->oracle, (uint32_t)(VCH_ENCODER_COSETS * m / 2),
             VCH_ENCODER_COSETS * TILE / 2);
    for (unsigned k = h->coset; k < h->coset + h->cosets; k++) {
        const uint64_t *from = h->rows + ((size_t)(k - h->coset) << encoder->log_length) + m;
        for (size_t i = 0; i < TILE; i++)
            memcpy(ours[i], salts[VCH_ENCODER_COSETS * i + k], sizeof ours[i]);
        vch_sha256_columns(&encoder->sha256, digests, from, h->stride, rows,
                           (const uint8_t(*)[VCH_ORACLE_SALT_SIZE])ours, 0, TILE);
        for (size_t i = 0; i < TILE; i++)
            memcpy(h->leaves[VCH_ENCODER_COSETS * (m + i) + k].bytes, digests[i], VCH_SHA256_SIZE);
    }
    vch_wipe(salts, sizeof salts);
    vch_wipe(ours, sizeof ours);
}

static void hash_columns(const struct hashing *h, struct vch_workers *workers)
{
    struct hashing copy = *h;

    vch_workers_run(workers, hash_tile, &copy,
                    ((size_t)1 << h->oracle->encoder->log_length) / TILE);
}

struct growing {
    const struct vch_sha256_kernels *sha256;
    struct vch_digest *nodes;
    size_t leaves;
};

// The nodes [first, first + count) of one level.
static void grow_nodes(const struct growing *g, size_t first, size_t count)
{
    vch_sha256_parents(g->sha256, (uint8_t(*)[VCH_SHA256_SIZE])g->nodes[first].bytes,
                       (const uint8_t(*)[VCH_SHA256_SIZE])g->nodes[2 * first].bytes, count);
}

// The subtree under node CAP + i of the cap, from its leaves up.
static void grow_subtree(void *context, size_t i)
{
    const struct growing *g = context;

    for (size_t width = g->leaves / VCH_ORACLE_CAP / 2; width >= 1; width /= 2)
        grow_nodes(g, (VCH_ORACLE_CAP + i) * width, width);
}

static void grow_tree(const struct vch_encoder *encoder, struct vch_digest *nodes, size_t leaves,
                      struct vch_workers *workers)
{
    struct growing growing = {&encoder->sha256, nodes, leaves};

    vch_workers_run(workers, grow_subtree, &growing, VCH_ORACLE_CAP);
    for (size_t width = VCH_ORACLE_CAP / 2; width >= 1; width /= 2)
        grow_nodes(&growing, width, width);
}

// All codewords, and then their columns.
static vch_status hash_kept(struct vch_oracle *oracle, uint64_t *blinds, struct vch_digest *leaves,
                            struct vch_arena *arena, struct vch_workers *workers)
{
    const size_t rows = row_total(&oracle->matrix), n = (size_t)1 << oracle->encoder->log_symbols;
    uint64_t *codewords = VCH_ARENA_NEW(arena, uint64_t, rows * n);
    struct encoding encoding = {oracle, blinds, codewords, n, vch_encoder_extend};
    const struct hashing hashing = {oracle, codewords, n, 0, VCH_ENCODER_COSETS, leaves};

    if (codewords == NULL) return VCH_FAIL(NO_MEMORY);
    oracle->codewords = codewords;
    vch_workers_run(workers, encode_row, &encoding, rows);
    hash_columns(&hashing, workers);
    return VCH_OK;
}

// One coset after another, in the same memory.
static vch_status hash_passing(const struct vch_oracle *oracle, uint64_t *blinds,
                               struct vch_digest *leaves, struct vch_arena *arena,
                               struct vch_workers *workers)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    const size_t rows = row_total(&oracle->matrix),
                 length = (size_t)1 << oracle->encoder->log_length;
    uint64_t *coset = VCH_ARENA_NEW(arena, uint64_t, rows * length);
    struct encoding encoding = {oracle, blinds, coset, length, vch_encoder_evaluate};

    if (coset == NULL) return VCH_FAIL(NO_MEMORY);
    for (unsigned k = 0; k < VCH_ENCODER_COSETS; k++) {
        const struct hashing hashing = {oracle, coset, length, k, 1, leaves};
        vch_workers_run(workers, k == 0 ? encode_row : advance_row, &encoding, rows);
        hash_columns(&hashing, workers);
    }
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

vch_status vch_oracle_prove(struct vch_oracle *oracle, const struct vch_oracle_matrix *matrix,
                            const struct vch_encoder *encoder, bool keeps_codewords,
                            struct vch_arena *arena, struct vch_workers *workers)
{
    const size_t cells = (size_t)matrix->row_count << encoder->log_columns;
    const size_t leaves = (size_t)1 << encoder->log_symbols;
    uint64_t *blinds = VCH_ARENA_NEW(arena, uint64_t, cells);
    struct vch_digest *nodes = VCH_ARENA_NEW(arena, struct vch_digest, 2 * leaves);

    VCH_ASSERT(leaves >= 2 * VCH_ORACLE_CAP && leaves >= VCH_ENCODER_COSETS * TILE);
    if (blinds == NULL || nodes == NULL) return VCH_FAIL(NO_MEMORY);
    *oracle = (struct vch_oracle){
        .matrix = *matrix, .encoder = encoder, .blinds = blinds, .nodes = nodes};
    VCH_TRY(keeps_codewords ? hash_kept(oracle, blinds, nodes + leaves, arena, workers)
                            : hash_passing(oracle, blinds, nodes + leaves, arena, workers));
    grow_tree(encoder, nodes, leaves, workers);
    oracle->root = nodes[1];
    return VCH_OK;
}

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
    salts_of(salts[0], o->oracle, position / 2, 1);
    memcpy(out, salts[position % 2], VCH_ORACLE_SALT_SIZE);
    vch_wipe(salts, sizeof salts);
    out += VCH_ORACLE_SALT_SIZE + 8 * row_total(&o->oracle->matrix);
    for (size_t node = leaves + position; node >= 2 * VCH_ORACLE_CAP; node /= 2) {
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
    const struct encoding encoding = {.oracle = o->oracle};
    uint64_t *codeword = o->scratch + (first << o->oracle->encoder->log_symbols);

    for (size_t row = first; row < row_total(&o->oracle->matrix); row += o->threads) {
        load_row(&encoding, row, codeword);
        vch_encoder_extend(o->oracle->encoder, codeword);
        open_row(o, row, codeword);
    }
}

vch_status vch_oracle_prove_opening(const struct vch_oracle *oracle, uint8_t *out,
                                    const uint32_t positions[static VCH_ORACLE_POSITIONS],
                                    struct vch_arena *arena, struct vch_workers *workers)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    const size_t rows = row_total(&oracle->matrix), cap = VCH_DIGEST_SIZE * VCH_ORACLE_CAP;
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
