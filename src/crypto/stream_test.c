// RFC 8439's key stream, whole and in parts.
#include "crypto/stream.h"

#include <string.h>

#include "crypto/stream_portable.h"
#include "harness/test.h"

// Section A.1, test vectors 1 to 3: two keys, blocks 0 and 1.
static const struct {
    uint8_t last; // byte of the key; the others are 0
    uint32_t block;
    const char *bytes;
} examples[] = {
    {0, 0,
     "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
     "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"},
    {0, 1,
     "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
     "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"},
    {1, 1,
     "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
     "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"},
};

TEST(stream_agrees_with_the_standard)
{
    FOR_EACH(example, examples)
    {
        uint8_t key[VCH_STREAM_KEY_SIZE] = {0}, bytes[VCH_STREAM_BLOCK_SIZE];
        key[sizeof key - 1] = example->last;
        vch_stream_bytes(bytes, sizeof bytes, key, example->block);
        CHECK_HEX(bytes, sizeof bytes, example->bytes);
    }
}

TEST(stream_parts_are_those_of_the_whole)
{
    uint8_t key[VCH_STREAM_KEY_SIZE] = {1, 2, 3}, whole[16 * VCH_STREAM_BLOCK_SIZE], part[300];

    vch_stream_bytes(whole, sizeof whole, key, 0);
    for (int round = 0; round < 100; round++) {
        const uint32_t block = test_below(11), size = test_below(sizeof part + 1);
        vch_stream_bytes(part, size, key, block);
        CHECK(memcmp(part, whole + (size_t)block * VCH_STREAM_BLOCK_SIZE, size) == 0);
    }
}

TEST(stream_in_plain_c_is_the_same)
{
    for (int i = 0; i < 100; i++) {
        uint8_t key[VCH_STREAM_KEY_SIZE], one[1024], other[1024];
        uint32_t block = test_below(UINT32_MAX), size = test_below(sizeof one);
        for (size_t j = 0; j < sizeof key; j++)
            key[j] = (uint8_t)test_below(256);
        vch_stream_bytes(one, size, key, block);
        vch_stream_portable_bytes(other, size, key, block);
        CHECK(memcmp(one, other, size) == 0);
    }
}
