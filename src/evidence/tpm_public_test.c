#include "evidence/tpm_public.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

// Made by swtpm: an attestation key on P-256, one of RSA, and a key that signs what it is given.
#define ECC_NAME "000beefc3b0336c213fb55dc79bc8ae25a571f3aa0b7dab6e44f0e30f1056a745573"
#define ECC \
    "00580023000b00050072000000100018000b00030010002001b2b290f74cc1f220a658212835f7e2d17282eca5d3" \
    "67592195db5ce8de0493002046bf72dbeb17cfc49bfaa51372e1eaefeae2a77bcbeb1a2b4357802d483d9f00"
#define RSA_NAME "000b44d267800abf0bd78b824985bafe37c99aac9a49e02368f5e5ff383d1b65706a"
#define RSA \
    "01180001000b00050072000000100014000b0800000000000100d46a722449892c6d6f917f218266682df5d707e3" \
    "08d2db35492a44ebfb47402960a57534ea1de4fadb24db87a5b6f43139da69e47ffa2738dfcc467d0b40010dea99" \
    "162e64c62c4f2cedf088e6ad29ebcd64b65f4fd54ba3c50c0193a726d9f6b516c33eb27a9b42174f949424739803" \
    "3f9f5248afa5c04d50419d23e47e8a853148affcdb808dd71c81210f6b679375cf8e24c147f55458178835b59010" \
    "3bdd06e5a7d863e850454b814abccd106072f6946aca1b4dd28757c2e0ed17732c57abf02e4f9851823c421d3c3c" \
    "6c36381de9708faca9d36df6f459f680e3cd52883585e8e2b851744188a5fc74a005e78be4924248dd140b5a125a" \
    "44d28c7f4a29"
#define LOOSE \
    "00560023000b0004007200000010001000030010002096b56edb5f4c63711a715c33e2015a1e4a182d18e7419ed8" \
    "d222d759c56b807f00201bf33603e7c89f02436cfe319da9c56a53193c0741f1587ef21c9be0b5c79c7e"
#define EK_P384 \
    "00aa0023000c000300f20030b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47" \
    "ba09699646150f9fc000f3f80e12000601000043001000040010003038c41c0fdda05468b762783bc48f2f1b210c" \
    "a3038712aad3d54fec3284d9b7e094e53b245a81bdcefbf6f982f03f404d00300f24a2de08a7605cdb396ef8e17d" \
    "4e9c1eea1dd1740361e8caf29b8c3a7ccee36f4485e8313ff176c3be0ae0d28a4e90"
enum { ATTRIBUTES_AT = 2 + 4, POINT_SIZE = 2 + 32 };

static uint8_t bytes[512];
static size_t size;
static struct vch_tpm_public ak;
static struct vch_appraisal appraisal;

static void take(const char *hex)
{
    size = strlen(hex) / 2;
    CHECK(size <= sizeof bytes);
    CHECK_OK(vch_hex_decode(bytes, size, hex));
}

static vch_status decode(void)
{
    struct vch_complaint complaint = {0};
    vch_status status = vch_tpm_public_decode(&ak, bytes, size, &complaint);

    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

static vch_status appraise(void)
{
    vch_appraisal_init(&appraisal);
    return vch_tpm_public_appraise(&appraisal, &ak);
}

TEST(public_key_of_a_tpm_is_read_and_named_as_the_tpm_names_it)
{
    take(ECC);
    CHECK_OK(decode());
    CHECK_HEX(ak.name, sizeof ak.name, ECC_NAME);
    CHECK_EQ(ak.key.kind, VCH_SPKI_P256);
    CHECK_OK(appraise());
    CHECK_EQ(appraisal.count, 4);
    take(RSA);
    CHECK_OK(decode());
    CHECK_HEX(ak.name, sizeof ak.name, RSA_NAME);
    CHECK_EQ(ak.key.kind, VCH_SPKI_RSA);
    CHECK_OK(appraise());
    memmove(bytes, bytes + 2, size -= 2); // TPMT_PUBLIC
    CHECK_OK(decode());
    CHECK_HEX(ak.name, sizeof ak.name, RSA_NAME);
}

TEST(key_that_signs_what_it_is_given_is_refused)
{
    take(LOOSE);
    CHECK_OK(decode());
    CHECK_FAILS(appraise(), REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "tpm.ak.restricted")->result, VCH_APPRAISAL_FAILED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "tpm.ak.origin")->result, VCH_APPRAISAL_PASSED);
}

