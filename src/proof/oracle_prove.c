#include "proof/oracle_prove.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "proof/oracle_prover.h"

enum {
    TILE = 32,               // symbols of each coset whose columns one task hashes
    BLOCK_SYMBOLS = 1 << 20, // of rows that are hashed while they are near
    LOG_COLUMNS_MIN = 5,     // n is at least twice the cap, and four tiles
    ROWS_STEP = 8,           // what vch_sha256_columns_update takes
};

_Static_assert(sizeof(struct vch_digest) == VCH_SHA256_SIZE, "nodes are hashed in place");

// An oracle that is made: a block of rows after the other is encoded, and hashed.
struct making {
    const struct vch_oracle *oracle;
    uint64_t *blinds;
    struct vch_sha256_column *columns; // in the order in which codewords lie
    struct vch_digest *leaves;
    uint64_t *block; // codewords of rows [first, first + count)
    size_t first, count;
};

static void encode_row(void *context, size_t i)
{
    const struct making *m = context;
    const struct vch_encoder *encoder = m->oracle->encoder;
    const size_t row = m->first + i;

    if (row < m->oracle->matrix.row_count)
        vch_oracle_prover_draw_blinds(m->oracle, row, m->blinds + (row << encoder->log_columns));
    vch_oracle_prover_encode(m->oracle, row, m->block + (i << encoder->log_symbols));
}

// Columns 4 m + k of the tile, for each coset k.
static void init_tile(const struct making *m, size_t tile)
{
    const size_t first = tile * TILE;
    uint8_t salts[VCH_ENCODER_COSETS * TILE][VCH_ORACLE_SALT_SIZE];
    uint8_t ours[TILE][VCH_ORACLE_SALT_SIZE];

    vch_oracle_prover_salts(m->oracle, (uint32_t)(VCH_ENCODER_COSETS * first),
                            VCH_ENCODER_COSETS * TILE, salts);
    for (size_t k = 0; k < VCH_ENCODER_COSETS; k++) {
        for (size_t i = 0; i < TILE; i++)
            memcpy(ours[i], salts[VCH_ENCODER_COSETS * i + k], sizeof ours[i]);
        vch_sha256_columns_init(m->columns + (k << m->oracle->encoder->log_length) + first,
                                (const uint8_t(*)[VCH_ORACLE_SALT_SIZE])ours, TILE);
    }
    vch_wipe(salts, sizeof salts);
    vch_wipe(ours, sizeof ours);
}

static void finish_tile(const struct making *m, size_t tile)
{
    const struct vch_encoder *encoder = m->oracle->encoder;
    uint8_t digests[TILE][VCH_SHA256_SIZE];

    for (size_t k = 0; k < VCH_ENCODER_COSETS; k++) {
        const size_t first = tile * TILE, at = (k << encoder->log_length) + first;
        vch_sha256_columns_final(&encoder->sha256, digests, m->columns + at, m->block + at,
                                 (size_t)1 << encoder->log_symbols, m->count,
                                 vch_oracle_prover_rows(m->oracle), TILE);
        for (size_t i = 0; i < TILE; i++)
            memcpy(m->leaves[VCH_ENCODER_COSETS * (first + i) + k].bytes, digests[i],
                   VCH_SHA256_SIZE);
    }
}

static void hash_tile(void *context, size_t tile)
{
    const struct making *m = context;
    const struct vch_encoder *encoder = m->oracle->encoder;

    if (m->first == 0) init_tile(m, tile);
    if (m->first + m->count == vch_oracle_prover_rows(m->oracle)) {
        finish_tile(m, tile);
        return;
    }
    for (size_t k = 0; k < VCH_ENCODER_COSETS; k++) {
        const size_t at = (k << encoder->log_length) + tile * TILE;
        vch_sha256_columns_update(&encoder->sha256, m->columns + at, m->block + at,
                                  (size_t)1 << encoder->log_symbols, m->count, TILE);
    }
}

