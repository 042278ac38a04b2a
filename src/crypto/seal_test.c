// Sealed bytes open under their key, at their place, whole; and under nothing else.
#include "crypto/seal.h"

#include <string.h>

#include "harness/test.h"

enum { SIZE = 37, SEALED = SIZE + VCH_SEAL_TAG_SIZE };

static uint8_t key[VCH_SEAL_KEY_SIZE] = {1}, nonce[VCH_SEAL_NONCE_SIZE] = {2};
static uint8_t place[] = {3, 4}, bytes[SIZE], sealed[SEALED], opened[SIZE];

static vch_status open_sealed(size_t size)
{
    return vch_seal_open(opened, sealed, size, place, sizeof place, nonce, key);
}

static void seal(void)
{
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)i;
    vch_seal_close(sealed, bytes, SIZE, place, sizeof place, nonce, key);
}

// A.3.1 of draft-irtf-cfrg-xchacha-03.
TEST(seal_is_xchacha20_poly1305)
{
    static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                               "only one tip for the future, sunscreen would be it.";
    static const uint8_t head[] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1,
                                   0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
    uint8_t k[VCH_SEAL_KEY_SIZE], n[VCH_SEAL_NONCE_SIZE];
    uint8_t out[sizeof text - 1 + VCH_SEAL_TAG_SIZE];

    for (size_t i = 0; i < sizeof k; i++)
        k[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < sizeof n; i++)
        n[i] = (uint8_t)(0x40 + i);
    vch_seal_close(out, (const uint8_t *)text, sizeof text - 1, head, sizeof head, n, k);
    CHECK_HEX(out, 16, "bd6d179d3e83d43b9576579493c0e939");
    CHECK_HEX(out + sizeof text - 1, VCH_SEAL_TAG_SIZE, "c0875924c1c7987947deafd8780acf49");
}

TEST(seal_opens_what_it_closed_also_in_place)
{
    seal();
    CHECK_OK(open_sealed(SEALED));
    CHECK_EQ(memcmp(opened, bytes, SIZE), 0);
    memcpy(sealed, bytes, SIZE);
    vch_seal_close(sealed, sealed, SIZE, place, sizeof place, nonce, key);
    CHECK_OK(open_sealed(SEALED));
    CHECK_EQ(memcmp(opened, bytes, SIZE), 0);
}

TEST(seal_refuses_another_key_nonce_place_or_byte)
{
    struct {
        uint8_t *bytes;
        size_t size;
    } const parts[] = {
        {key, sizeof key}, {nonce, sizeof nonce}, {place, sizeof place}, {sealed, sizeof sealed}};

    FOR_EACH(part, parts)
    {
        for (size_t bit = 0; bit < 8 * part->size; bit++) {
            seal();
            test_flip(part->bytes, bit);
            CHECK_FAILS(open_sealed(SEALED), REFUSED);
            test_flip(part->bytes, bit);
        }
    }
    for (size_t size = 0; size < SEALED; size++) {
        seal();
        CHECK_FAILS(open_sealed(size), REFUSED);
    }
}
