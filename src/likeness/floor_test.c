// Noise floors on file: what is written is read, and nothing else is.
#include "likeness/floor.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

static const uint64_t scales[] = {16, 4096, 1 << 20};
static const uint64_t scores[] = {900000, 131072, 131072, 70000, 0};

static struct vch_floor sample(void)
{
    return (struct vch_floor){
        .name = "digits",
        .run_count = 6,
        .fitted_count = 2,
        .coordinate_count = 3,
        .score_count = 5,
        .units = {65536, 200000},
        .scales = scales,
        .scores = scores,
    };
}

static struct vch_arena arena;
static struct vch_complaint complaint;

static size_t encode(uint8_t **out)
{
    const struct vch_floor floor = sample();
    size_t size = 0;

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    CHECK_OK(vch_floor_encode(out, &size, &floor, &arena));
    return size;
}

static vch_status decode(struct vch_floor *out, const uint8_t *bytes, size_t size)
{
    complaint.text[0] = '\0';
    return vch_floor_decode(out, bytes, size, &arena, &complaint);
}

// As somebody would who computes the digest anew.
static void seal(uint8_t *bytes, size_t size)
{
    const struct vch_digest digest = vch_hash_bytes(bytes, size - VCH_DIGEST_SIZE);
    memcpy(bytes + size - VCH_DIGEST_SIZE, digest.bytes, VCH_DIGEST_SIZE);
}

TEST(what_is_written_is_read)
{
    uint8_t *bytes = NULL, *again = NULL;
    size_t size = encode(&bytes), again_size = 0;
    struct vch_floor floor;

    CHECK_EQ(size, VCH_FLOOR_HEADER_SIZE + 8 * (3 + 5) + 32);
    CHECK_OK(decode(&floor, bytes, size));
    CHECK(strcmp(floor.name, "digits") == 0);
    CHECK_EQ(floor.run_count, 6);
    CHECK_EQ(floor.fitted_count, 2);
    CHECK_EQ(floor.units.mean, 65536);
    CHECK_EQ(floor.units.peak, 200000);
    CHECK(memcmp(floor.scales, scales, sizeof scales) == 0);
    CHECK(memcmp(floor.scores, scores, sizeof scores) == 0);
    CHECK_OK(vch_floor_encode(&again, &again_size, &floor, &arena));
    CHECK(again_size == size && memcmp(again, bytes, size) == 0);
    vch_arena_release(&arena);
}

TEST(a_floor_has_the_digest_that_the_specification_gives)
{
    uint8_t *bytes = NULL;
    size_t size = encode(&bytes);
    const struct vch_digest digest = vch_floor_digest(bytes, size);

    CHECK_HEX(digest.bytes, sizeof digest.bytes,
              "135ae34b87fde57d8157d5c28be29a222c2d7311cb0a810f96be7731245294bc");
    vch_arena_release(&arena);
}

TEST(every_cut_and_every_changed_byte_is_refused)
{
    uint8_t *bytes = NULL;
    size_t size = encode(&bytes);
    struct vch_floor floor;

    for (size_t cut = 0; cut < size; cut++) {
        CHECK_FAILS(decode(&floor, bytes, cut), TRUNCATED);
        CHECK(complaint.text[0] != '\0');
    }
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (uint8_t)(1 + test_below(255));
        CHECK(!vch_is_ok(decode(&floor, bytes, size)));
        CHECK(complaint.text[0] != '\0');
        vch_arena_release(&arena);
        vch_arena_init(&arena, 1 << 20);
        size = encode(&bytes);
    }
    vch_arena_release(&arena);
}

TEST(a_byte_too_many_is_refused)
{
    uint8_t *bytes = NULL, longer[512] = {0};
    size_t size = encode(&bytes);
    struct vch_floor floor;

    CHECK(size + 1 <= sizeof longer);
    memcpy(longer, bytes, size);
    CHECK_FAILS(decode(&floor, longer, size + 1), MALFORMED);
    vch_arena_release(&arena);
}