// How many rows a block has: what caches hold, and something for each thread.
static size_t block_rows(size_t n, const struct vch_workers *workers)
{
    const size_t near = (size_t)BLOCK_SYMBOLS / n;
    const size_t threads = workers != NULL ? workers->thread_count : 1;
    const size_t rows = near > threads ? near : threads;

    return (rows + ROWS_STEP - 1) / ROWS_STEP * ROWS_STEP;
}

static vch_status make_leaves(struct vch_oracle *oracle, uint64_t *blinds,
                              struct vch_digest *leaves, uint64_t *codewords,
                              struct vch_arena *arena, struct vch_workers *workers)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    const size_t n = (size_t)1 << oracle->encoder->log_symbols;
    const size_t rows = vch_oracle_prover_rows(oracle), step = block_rows(n, workers);
    struct making making = {oracle, blinds, .leaves = leaves};

    making.columns = VCH_ARENA_NEW(arena, struct vch_sha256_column, n);
    making.block = codewords != NULL
                       ? codewords
                       : VCH_ARENA_NEW(arena, uint64_t, n * (rows < step ? rows : step));
    if (making.columns == NULL || making.block == NULL) return VCH_FAIL(NO_MEMORY);
    for (; making.first < rows; making.first += making.count) {
        making.count = rows - making.first < step ? rows - making.first : step;
        if (codewords != NULL) making.block = codewords + making.first * n;
        vch_workers_run(workers, encode_row, &making, making.count);
        vch_workers_run(workers, hash_tile, &making, n / VCH_ENCODER_COSETS / TILE);
    }
    vch_arena_rewind(arena, mark);
    return VCH_OK;
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

vch_status vch_oracle_prove(struct vch_oracle *oracle, const struct vch_oracle_matrix *matrix,
                            const struct vch_encoder *encoder, bool keeps_codewords,
                            struct vch_arena *arena, struct vch_workers *workers)
{
    const size_t leaves = (size_t)1 << encoder->log_symbols;
    const size_t rows = (size_t)matrix->row_count + matrix->extra_count;
    const size_t cells = (size_t)matrix->row_count << encoder->log_columns;
    uint64_t *blinds = VCH_ARENA_NEW(arena, uint64_t, cells), *codewords = NULL;
    struct vch_digest *nodes = VCH_ARENA_NEW(arena, struct vch_digest, 2 * leaves);

    VCH_ASSERT(rows > 0);
    VCH_ASSERT(encoder->log_columns >= LOG_COLUMNS_MIN);
    if (keeps_codewords) codewords = VCH_ARENA_NEW(arena, uint64_t, rows * leaves);
    if (blinds == NULL || nodes == NULL) return VCH_FAIL(NO_MEMORY);
    if (keeps_codewords && codewords == NULL) return VCH_FAIL(NO_MEMORY);
    *oracle = (struct vch_oracle){.matrix = *matrix,
                                  .encoder = encoder,
                                  .blinds = blinds,
                                  .codewords = codewords,
                                  .nodes = nodes};
    VCH_TRY(make_leaves(oracle, blinds, nodes + leaves, codewords, arena, workers));
    grow_tree(encoder, nodes, leaves, workers);
    oracle->root = nodes[1];
    return VCH_OK;
}

size_t vch_oracle_prove_memory(size_t rows, unsigned log_columns, bool keeps_codewords,
                               const struct vch_workers *workers)
{
    const size_t columns = (size_t)1 << log_columns, n = 8 * columns;
    const size_t step = block_rows(n, workers);
    const size_t a_row = sizeof(uint64_t) * n; // encoded
    const size_t encoded = keeps_codewords || rows < step ? rows * a_row : step * a_row;

    return rows * columns * sizeof(uint64_t) + encoded +
           n * (2 * sizeof(struct vch_digest) + sizeof(struct vch_sha256_column));
}
