// Hexadecimal, little-endian integers, comparison, wiping.
#include "base/bytes.h"

#include <string.h>

#include "harness/test.h"

TEST(bytes_hex_decodes_what_it_encoded)
{
    for (size_t size = 0; size <= 64; size++) {
        uint8_t bytes[64], back[64];
        char text[129];
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)test_below(256);
        vch_hex_encode(text, bytes, size);
        CHECK_EQ(strlen(text), 2 * size);
        CHECK_OK(vch_hex_decode(back, size, text));
        CHECK(memcmp(bytes, back, size) == 0);
    }
}

TEST(bytes_hex_is_lower_case_and_reads_either)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xab, 0xcd, 0xef, 0xff};
    uint8_t back[sizeof bytes];
    char text[2 * sizeof bytes + 1];

    vch_hex_encode(text, bytes, sizeof bytes);
    CHECK(strcmp(text, "000ff0abcdefff") == 0);
    CHECK_OK(vch_hex_decode(back, sizeof back, "000FF0AbCdEfFf"));
    CHECK(memcmp(bytes, back, sizeof bytes) == 0);
}

TEST(bytes_hex_refuses_every_other_character_and_length)
{
    char text[9] = "01234567";
    uint8_t out[4];

    for (size_t place = 0; place < 8; place++) {
        for (int c = 1; c < 256; c++) {
            if (strchr("0123456789abcdefABCDEF", c) != NULL) continue;
            memcpy(text, "01234567", 8);
            text[place] = (char)c;
            memset(out, 0x5a, sizeof out);
            CHECK_FAILS(vch_hex_decode(out, sizeof out, text), MALFORMED);
            for (size_t i = 0; i < sizeof out; i++)
                CHECK_EQ(out[i], 0x5a);
        }
    }
    static const char *const lengths[] = {"", "0", "0123456", "012345678", "0123456789"};
    FOR_EACH(wrong, lengths)
    CHECK_FAILS(vch_hex_decode(out, sizeof out, *wrong), MALFORMED);
}

TEST(bytes_little_endian_integers_have_their_least_byte_first)
{
    uint8_t bytes[8];

    vch_put_u32le(bytes, 0x01020304);
    CHECK_HEX(bytes, 4, "04030201");
    vch_put_u64le(bytes, 0x0102030405060708);
    CHECK_HEX(bytes, 8, "0807060504030201");
    CHECK(vch_get_u64le(bytes) == 0x0102030405060708);
    for (int i = 0; i < 1000; i++) {
        uint64_t value = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);
        vch_put_u64le(bytes, value);
        CHECK(vch_get_u64le(bytes) == value);
        CHECK(vch_get_u32le(bytes) == (uint32_t)value);
        CHECK(vch_get_u32le(bytes + 4) == (uint32_t)(value >> 32));
    }
}

TEST(bytes_equality_and_zero_see_every_bit)
{
    uint8_t a[37] = {0}, b[37] = {0};

    CHECK(vch_is_equal(a, b, 0) && vch_is_zero(a, 0));
    CHECK(vch_is_equal(a, b, sizeof a) && vch_is_zero(a, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        a[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!vch_is_equal(a, b, sizeof a));
        CHECK(!vch_is_zero(a, sizeof a));
        CHECK(vch_is_equal(a, b, bit / 8)); // what lies beyond the size does not count
        CHECK(vch_is_zero(a, bit / 8));
        a[bit / 8] = 0;
    }
}

TEST(bytes_wipe_clears_exactly_what_it_is_given)
{
    uint8_t bytes[16];

    memset(bytes, 0xff, sizeof bytes);
    vch_wipe(bytes + 1, sizeof bytes - 2);
    CHECK(vch_is_zero(bytes + 1, sizeof bytes - 2));
    CHECK_EQ(bytes[0], 0xff);
    CHECK_EQ(bytes[15], 0xff);
    vch_wipe(NULL, 0);
}
