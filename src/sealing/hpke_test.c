// HPKE: the RFC's own answers, and whoever does not have what the other side had.
#include "sealing/hpke.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

// RFC 9180, appendix A.2.1.
static const char info_hex[] = "4f6465206f6e2061204772656369616e2055726e";
static const char seed_sender[] =
    "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
static const char seed_recipient[] =
    "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df";
static const char text[] = "Beauty is truth, truth beauty";

struct pair {
    struct vch_hpke sender, recipient;
    struct vch_hpke_secret key;
    uint8_t encapsulated[VCH_HPKE_KEY_SIZE];
};

static void setup(struct pair *pair)
{
    uint8_t info[20], seed[VCH_HPKE_SEED_SIZE];

    CHECK_OK(vch_hex_decode(info, sizeof info, info_hex));
    CHECK_OK(vch_hex_decode(seed, sizeof seed, seed_recipient));
    vch_hpke_key(&pair->key, seed);
    CHECK_OK(vch_hex_decode(seed, sizeof seed, seed_sender));
    CHECK_OK(vch_hpke_init_sender(&pair->sender, pair->encapsulated, &pair->key.public_key, info,
                                  sizeof info, seed));
    CHECK_OK(vch_hpke_init_recipient(&pair->recipient, pair->encapsulated, &pair->key, info,
                                     sizeof info));
}

