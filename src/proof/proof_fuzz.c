// Proofs that were tampered with: a valid one, made once, and what the input says is done to it.
//
// An input is a list of edits of 12 bytes: which part, where in it, what is done, and with what.
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "harness/proofs.h"

enum { EDIT = 12, EDITS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct made_shape shape = {9, 2, 1, 1, 1, 4, 3, 3, true, true};
static struct proving proving;
static struct vch_arena arena, scratch;
static uint8_t *valid;

enum part { ROOT, SAID, TRIPLES, SIGMA, V1, V2, CAP, SALT, SYMBOL, PATH, ANYWHERE, PARTS };

static void make(void)
{
    vch_arena_init(&arena, (size_t)1 << 28);
    vch_arena_init(&scratch, (size_t)1 << 26);
    proving_init(&proving, &shape, 1, vch_cpu_level(NULL), &arena);
    VCH_ASSERT(vch_is_ok(proving_prove(&proving, NULL, NULL)));
    valid = (uint8_t *)made_alloc(&proving.made, proving.size, 1);
    memcpy(valid, proving.proof, proving.size);
}

struct range {
    size_t first, size;
};

// The `which`th column of an oracle, and in it salt, symbols or siblings.
static struct range column_part(enum part part, size_t which, size_t openings)
{
    const struct vch_statement *statement = &proving.made.statement;
    const size_t rows = statement->oracles[0].rows;
    const size_t column = vch_oracle_column_size(statement->log_columns, rows);
    const size_t first =
        openings + VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP + which % VCH_ORACLE_POSITIONS * column;

    if (part == SALT) return (struct range){first, VCH_ORACLE_SALT_SIZE};
    if (part == SYMBOL) return (struct range){first + VCH_ORACLE_SALT_SIZE, 8 * rows};
    const size_t path = VCH_ORACLE_SALT_SIZE + 8 * rows;
    return (struct range){first + path, column - path};
}

static struct range range_of(enum part part, size_t which)
{
    const struct vch_statement *statement = &proving.made.statement;
    const size_t sizes[] = {[ROOT] = VCH_DIGEST_SIZE,
                            [SAID] = 16 * (size_t)statement->message_count,
                            [TRIPLES] = 32 * (size_t)statement->product_count,
                            [SIGMA] = 16,
                            [V1] = (size_t)32 << statement->log_columns,
                            [V2] = (size_t)16 << statement->log_pad_row,
                            [CAP] = VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP};
    size_t first = 0;

    if (part >= ANYWHERE) return (struct range){0, proving.size};
    for (enum part before = ROOT; before < part && before < CAP; before++)
        first += sizes[before];
    if (part > CAP) return column_part(part, which, first);
    return (struct range){first, sizes[part]};
}

// One edit: an exclusive or, a number that is set, or a word that is copied from elsewhere.
static void edit(const uint8_t *bytes)
{
    const uint32_t at = vch_get_u32le(bytes + 1);
    const struct range range = range_of((enum part)(bytes[0] % PARTS), at >> 16);
    uint8_t *byte = proving.proof + range.first + at % range.size;
    uint8_t *word = proving.proof + range.first + (at % range.size & ~(size_t)7);
    const uint8_t *from = valid + vch_get_u32le(bytes + 6) % (proving.size - 8);

    switch (bytes[5] % 4) {
    case 0: *byte ^= bytes[6]; return;
    case 1: vch_put_u64le(word, VCH_FP_P - 2 + bytes[6] % 4); return;
    case 2: memcpy(word, from, 8); return;
    default: vch_put_u64le(word, vch_get_u32le(bytes + 6)); return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (valid == NULL) make();
    memcpy(proving.proof, valid, proving.size);
    for (size_t i = 0; i < EDITS_MAX && (i + 1) * EDIT <= size; i++)
        edit(data + i * EDIT);
    // What is left over says how long the proof is: whole, or cut, or lengthened by nothing.
    const size_t left = size < (size_t)EDITS_MAX * EDIT ? size % EDIT : 0;
    const size_t cut = left < 4 ? 0 : vch_get_u32le(data + size - 4) % proving.size;

    const bool is_same = cut == 0 && memcmp(proving.proof, valid, proving.size) == 0;
    struct vch_complaint complaint = {0};
    vch_status status = vch_proof_verify(&proving.made.statement, proving.proof, proving.size - cut,
                                         proving.level, &scratch, &complaint);
    VCH_ASSERT(vch_is_ok(status) == is_same);
    VCH_ASSERT(is_same || (status.code == VCH_CODE_BAD_PROOF && complaint.text[0] != '\0'));
    return 0;
}
