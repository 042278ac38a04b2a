// Seal and open; everything that is not exactly what was sealed is refused with a reason.
#include "crypto/keyfile.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

static void random_bytes(uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)test_below(256);
}

static void make(uint8_t *file, struct vch_secret_key *key, const char *passphrase)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE], random[VCH_KEYFILE_RANDOM_SIZE];

    random_bytes(seed, sizeof seed);
    random_bytes(random, sizeof random);
    vch_sign_key(key, seed);
    CHECK_OK(vch_keyfile_encode(file, key, passphrase, random));
}

static enum vch_code open_code(const uint8_t *file, size_t size, const char *passphrase)
{
    struct vch_secret_key out;
    struct vch_complaint complaint = {0};

    memset(&out, 0x5a, sizeof out);
    struct vch_secret_key untouched = out;
    enum vch_code code = vch_keyfile_decode(&out, file, size, passphrase, &complaint).code;
    if (code != VCH_CODE_NONE) {
        CHECK(complaint.text[0] != '\0');
        CHECK(memcmp(&out, &untouched, sizeof out) == 0);
    }
    return code;
}

TEST(keyfile_opens_what_it_sealed)
{
    static const char *const passphrases[] = {"", "correct horse battery staple"};

    FOR_EACH(passphrase, passphrases)
    {
        uint8_t file[VCH_KEYFILE_SIZE];
        struct vch_secret_key key, opened;
        struct vch_public_key public_key;
        make(file, &key, *passphrase);
        CHECK_OK(vch_keyfile_decode(&opened, file, sizeof file, *passphrase, NULL));
        CHECK(memcmp(&key, &opened, sizeof key) == 0);
        CHECK_OK(vch_keyfile_public(&public_key, file, sizeof file, NULL));
        CHECK(memcmp(&key.public_key, &public_key, sizeof public_key) == 0);
    }
}

TEST(keyfile_does_not_show_the_seed)
{
    uint8_t file[VCH_KEYFILE_SIZE];
    struct vch_secret_key key;

    make(file, &key, "");
    CHECK(memmem(file, sizeof file, key.seed, 8) == NULL);
}

TEST(keyfile_refuses_another_passphrase)
{
    uint8_t file[VCH_KEYFILE_SIZE];
    struct vch_secret_key key;

    make(file, &key, "");
    CHECK_EQ(open_code(file, sizeof file, "x"), VCH_CODE_REFUSED);
    make(file, &key, "secret");
    CHECK_EQ(open_code(file, sizeof file, ""), VCH_CODE_REFUSED);
    CHECK_EQ(open_code(file, sizeof file, "secret "), VCH_CODE_REFUSED);
    CHECK_EQ(open_code(file, sizeof file, "secret"), VCH_CODE_NONE);
}