// Each with the digest computed anew, so that nothing but the rule itself stands in the way.
TEST(fields_outside_their_rules_are_refused_under_a_true_digest)
{
    static const struct {
        size_t offset;
        uint32_t size;
        uint64_t value;
        enum vch_code code;
    } lies[] = {
        {0, 4, 0, VCH_CODE_MALFORMED},                         // magic
        {8, 4, 2, VCH_CODE_UNSUPPORTED},                       // version
        {12, 4, 1, VCH_CODE_MALFORMED},                        // runs
        {12, 4, 257, VCH_CODE_MALFORMED},                      //
        {16, 4, 0, VCH_CODE_MALFORMED},                        // fitted
        {16, 4, 65537, VCH_CODE_MALFORMED},                    //
        {20, 4, 0, VCH_CODE_MALFORMED},                        // coordinates
        {20, 4, UINT32_MAX, VCH_CODE_MALFORMED},               //
        {20, 4, 4, VCH_CODE_TRUNCATED},                        //
        {24, 4, 0, VCH_CODE_MALFORMED},                        // scores
        {24, 4, 4, VCH_CODE_MALFORMED},                        //
        {24, 4, 65536, VCH_CODE_TRUNCATED},                    //
        {28, 4, 0, VCH_CODE_MALFORMED},                        // name: none, with letters behind it
        {29, 4, 0x01010101, VCH_CODE_MALFORMED},               // not printable
        {40, 4, 'x', VCH_CODE_MALFORMED},                      // after its end
        {92, 8, 1023, VCH_CODE_MALFORMED},                     // units
        {92, 8, ((uint64_t)1 << 40) + 1, VCH_CODE_MALFORMED},  //
        {100, 8, 0, VCH_CODE_MALFORMED},                       //
        {108, 8, 15, VCH_CODE_MALFORMED},                      // scales
        {108, 8, ((uint64_t)1 << 53) + 1, VCH_CODE_MALFORMED}, //
        {132, 8, ((uint64_t)1 << 47) + 1, VCH_CODE_MALFORMED}, // scores: too large
        {140, 8, 900001, VCH_CODE_MALFORMED},                  // rising
    };

    FOR_EACH(lie, lies)
    {
        uint8_t *bytes = NULL;
        size_t size = encode(&bytes);
        struct vch_floor floor;
        if (lie->size == 4)
            vch_put_u32le(bytes + lie->offset, (uint32_t)lie->value);
        else
            vch_put_u64le(bytes + lie->offset, lie->value);
        seal(bytes, size);
        CHECK_CODE(decode(&floor, bytes, size), lie->code);
        CHECK(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
}

TEST(a_floor_that_no_file_can_hold_is_not_written)
{
    uint8_t *bytes = NULL;
    size_t size = encode(&bytes);
    static const uint64_t rising[] = {1, 2, 3, 4, 5};
    struct vch_floor floor = sample();

    floor.scores = rising;
    CHECK_FAILS(vch_floor_encode(&bytes, &size, &floor, &arena), USAGE);
    floor = sample();
    floor.name[0] = '\0';
    CHECK_FAILS(vch_floor_encode(&bytes, &size, &floor, &arena), USAGE);
    floor = sample();
    memset(floor.name, 'x', sizeof floor.name); // no end
    CHECK_FAILS(vch_floor_encode(&bytes, &size, &floor, &arena), USAGE);
    vch_arena_release(&arena);
}

TEST(a_rank_counts_the_scores_that_are_at_least_as_large)
{
    const struct vch_floor floor = sample();

    CHECK_EQ(vch_floor_rank(&floor, 0), 5);
    CHECK_EQ(vch_floor_rank(&floor, 1), 4);
    CHECK_EQ(vch_floor_rank(&floor, 70000), 4);
    CHECK_EQ(vch_floor_rank(&floor, 131072), 3);
    CHECK_EQ(vch_floor_rank(&floor, 131073), 1);
    CHECK_EQ(vch_floor_rank(&floor, 900000), 1);
    CHECK_EQ(vch_floor_rank(&floor, 900001), 0);
}
