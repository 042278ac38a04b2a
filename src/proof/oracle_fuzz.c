// Any bytes in place of an opening, and any change to an honest one: the honest one alone is
// accepted.
//
// The first byte says what the others are: 0 changes of an honest opening, each an offset of three
// bytes and what is xored there; 1 how many bytes of it there are, as three bytes; 2 the opening.
#include <string.h>

#include "base/check.h"
#include "proof/oracle_prove.h"
#include "proof/oracle_verify.h"

enum { LOG_COLUMNS = 9, C = 1 << LOG_COLUMNS, ROWS = 2, ROOM = 1 << 22, CHANGE = 4 };
enum kind { KIND_CHANGES, KIND_PREFIX, KIND_BYTES, KIND_COUNT };

static struct vch_arena honest_arena;
static struct vch_encoder encoder;
static struct vch_digest root;
static uint32_t positions[VCH_ORACLE_POSITIONS];
static uint8_t honest[1 << 17], changed[1 << 17];
static size_t honest_size;

static void make_honest(void)
{
    static uint64_t cells[ROWS * C];
    static const uint8_t seed[VCH_ORACLE_SEED_SIZE] = "of everything that is fuzzed";
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = ROWS, .seed = seed};
    struct vch_oracle oracle;

    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        cells[i] = i * i;
    for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        positions[i] = 27 * i;
    honest_size = vch_oracle_opening_size(LOG_COLUMNS, ROWS);
    VCH_ASSERT(honest_size <= sizeof honest);
    vch_arena_init(&honest_arena, ROOM);
    VCH_ASSERT(vch_is_ok(vch_encoder_init(&encoder, &honest_arena, VCH_CPU_PORTABLE, LOG_COLUMNS)));
    VCH_ASSERT(vch_is_ok(vch_oracle_prove(&oracle, &matrix, &encoder, true, &honest_arena, NULL)));
    VCH_ASSERT(
        vch_is_ok(vch_oracle_prove_opening(&oracle, honest, positions, &honest_arena, NULL)));
    root = oracle.root;
}

static void check(const uint8_t *bytes, size_t size)
{
    struct vch_arena arena;
    struct vch_reader reader = {.bytes = bytes, .size = size};
    struct vch_oracle_columns columns;

    vch_arena_init(&arena, ROOM);
    const vch_status status =
        vch_oracle_verify(&columns, &reader, &encoder, &root, ROWS, positions, &arena);
    const bool is_honest = size >= honest_size && memcmp(bytes, honest, honest_size) == 0;
    VCH_ASSERT(vch_is_ok(status) == is_honest);
    VCH_ASSERT(!is_honest || reader.offset == honest_size);
    for (size_t i = 0; is_honest && i < (size_t)ROWS * VCH_ORACLE_POSITIONS; i++)
        VCH_ASSERT(vch_fp_is_canonical(columns.symbols[i]));
    vch_arena_release(&arena);
}

static size_t u24(const uint8_t *bytes)
{
    return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16;
}

static void check_changes(const uint8_t *changes, size_t size)
{
    memcpy(changed, honest, honest_size);
    for (size_t i = 0; i + CHANGE <= size; i += CHANGE)
        changed[u24(changes + i) % honest_size] ^= changes[i + 3];
    check(changed, honest_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (honest_size == 0) make_honest();
    if (size == 0) return 0;
    const enum kind kind = data[0] % KIND_COUNT;
    if (kind == KIND_CHANGES) check_changes(data + 1, size - 1);
    if (kind == KIND_PREFIX && size > 3) check(honest, u24(data + 1) % (honest_size + 1));
    if (kind == KIND_BYTES) check(data + 1, size - 1);
    return 0;
}