TEST(keyfile_refuses_any_flipped_bit)
{
    uint8_t file[VCH_KEYFILE_SIZE];
    struct vch_secret_key key;

    make(file, &key, "");
    for (size_t bit = 0; bit < 8 * sizeof file; bit++) {
        // A flipped high bit of a cost within the limits asks for much memory, honestly; the
        // next test looks at costs.
        if (bit / 8 >= 12 && bit / 8 < 24) continue;
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(open_code(file, sizeof file, "") != VCH_CODE_NONE);
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_EQ(open_code(file, sizeof file, ""), VCH_CODE_NONE);
}

TEST(keyfile_refuses_costs_out_of_range)
{
    static const struct {
        uint32_t opslimit;
        uint64_t memlimit;
        enum vch_code code;
    } rows[] = {
        {0, 8192, VCH_CODE_LIMIT},
        {VCH_KEYFILE_OPSLIMIT_MAX + 1, 8192, VCH_CODE_LIMIT},
        {UINT32_MAX, 8192, VCH_CODE_LIMIT},
        {1, 8191, VCH_CODE_LIMIT},
        {1, 0, VCH_CODE_LIMIT},
        {1, VCH_KEYFILE_MEMLIMIT_MAX + 1ull, VCH_CODE_LIMIT},
        {1, UINT64_MAX, VCH_CODE_LIMIT},
        {2, 8192, VCH_CODE_REFUSED}, // in range, but not what was sealed
        {1, 16384, VCH_CODE_REFUSED},
        {1, 8192, VCH_CODE_NONE},
    };
    uint8_t file[VCH_KEYFILE_SIZE];
    struct vch_secret_key key;

    make(file, &key, "");
    FOR_EACH(row, rows)
    {
        vch_put_u32le(file + 12, row->opslimit);
        vch_put_u64le(file + 16, row->memlimit);
        CHECK_EQ(open_code(file, sizeof file, ""), row->code);
    }
}

TEST(keyfile_refuses_other_sizes_names_and_versions)
{
    uint8_t file[VCH_KEYFILE_SIZE + 1] = {0};
    struct vch_secret_key key;

    make(file, &key, "");
    for (size_t size = 0; size < VCH_KEYFILE_SIZE; size++)
        CHECK_EQ(open_code(file, size, ""), VCH_CODE_TRUNCATED);
    CHECK_EQ(open_code(file, VCH_KEYFILE_SIZE + 1, ""), VCH_CODE_MALFORMED);
    file[8] = 2;
    CHECK_EQ(open_code(file, VCH_KEYFILE_SIZE, ""), VCH_CODE_UNSUPPORTED);
    file[8] = 1;
    file[0] = 'v';
    CHECK_EQ(open_code(file, VCH_KEYFILE_SIZE, ""), VCH_CODE_MALFORMED);
    CHECK_EQ(open_code(file, 1, ""), VCH_CODE_MALFORMED);
}

// Someone with the passphrase seals a seed beside a public key that is not its own.
TEST(keyfile_refuses_a_seed_under_another_public_key)
{
    uint8_t file[VCH_KEYFILE_SIZE], random[VCH_KEYFILE_RANDOM_SIZE] = {0};
    struct vch_secret_key key, other;

    make(file, &key, "");
    make(file, &other, "");
    key.public_key = other.public_key;
    CHECK_OK(vch_keyfile_encode(file, &key, "", random));
    CHECK_EQ(open_code(file, sizeof file, ""), VCH_CODE_REFUSED);
}

// --- keys of the verifiable random function: the same seal under another name.

static void make_vrf(uint8_t *file, struct vch_vrf_secret *key, const char *passphrase)
{
    uint8_t seed[VCH_VRF_SEED_SIZE], random[VCH_KEYFILE_RANDOM_SIZE];

    random_bytes(seed, sizeof seed);
    random_bytes(random, sizeof random);
    vch_vrf_key(key, seed);
    CHECK_OK(vch_keyfile_encode_vrf(file, key, passphrase, random));
}

TEST(keyfile_opens_a_vrf_key_that_it_sealed)
{
    static const char *const passphrases[] = {"", "correct horse battery staple"};

    FOR_EACH(passphrase, passphrases)
    {
        uint8_t file[VCH_KEYFILE_SIZE];
        struct vch_vrf_secret key, opened;
        struct vch_vrf_public public_key;
        make_vrf(file, &key, *passphrase);
        CHECK(vch_keyfile_is_vrf(file, sizeof file));
        CHECK_OK(vch_keyfile_decode_vrf(&opened, file, sizeof file, *passphrase, NULL));
        CHECK(memcmp(&key, &opened, sizeof key) == 0);
        CHECK_OK(vch_keyfile_public_vrf(&public_key, file, sizeof file, NULL));
        CHECK(memcmp(&key.public_key, &public_key, sizeof public_key) == 0);
        CHECK_FAILS(vch_keyfile_decode_vrf(&opened, file, sizeof file, "other", NULL), REFUSED);
    }
}

TEST(keyfile_of_one_kind_is_never_one_of_the_other)
{
    uint8_t file[VCH_KEYFILE_SIZE], vrf_file[VCH_KEYFILE_SIZE];
    struct vch_secret_key key;
    struct vch_vrf_secret vrf;
    struct vch_public_key public_key;
    struct vch_vrf_public vrf_public;
    struct vch_complaint complaint = {0};

    make(file, &key, "");
    make_vrf(vrf_file, &vrf, "");
    CHECK(!vch_keyfile_is_vrf(file, sizeof file));
    CHECK_FAILS(vch_keyfile_decode(&key, vrf_file, sizeof vrf_file, "", &complaint), MALFORMED);
    CHECK(strstr(complaint.text, "holds a VRF key where a signing key is needed") != NULL);
    complaint.text[0] = '\0';
    CHECK_FAILS(vch_keyfile_decode_vrf(&vrf, file, sizeof file, "", &complaint), MALFORMED);
    CHECK(strstr(complaint.text, "holds a signing key where a VRF key is needed") != NULL);
    CHECK_FAILS(vch_keyfile_public(&public_key, vrf_file, sizeof vrf_file, NULL), MALFORMED);
    CHECK_FAILS(vch_keyfile_public_vrf(&vrf_public, file, sizeof file, NULL), MALFORMED);
    // Nor under the other's name: the name is under the seal.
    memcpy(vrf_file, "VOUCHKEY", 8);
    CHECK_FAILS(vch_keyfile_decode(&key, vrf_file, sizeof vrf_file, "", NULL), REFUSED);
    memcpy(file, "VOUCHVRF", 8);
    CHECK_FAILS(vch_keyfile_decode_vrf(&vrf, file, sizeof file, "", NULL), REFUSED);
}

TEST(keyfile_of_a_vrf_key_refuses_any_flipped_bit)
{
    uint8_t file[VCH_KEYFILE_SIZE];
    struct vch_vrf_secret key, out;

    make_vrf(file, &key, "");
    for (size_t bit = 0; bit < 8 * sizeof file; bit++) {
        if (bit / 8 >= 12 && bit / 8 < 24) continue; // costs, as above
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!vch_is_ok(vch_keyfile_decode_vrf(&out, file, sizeof file, "", NULL)));
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_OK(vch_keyfile_decode_vrf(&out, file, sizeof file, "", NULL));
}

// --- data keys of sealed weights.

TEST(keyfile_keeps_a_data_key_and_shows_its_check_alone)
{
    uint8_t file[VCH_KEYFILE_SIZE], key[VCH_KEYFILE_DATA_SIZE], opened[VCH_KEYFILE_DATA_SIZE];
    uint8_t random[VCH_KEYFILE_RANDOM_SIZE];
    struct vch_complaint complaint = {0};
    struct vch_secret_key signing;
    struct vch_vrf_secret vrf;
    struct vch_digest shown;

    random_bytes(key, sizeof key);
    random_bytes(random, sizeof random);
    const struct vch_digest check = vch_keyfile_data_check(key);
    CHECK_OK(vch_keyfile_encode_data(file, key, "correct horse battery staple", random));
    CHECK_OK(vch_keyfile_public_data(&shown, file, sizeof file, NULL));
    CHECK(vch_hash_is_equal(&shown, &check));
    for (size_t at = 0; at + sizeof key <= sizeof file; at++)
        CHECK(memcmp(file + at, key, sizeof key) != 0);
    CHECK_FAILS(vch_keyfile_decode_data(opened, file, sizeof file, "", NULL), REFUSED);
    CHECK_OK(
        vch_keyfile_decode_data(opened, file, sizeof file, "correct horse battery staple", NULL));
    CHECK(memcmp(opened, key, sizeof key) == 0);
    CHECK_FAILS(vch_keyfile_decode(&signing, file, sizeof file, "", &complaint), MALFORMED);
    CHECK(strstr(complaint.text, "holds a data key where a signing key is needed") != NULL);
    CHECK_FAILS(vch_keyfile_decode_vrf(&vrf, file, sizeof file, "", NULL), MALFORMED);
}

TEST(keyfile_of_a_data_key_refuses_any_flipped_bit)
{
    uint8_t file[VCH_KEYFILE_SIZE], key[VCH_KEYFILE_DATA_SIZE], opened[VCH_KEYFILE_DATA_SIZE];
    uint8_t random[VCH_KEYFILE_RANDOM_SIZE] = {1};

    random_bytes(key, sizeof key);
    CHECK_OK(vch_keyfile_encode_data(file, key, "", random));
    for (size_t bit = 0; bit < 8 * sizeof file; bit++) {
        if (bit / 8 >= 12 && bit / 8 < 24) continue; // costs, as above
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!vch_is_ok(vch_keyfile_decode_data(opened, file, sizeof file, "", NULL)));
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_OK(vch_keyfile_decode_data(opened, file, sizeof file, "", NULL));
    CHECK(memcmp(opened, key, sizeof key) == 0);
}
