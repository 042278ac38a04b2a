// The proof file and its opening as bytes.
#include "annex/proof_file.h"

#include <string.h>

#include "annex/proof_opening.h"
#include "base/bytes.h"
#include "harness/test.h"

static struct vch_arena arena;
static const uint8_t proof[50] = {1, 2, 3};

static void make(uint8_t **bytes, size_t *size)
{
    const struct vch_proof_file file = {.first = 2,
                                        .last = 5,
                                        .batch = 3,
                                        .model = {{1}},
                                        .annex = {{2}},
                                        .job = {{3}},
                                        .input = {{4}},
                                        .output = {{5}},
                                        .proof = proof,
                                        .proof_size = sizeof proof};

    vch_arena_init(&arena, 1 << 20);
    CHECK_OK(vch_proof_file_encode(bytes, size, &file, &arena, NULL));
}

static enum vch_code decode_code(const uint8_t *bytes, size_t size)
{
    struct vch_proof_file file;
    struct vch_complaint complaint = {0};
    enum vch_code code = vch_proof_file_decode(&file, bytes, size, &complaint).code;

    CHECK((code == VCH_CODE_NONE) == (complaint.text[0] == '\0'));
    return code;
}

TEST(proof_file_reads_what_it_wrote_and_no_other_size)
{
    struct vch_proof_file file;
    uint8_t *bytes = NULL, longer[512] = {0};
    size_t size = 0;

    make(&bytes, &size);
    CHECK_OK(vch_proof_file_decode(&file, bytes, size, NULL));
    CHECK(file.first == 2 && file.last == 5 && file.batch == 3);
    CHECK(file.model.bytes[0] == 1 && file.annex.bytes[0] == 2 && file.job.bytes[0] == 3);
    CHECK(file.input.bytes[0] == 4 && file.output.bytes[0] == 5);
    CHECK(file.proof_size == sizeof proof && memcmp(file.proof, proof, sizeof proof) == 0);
    for (size_t less = 0; less < size; less++)
        CHECK_EQ(decode_code(bytes, less), VCH_CODE_TRUNCATED);
    memcpy(longer, bytes, size);
    CHECK_EQ(decode_code(longer, size + 1), VCH_CODE_MALFORMED);
    vch_arena_release(&arena);
}

TEST(proof_file_refuses_numbers_that_no_model_has)
{
    static const struct {
        size_t at;
        uint32_t value;
        enum vch_code code;
    } rows[] = {
        {0, 0, VCH_CODE_MALFORMED},    {8, 2, VCH_CODE_UNSUPPORTED},
        {12, 5, VCH_CODE_MALFORMED},   {16, 70000, VCH_CODE_MALFORMED},
        {20, 0, VCH_CODE_MALFORMED},   {20, 4097, VCH_CODE_MALFORMED},
        {184, 51, VCH_CODE_TRUNCATED}, {188, 1, VCH_CODE_TRUNCATED},
    };
    uint8_t *bytes = NULL, before[4];
    size_t size = 0;

    make(&bytes, &size);
    FOR_EACH(row, rows)
    {
        memcpy(before, bytes + row->at, 4);
        vch_put_u32le(bytes + row->at, row->value);
        CHECK_EQ(decode_code(bytes, size), row->code);
        memcpy(bytes + row->at, before, 4);
    }
    CHECK_EQ(decode_code(bytes, size), VCH_CODE_NONE);
    vch_arena_release(&arena);
}

TEST(proof_opening_reads_what_it_wrote_and_no_other_size)
{
    const struct vch_proof_opening opening = {.model = {{1}},
                                              .first = 0,
                                              .last = 4,
                                              .batch = 2,
                                              .input = {{7}, 2, {{"abc", 3}, {"de", 2}}},
                                              .output = {{8}, 1, {{"f", 1}}}};
    struct vch_proof_opening read;
    struct vch_complaint complaint;
    uint8_t *bytes = NULL, longer[512] = {0};
    size_t size = 0;

    vch_arena_init(&arena, 1 << 20);
    CHECK_OK(vch_proof_opening_encode(&bytes, &size, &opening, &arena, NULL));
    CHECK_OK(vch_proof_opening_decode(&read, bytes, size, NULL));
    CHECK(read.first == 0 && read.last == 4 && read.batch == 2 && read.model.bytes[0] == 1);
    CHECK(read.input.seed[0] == 7 && read.output.seed[0] == 8);
    CHECK(read.input.count == 2 && read.output.count == 1);
    CHECK(read.input.values[1].size == 2 && memcmp(read.input.values[1].data, "de", 2) == 0);
    for (size_t less = 0; less < size; less++) {
        complaint.text[0] = '\0';
        CHECK_FAILS(vch_proof_opening_decode(&read, bytes, less, &complaint), TRUNCATED);
        CHECK(complaint.text[0] != '\0');
    }
    memcpy(longer, bytes, size);
    CHECK_FAILS(vch_proof_opening_decode(&read, longer, size + 1, NULL), MALFORMED);
    vch_put_u32le(longer + 20, 0); // no samples
    CHECK_FAILS(vch_proof_opening_decode(&read, longer, size, NULL), LIMIT);
    vch_put_u32le(longer + 20, 2);
    vch_put_u32le(longer + 56 + 32, 17); // values
    CHECK_FAILS(vch_proof_opening_decode(&read, longer, size, NULL), MALFORMED);
    vch_arena_release(&arena);
}
