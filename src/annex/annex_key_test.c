// The secret half: read as written, damaged counts refused, never more openings than there are.
#include "annex/annex_key.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

static struct vch_annex_key make(void)
{
    return (struct vch_annex_key){
        .model = {{1, 2}}, .epoch = 3, .used = 1, .openings = 4, .seed = {5, 6}};
}

TEST(annex_key_reads_what_it_wrote)
{
    struct vch_annex_key key = make(), read;
    uint8_t bytes[VCH_ANNEX_KEY_SIZE];

    memset(&read, 0, sizeof read);
    vch_annex_key_encode(bytes, &key);
    CHECK_OK(vch_annex_key_decode(&read, bytes, sizeof bytes, NULL));
    CHECK(memcmp(&key, &read, sizeof key) == 0);
}

TEST(annex_key_refuses_any_flipped_bit_and_any_other_size)
{
    struct vch_annex_key key = make(), read;
    uint8_t bytes[VCH_ANNEX_KEY_SIZE + 1] = {0};

    vch_annex_key_encode(bytes, &key);
    for (size_t bit = 0; bit < (size_t)8 * VCH_ANNEX_KEY_SIZE; bit++) {
        struct vch_complaint complaint = {0};
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!vch_is_ok(vch_annex_key_decode(&read, bytes, VCH_ANNEX_KEY_SIZE, &complaint)));
        CHECK(complaint.text[0] != '\0');
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 0; size < VCH_ANNEX_KEY_SIZE; size++)
        CHECK_FAILS(vch_annex_key_decode(&read, bytes, size, NULL), TRUNCATED);
    CHECK_FAILS(vch_annex_key_decode(&read, bytes, VCH_ANNEX_KEY_SIZE + 1, NULL), MALFORMED);
}

TEST(annex_key_gives_no_more_openings_than_it_has)
{
    struct vch_annex_key key = make(), next;
    struct vch_complaint complaint = {0};

    for (uint32_t used = 2; used <= 3; used++) {
        CHECK_EQ(vch_annex_key_left(&key), 4 - used);
        CHECK_OK(vch_annex_key_take(&key, &complaint));
        CHECK_EQ(key.used, used);
    }
    CHECK_FAILS(vch_annex_key_take(&key, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "--rotate") != NULL);
    CHECK_EQ(key.used, 3); // of 4: the last is the link's
    CHECK_EQ(vch_annex_key_left(&key), 0);
    vch_annex_key_next(&next, &key, 1);
    CHECK_EQ(next.epoch, 4);
    CHECK_EQ(next.used, 1);
    CHECK(memcmp(next.seed, key.seed, sizeof key.seed) != 0);
    CHECK_OK(vch_annex_key_take(&next, NULL));
}

TEST(annex_key_refuses_more_used_than_there_are)
{
    struct vch_annex_key key = make(), read;
    uint8_t bytes[VCH_ANNEX_KEY_SIZE];

    key.used = 5;
    vch_annex_key_encode(bytes, &key);
    CHECK_FAILS(vch_annex_key_decode(&read, bytes, sizeof bytes, NULL), MALFORMED);
}