TEST(key_without_one_of_its_attributes_is_refused_for_that)
{
    static const struct {
        uint32_t flip;
        const char *name;
    } cases[] = {{VCH_TPM_PUBLIC_FIXED_TPM, "tpm.ak.fixed"},
                 {VCH_TPM_PUBLIC_FIXED_PARENT, "tpm.ak.fixed"},
                 {VCH_TPM_PUBLIC_SENSITIVE_DATA_ORIGIN, "tpm.ak.origin"},
                 {VCH_TPM_PUBLIC_RESTRICTED, "tpm.ak.restricted"},
                 {VCH_TPM_PUBLIC_SIGN, "tpm.ak.signing"},
                 {VCH_TPM_PUBLIC_DECRYPT, "tpm.ak.signing"}};

    FOR_EACH(c, cases)
    {
        take(ECC);
        vch_put_u32be(bytes + ATTRIBUTES_AT, vch_get_u32be(bytes + ATTRIBUTES_AT) ^ c->flip);
        CHECK_OK(decode());
        CHECK_FAILS(appraise(), REFUSED);
        for (uint32_t i = 0; i < appraisal.count; i++)
            CHECK((appraisal.checks[i].result == VCH_APPRAISAL_FAILED) ==
                  (strcmp(appraisal.checks[i].name, c->name) == 0));
        uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE]; // nor is it the key that was enrolled
        CHECK_OK(vch_hex_decode(name, sizeof name, ECC_NAME));
        CHECK_FAILS(vch_tpm_public_match(&appraisal, &ak, name), REFUSED);
    }
}

TEST(key_of_another_name_is_not_enrolled)
{
    uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE];

    take(ECC);
    CHECK_OK(decode());
    CHECK_OK(vch_hex_decode(name, sizeof name, ECC_NAME));
    for (size_t bit = 0; bit <= 8 * sizeof name; bit++) {
        vch_appraisal_init(&appraisal);
        bool is_truth = bit == 8 * sizeof name;
        if (!is_truth) test_flip(name, bit);
        CHECK_CODE(vch_tpm_public_match(&appraisal, &ak, name),
                   is_truth ? VCH_CODE_NONE : VCH_CODE_REFUSED);
        if (!is_truth) test_flip(name, bit);
    }
}

TEST(public_key_cut_or_longer_is_refused)
{
    static const char *const all[] = {ECC, RSA};

    FOR_EACH(hex, all)
    {
        take(*hex);
        size_t whole = size;
        for (size = 0; size < whole; size++)
            CHECK(!vch_is_ok(decode()));
        bytes[size++] = 0;
        CHECK(!vch_is_ok(decode()));
    }
}

// A flipped byte is another key, or none.
TEST(public_key_with_a_byte_flipped_has_another_name)
{
    static const char *const all[] = {ECC, RSA}, *const names[] = {ECC_NAME, RSA_NAME};

    for (size_t k = 0; k < 2; k++) {
        uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE];
        CHECK_OK(vch_hex_decode(name, sizeof name, names[k]));
        take(all[k]);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            test_flip(bytes, bit);
            CHECK(!vch_is_ok(decode()) || memcmp(name, ak.name, sizeof name) != 0);
            test_flip(bytes, bit);
        }
    }
}

TEST(keys_of_other_kinds_are_not_supported)
{
    take(EK_P384); // on P-384, named by SHA-384
    CHECK_FAILS(decode(), UNSUPPORTED);
    take(ECC);
    bytes[5] = 0x04; // named by SHA-1
    CHECK_FAILS(decode(), UNSUPPORTED);
    take(ECC);
    memset(bytes + size - POINT_SIZE + 2, 0x11, 32); // no point of the curve
    CHECK_FAILS(decode(), MALFORMED);
}