TEST(hpke_comes_to_the_keys_of_the_rfc)
{
    struct pair pair;

    setup(&pair);
    CHECK_HEX(pair.key.bytes, 32,
              "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
    CHECK_HEX(pair.key.public_key.bytes, 32,
              "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
    CHECK_HEX(pair.encapsulated, 32,
              "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
    CHECK_HEX(pair.sender.key, 32,
              "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91");
    CHECK_HEX(pair.sender.base_nonce, 12, "5c4d98150661b848853b547f");
    CHECK(memcmp(pair.sender.key, pair.recipient.key, 32) == 0);
    CHECK(memcmp(pair.sender.base_nonce, pair.recipient.base_nonce, 12) == 0);
    CHECK(memcmp(pair.sender.exporter_secret, pair.recipient.exporter_secret, 32) == 0);
}

TEST(hpke_seals_and_opens_as_the_rfc_does)
{
    static const struct {
        uint64_t sequence;
        const char *aad, *sealed;
    } rows[] = {
        {0, "Count-0",
         "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a2"
         "8"},
        {1, "Count-1",
         "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98"
         "c"},
        {256, "Count-256",
         "7a4a13e9ef23978e2c520fd4d2e757514ae160cd0cd05e556ef692370ca53076214c0c40d4c728d6ed9e727a5"
         "b"},
    };
    uint8_t sealed[sizeof text - 1 + VCH_HPKE_TAG_SIZE], opened[sizeof text];
    struct pair pair;

    setup(&pair);
    FOR_EACH(row, rows)
    {
        pair.sender.sequence = pair.recipient.sequence = row->sequence;
        CHECK_OK(vch_hpke_seal(&pair.sender, sealed, (const uint8_t *)text, sizeof text - 1,
                               row->aad, strlen(row->aad)));
        CHECK_HEX(sealed, sizeof sealed, row->sealed);
        CHECK_OK(vch_hpke_open(&pair.recipient, opened, sealed, sizeof sealed, row->aad,
                               strlen(row->aad)));
        CHECK(memcmp(opened, text, sizeof text - 1) == 0);
        CHECK_EQ(pair.recipient.sequence, row->sequence + 1);
    }
}

TEST(hpke_exports_the_secrets_of_the_rfc)
{
    static const struct {
        const char *purpose;
        size_t size;
        const char *secret;
    } rows[] = {
        {"", 0, "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e"},
        {"", 1, "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69"},
        {"TestContext", 11, "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53"},
    };
    static uint8_t longest[VCH_HPKE_EXPORT_SIZE_MAX + 1];
    uint8_t secret[32];
    struct pair pair;

    setup(&pair);
    FOR_EACH(row, rows)
    {
        CHECK_OK(vch_hpke_export(&pair.recipient, secret, sizeof secret, row->purpose, row->size));
        CHECK_HEX(secret, sizeof secret, row->secret);
    }
    CHECK_OK(vch_hpke_export(&pair.sender, longest, VCH_HPKE_EXPORT_SIZE_MAX, "", 0));
    CHECK(!vch_is_zero(longest + VCH_HPKE_EXPORT_SIZE_MAX - 32, 32));
    CHECK_FAILS(vch_hpke_export(&pair.sender, longest, sizeof longest, "", 0), USAGE);
}

TEST(hpke_opens_nothing_that_is_not_its_next_message)
{
    uint8_t sealed[2][4 + VCH_HPKE_TAG_SIZE], opened[4] = {9, 9, 9, 9};
    struct pair pair;

    setup(&pair);
    for (size_t i = 0; i < 2; i++)
        CHECK_OK(vch_hpke_seal(&pair.sender, sealed[i], (const uint8_t *)"data", 4, "aad", 3));
    struct vch_hpke *to = &pair.recipient;
    CHECK_FAILS(vch_hpke_open(to, opened, sealed[1], sizeof sealed[1], "aad", 3), REFUSED);
    CHECK_FAILS(vch_hpke_open(to, opened, sealed[0], sizeof sealed[0], "aae", 3), REFUSED);
    CHECK_FAILS(vch_hpke_open(to, opened, sealed[0], sizeof sealed[0], NULL, 0), REFUSED);
    for (size_t size = 0; size < sizeof sealed[0]; size++)
        CHECK_FAILS(vch_hpke_open(to, opened, sealed[0], size, "aad", 3), REFUSED);
    for (size_t bit = 0; bit < 8 * sizeof sealed[0]; bit++) {
        test_flip(sealed[0], bit);
        CHECK_FAILS(vch_hpke_open(to, opened, sealed[0], sizeof sealed[0], "aad", 3), REFUSED);
        test_flip(sealed[0], bit);
    }
    CHECK_EQ(to->sequence, 0);
    CHECK_OK(vch_hpke_open(to, opened, sealed[0], sizeof sealed[0], "aad", 3));
    CHECK_FAILS(vch_hpke_open(to, opened, sealed[0], sizeof sealed[0], "aad", 3), REFUSED); // again
    CHECK_OK(vch_hpke_open(to, opened, sealed[1], sizeof sealed[1], "aad", 3));
    to->sequence = pair.sender.sequence = UINT64_MAX;
    CHECK_FAILS(vch_hpke_seal(&pair.sender, sealed[0], opened, 4, NULL, 0), LIMIT);
    CHECK_FAILS(vch_hpke_open(to, opened, sealed[1], sizeof sealed[1], NULL, 0), LIMIT);
}

TEST(hpke_another_info_another_key_another_encapsulation_open_nothing)
{
    uint8_t sealed[4 + VCH_HPKE_TAG_SIZE], opened[4], seed[VCH_HPKE_SEED_SIZE] = {7};
    struct vch_hpke_secret other;
    struct vch_hpke from, to;
    struct pair pair;

    setup(&pair);
    CHECK_OK(vch_hpke_init_sender(&from, pair.encapsulated, &pair.key.public_key, "info", 4, seed));
    CHECK_OK(vch_hpke_seal(&from, sealed, (const uint8_t *)"data", 4, NULL, 0));
    CHECK_OK(vch_hpke_init_recipient(&to, pair.encapsulated, &pair.key, "infp", 4));
    CHECK_FAILS(vch_hpke_open(&to, opened, sealed, sizeof sealed, NULL, 0), REFUSED);
    vch_hpke_key(&other, seed);
    CHECK_OK(vch_hpke_init_recipient(&to, pair.encapsulated, &other, "info", 4));
    CHECK_FAILS(vch_hpke_open(&to, opened, sealed, sizeof sealed, NULL, 0), REFUSED);
    for (size_t bit = 0; bit < 256; bit++) { // bit 255 does not change the point, but the context
        test_flip(pair.encapsulated, bit);
        if (vch_is_ok(vch_hpke_init_recipient(&to, pair.encapsulated, &pair.key, "info", 4)))
            CHECK_FAILS(vch_hpke_open(&to, opened, sealed, sizeof sealed, NULL, 0), REFUSED);
        test_flip(pair.encapsulated, bit);
    }
    CHECK_OK(vch_hpke_init_recipient(&to, pair.encapsulated, &pair.key, "info", 4));
    CHECK_OK(vch_hpke_open(&to, opened, sealed, sizeof sealed, NULL, 0));
}

// All points of small order of Curve25519 and of its twist, as everybody lists them, and what is
// the same modulo 2**255 - 19.
TEST(hpke_refuses_points_of_small_order)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    uint8_t encapsulated[VCH_HPKE_KEY_SIZE], seed[VCH_HPKE_SEED_SIZE] = {3};
    struct vch_hpke_public point;
    struct vch_hpke hpke;
    struct pair pair;

    setup(&pair);
    FOR_EACH(row, points)
    {
        CHECK_OK(vch_hex_decode(point.bytes, sizeof point.bytes, *row));
        CHECK_FAILS(vch_hpke_init_sender(&hpke, encapsulated, &point, NULL, 0, seed), REFUSED);
        CHECK_FAILS(vch_hpke_init_recipient(&hpke, point.bytes, &pair.key, NULL, 0), REFUSED);
    }
}

// "name": "hex" at or after `from`; NULL where there is none.
static const char *json_hex(uint8_t *out, size_t room, size_t *size, const char *from,
                            const char *name)
{
    char quoted[32], digits[256] = {0};

    (void)snprintf(quoted, sizeof quoted, "\"%s\": \"", name);
    const char *at = strstr(from, quoted);
    if (at == NULL) return NULL;
    at += strlen(quoted);
    *size = strspn(at, "0123456789abcdef") / 2;
    CHECK(*size <= room && 2 * *size < sizeof digits);
    memcpy(digits, at, 2 * *size);
    CHECK_OK(vch_hex_decode(out, *size, digits));
    return at;
}

// The same appendix out of the folder of vectors, made ready by somebody else.
TEST(hpke_opens_the_vectors_of_the_data)
{
    static const char here[] = "src/sealing/hpke_test.c", source[] = __FILE__;
    static const char name[] = "tee/hpke/rfc9180-x25519-sha256-chacha20poly1305-base.json";
    char path[4096], json[4096];
    const char *folder = getenv("VOUCH_DATA"), *at;
    uint8_t info[64], encapsulated[32], aad[32], sealed[64], plain[64], opened[64];
    size_t info_size, size, aad_size, sealed_size, plain_size, count = 0;
    struct pair pair;

    if (folder != NULL)
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    else
        (void)snprintf(path, sizeof path, "%.*s../shared/data/%s",
                       (int)(sizeof source - sizeof here), source, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) test_skip("no tee/hpke in the data");
    json[fread(json, 1, sizeof json - 1, file)] = '\0';
    (void)fclose(file);
    setup(&pair);
    CHECK(json_hex(info, sizeof info, &info_size, json, "info") != NULL);
    CHECK(json_hex(encapsulated, sizeof encapsulated, &size, json, "enc") != NULL && size == 32);
    CHECK_OK(vch_hpke_init_recipient(&pair.recipient, encapsulated, &pair.key, info, info_size));
    for (at = json; (at = strstr(at, "\"seq\": ")) != NULL; count++) {
        at += strlen("\"seq\": ");
        pair.recipient.sequence = strtoull(at, NULL, 10);
        CHECK(json_hex(plain, sizeof plain, &plain_size, at, "pt") != NULL);
        CHECK(json_hex(aad, sizeof aad, &aad_size, at, "aad") != NULL);
        CHECK(json_hex(sealed, sizeof sealed, &sealed_size, at, "ct") != NULL);
        CHECK_OK(vch_hpke_open(&pair.recipient, opened, sealed, sealed_size, aad, aad_size));
        CHECK(plain_size + VCH_HPKE_TAG_SIZE == sealed_size &&
              memcmp(opened, plain, plain_size) == 0);
    }
    CHECK_EQ(count, 6);
}
