// The annex as bytes: what is written is read, its prefixes are annexes, all else is refused.
#include "annex/annex.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

static struct vch_arena arena;
static struct vch_secret_key owner;
static const uint32_t parameters[] = {0, 1, 5};
static const uint8_t ranges[100] = {1, 2, 3}, first_link[40] = {4}, second_link[41] = {5};

static void make(uint8_t **bytes, size_t *size)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {7};
    struct vch_annex annex = {
        .model = {{1, 2, 3}},
        .log_columns = 9,
        .rows = 2,
        .parameter_count = 3,
        .parameters = parameters,
        .root = {{9, 9}},
        .epoch = 4,
        .ranges = ranges,
        .ranges_size = sizeof ranges,
    };

    vch_arena_init(&arena, 1 << 22);
    vch_sign_key(&owner, seed);
    CHECK_OK(vch_annex_encode(bytes, size, &annex, &owner, &arena, NULL));
}

static void extend(uint8_t **bytes, size_t *size, uint8_t root, const uint8_t *proof,
                   size_t proof_size)
{
    const struct vch_annex_link link = {{{root}}, proof, proof_size};

    CHECK_OK(vch_annex_extend(bytes, size, *bytes, *size, &link, &arena, NULL));
}

static enum vch_code decode_code(const uint8_t *bytes, size_t size)
{
    struct vch_annex annex;
    struct vch_complaint complaint = {0};
    enum vch_code code = vch_annex_decode(&annex, bytes, size, &arena, &complaint).code;

    CHECK((code == VCH_CODE_NONE) == (complaint.text[0] == '\0'));
    return code;
}

TEST(annex_reads_what_it_wrote)
{
    struct vch_annex annex;
    uint8_t *bytes = NULL;
    size_t size = 0;

    make(&bytes, &size);
    CHECK_OK(vch_annex_decode(&annex, bytes, size, &arena, NULL));
    CHECK_EQ(annex.log_columns, 9);
    CHECK_EQ(annex.rows, 2);
    CHECK_EQ(annex.openings, 3); // 512 / 150
    CHECK_EQ(annex.epoch, 4);
    CHECK_EQ(annex.parameter_count, 3);
    CHECK(memcmp(annex.parameters, parameters, sizeof parameters) == 0);
    CHECK(annex.ranges_size == sizeof ranges && memcmp(annex.ranges, ranges, sizeof ranges) == 0);
    CHECK(annex.root.bytes[0] == 9 && annex.model.bytes[2] == 3);
    CHECK_EQ(annex.link_count, 0);
    CHECK_OK(vch_sign_verify(&owner.public_key, &annex.signed_digest, &annex.signature));
    vch_arena_release(&arena);
}

TEST(annex_is_continued_by_links_and_still_contains_what_it_was)
{
    struct vch_annex before, after;
    uint8_t *bytes = NULL;
    size_t size = 0, base_size = 0;
    uint32_t links = 0;

    make(&bytes, &size);
    base_size = size;
    CHECK_OK(vch_annex_decode(&before, bytes, size, &arena, NULL));
    extend(&bytes, &size, 11, first_link, sizeof first_link);
    extend(&bytes, &size, 12, second_link, sizeof second_link);
    CHECK_OK(vch_annex_decode(&after, bytes, size, &arena, NULL));
    CHECK_EQ(after.link_count, 2);
    CHECK_EQ(vch_annex_root(&after, 0)->bytes[0], 9);
    CHECK_EQ(vch_annex_root(&after, 1)->bytes[0], 11);
    CHECK_EQ(vch_annex_root(&after, 2)->bytes[0], 12);
    CHECK_OK(vch_annex_find(&links, &after, &before.digests[0]));
    CHECK_EQ(links, 0);
    CHECK_OK(vch_annex_find(&links, &after, &after.digests[2]));
    CHECK_EQ(links, 2);
    CHECK_FAILS(vch_annex_find(&links, &before, &after.digests[1]), BAD_PROOF);
    CHECK_EQ(decode_code(bytes, base_size + 36 + sizeof first_link), VCH_CODE_NONE);
    vch_arena_release(&arena);
}

// Its prefixes that end with a link are annexes; no others are, and nothing longer is.
TEST(annex_refuses_every_other_length)
{
    uint8_t *bytes = NULL, longer[1024] = {0};
    size_t size = 0, base_size = 0;

    make(&bytes, &size);
    base_size = size;
    extend(&bytes, &size, 11, first_link, sizeof first_link);
    for (size_t less = 0; less < size; less++)
        CHECK_EQ(decode_code(bytes, less), less == base_size ? VCH_CODE_NONE : VCH_CODE_TRUNCATED);
    memcpy(longer, bytes, size);
    for (size_t more = 1; more < 36; more++)
        CHECK_EQ(decode_code(longer, size + more), VCH_CODE_TRUNCATED);
    vch_arena_release(&arena);
}

// A flipped bit is refused, or breaks the signature, or makes another digest.
TEST(annex_binds_every_bit)
{
    struct vch_annex honest, altered;
    uint8_t *bytes = NULL;
    size_t size = 0, base_size = 0;

    make(&bytes, &size);
    base_size = size;
    extend(&bytes, &size, 11, first_link, sizeof first_link);
    CHECK_OK(vch_annex_decode(&honest, bytes, size, &arena, NULL));
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (decode_code(bytes, size) == VCH_CODE_NONE) {
            CHECK_OK(vch_annex_decode(&altered, bytes, size, &arena, NULL));
            CHECK(!vch_hash_is_equal(&altered.digests[altered.link_count], &honest.digests[1]));
            CHECK(bit / 8 >= base_size ||
                  !vch_is_ok(
                      vch_sign_verify(&altered.owner, &altered.signed_digest, &altered.signature)));
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    vch_arena_release(&arena);
}

TEST(annex_refuses_numbers_out_of_range)
{
    static const struct {
        size_t at;
        uint32_t value;
        enum vch_code code;
    } rows[] = {
        {0, 0, VCH_CODE_MALFORMED},       {8, 2, VCH_CODE_UNSUPPORTED},
        {12, 8, VCH_CODE_LIMIT},          {12, 99, VCH_CODE_LIMIT},
        {12, 10, VCH_CODE_MALFORMED}, // which would allow 6 openings
        {16, 0, VCH_CODE_LIMIT},          {20, 4, VCH_CODE_MALFORMED},
        {24, UINT32_MAX, VCH_CODE_LIMIT}, // and then a link
        {28, UINT32_MAX, VCH_CODE_LIMIT}, {64, 1, VCH_CODE_MALFORMED},
        {64, 2, VCH_CODE_MALFORMED},
    };
    uint8_t *bytes = NULL, before[4];
    size_t size = 0;

    make(&bytes, &size);
    extend(&bytes, &size, 11, first_link, sizeof first_link);
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
