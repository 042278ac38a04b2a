// Messages of an enrolment, and whoever changes them on their way. A real TPM answers in
// tests/e2e/enrol_test.py.
#include "attest/enrol.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/authority.h"
#include "harness/test.h"

enum { NOW = 1795651200, HOUR = 3600 }; // 2026-11-26

static struct authority maker, factory, tpm;
static uint8_t root[4096], issuer[4096], ek[4096];
static struct vch_certificate_bytes makers[2], issuers[1];
static struct vch_enrol_trust trust;
static struct vch_enrol_request request;
static struct vch_enrol_random entropy;
static struct vch_enrol_challenge challenge;
static struct vch_enrol_pending pending;
static struct vch_appraisal appraisal;
static struct vch_complaint complaint;

// A restricted P-256 key for signatures, its point that of a key made for the test.
static uint8_t ak[88] = {0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x00, 0x72, 0x00, 0x00,
                         0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10};
enum { POINT = 20 };

static void endorse(X509 *certificate)
{
    static const uint8_t use[] = {0x30, 0x07, 0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x01};

    authority_extend(certificate, "2.5.29.37", use, sizeof use);
}

static void make_ak(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    unsigned char point[65];
    size_t size = 0;

    CHECK(key != NULL);
    CHECK_EQ(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &size), 1);
    EVP_PKEY_free(key);
    CHECK_EQ(size, sizeof point);
    ak[POINT] = ak[POINT + 34] = 0;
    ak[POINT + 1] = ak[POINT + 35] = 32;
    memcpy(ak + POINT + 2, point + 1, 32);
    memcpy(ak + POINT + 36, point + 33, 32);
}

static void start(void)
{
    const struct authority_plan plans[] = {{.name = "Maker",
                                            .path_length = AUTHORITY_ANY_LENGTH,
                                            .usage = "keyCertSign,cRLSign",
                                            .start_s = NOW - HOUR,
                                            .end_s = NOW + HOUR,
                                            .serial = 1,
                                            .curve = "P-256",
                                            .hash = "SHA256"},
                                           {.name = "Factory",
                                            .path_length = 0,
                                            .usage = "keyCertSign,cRLSign",
                                            .start_s = NOW - HOUR,
                                            .end_s = NOW + HOUR,
                                            .serial = 2,
                                            .curve = "P-256",
                                            .hash = "SHA256"},
                                           {.name = "TPM",
                                            .path_length = AUTHORITY_LEAF,
                                            .usage = "keyAgreement",
                                            .start_s = NOW - HOUR,
                                            .end_s = NOW + HOUR,
                                            .serial = 3,
                                            .curve = "P-256",
                                            .hash = "SHA256",
                                            .extend = endorse}};

    authority_issue(&maker, NULL, &plans[0]);
    authority_issue(&factory, &maker, &plans[1]);
    authority_issue(&tpm, &factory, &plans[2]);
    makers[0] = (struct vch_certificate_bytes){root, authority_der(&maker, root, sizeof root)};
    issuers[0] =
        (struct vch_certificate_bytes){issuer, authority_der(&factory, issuer, sizeof issuer)};
    make_ak();
    request = (struct vch_enrol_request){ak, ek, sizeof ak, authority_der(&tpm, ek, sizeof ek)};
    trust = (struct vch_enrol_trust){makers, 1, issuers, 1, NULL, NOW, 60};
    for (size_t i = 0; i < sizeof entropy; i++)
        ((uint8_t *)&entropy)[i] = (uint8_t)test_below(256);
    memset(&complaint, 0, sizeof complaint);
}

static void end(void)
{
    authority_release(&maker);
    authority_release(&factory);
    authority_release(&tpm);
}

static vch_status make(void)
{
    vch_appraisal_init(&appraisal);
    return vch_enrol_challenge(&challenge, &pending, &appraisal, &request, &trust, &entropy,
                               &complaint);
}

static struct vch_enrol_answer answer(void)
{
    return vch_enrol_answer(&challenge, entropy.secret, sizeof entropy.secret);
}

static bool failed(const char *name)
{
    const struct vch_appraisal_check *check = vch_appraisal_find(&appraisal, name);

    return check != NULL && check->result == VCH_APPRAISAL_FAILED;
}

TEST(key_whose_tpm_says_the_secret_is_enrolled)
{
    start();
    CHECK_OK(make());
    CHECK_EQ(appraisal.count, 7);
    struct vch_enrol_answer said = answer();
    CHECK_OK(vch_enrol_accept(&pending, &said, NOW + 60, &complaint));
    CHECK(!vch_is_zero(pending.ek.bytes, VCH_DIGEST_SIZE));
    end();
}

TEST(answer_that_is_late_or_not_that_tpms_is_refused)
{
    start();
    CHECK_OK(make());
    struct vch_enrol_answer said = answer(), other = said;
    CHECK_FAILS(vch_enrol_accept(&pending, &said, NOW + 61, &complaint), REFUSED);
    test_flip(other.proof.bytes, test_below(256));
    CHECK_FAILS(vch_enrol_accept(&pending, &other, NOW, NULL), REFUSED);
    other = said;
    test_flip(other.name, test_below(34 * 8));
    CHECK_FAILS(vch_enrol_accept(&pending, &other, NOW, NULL), REFUSED);
    // To an earlier challenge: with another secret.
    entropy.secret[5] ^= 1;
    CHECK_OK(make());
    CHECK_FAILS(vch_enrol_accept(&pending, &said, NOW, NULL), REFUSED);
    end();
}

// The proof is bound to the name: one key's answer is not another's, though the secret were known.
TEST(answer_for_one_key_is_none_for_another)
{
    start();
    CHECK_OK(make());
    struct vch_enrol_answer said = answer();
    make_ak();
    CHECK_OK(make());
    struct vch_enrol_answer renamed = said;
    memcpy(renamed.name, challenge.name, sizeof renamed.name);
    CHECK_FAILS(vch_enrol_accept(&pending, &said, NOW, NULL), REFUSED);
    CHECK_FAILS(vch_enrol_accept(&pending, &renamed, NOW, NULL), REFUSED);
    end();
}

TEST(tpm_of_a_maker_that_is_not_trusted_gets_no_challenge)
{
    struct authority stranger;
    uint8_t other[4096];

    start();
    const struct authority_plan plan = {.name = "Maker", // the right name, another key
                                        .path_length = AUTHORITY_ANY_LENGTH,
                                        .usage = "keyCertSign,cRLSign",
                                        .start_s = NOW - HOUR,
                                        .end_s = NOW + HOUR,
                                        .serial = 1,
                                        .curve = "P-256",
                                        .hash = "SHA256"};
    authority_issue(&stranger, NULL, &plan);
    makers[1] = makers[0];
    makers[0] =
        (struct vch_certificate_bytes){other, authority_der(&stranger, other, sizeof other)};
    CHECK_FAILS(make(), REFUSED);
    CHECK(failed("tpm.ek.chain") && !failed("tpm.ek.use"));
    trust.maker_count = 2; // one of them is enough
    CHECK_OK(make());
    CHECK_EQ(appraisal.count, 7);
    trust.maker_count = 0;
    CHECK_FAILS(make(), REFUSED);
    CHECK(failed("tpm.ek.chain"));
    authority_release(&stranger);
    end();
}

TEST(tpm_whose_certificate_was_revoked_gets_no_challenge)
{
    const long serials[] = {3, 4}; // the TPM's, and another
    struct vch_crl_list crls;
    uint8_t der[4096];

    start();
    trust.crls = &crls;
    for (size_t from = 0; from < 2; from++) {
        size_t size =
            authority_revoke(&factory, serials + from, 1, NOW - HOUR, NOW + HOUR, der, sizeof der);
        vch_crl_init(&crls);
        CHECK_OK(vch_crl_read(&crls, der, size, &complaint));
        vch_status status = make();
        CHECK(vch_is_ok(status) == (from == 1) && failed("tpm.ek.chain") == (from == 0));
        vch_crl_release(&crls);
    }
    end();
}

TEST(key_that_signs_what_it_is_given_gets_no_challenge)
{
    start();
    ak[5] = 4; // of the attributes: restricted is bit 16
    CHECK_FAILS(make(), REFUSED);
    CHECK(failed("tpm.ak.restricted"));
    ak[5] = 5;
    trust.time_s = NOW + HOUR + 1;
    CHECK_FAILS(make(), REFUSED);
    CHECK(failed("tpm.ek.chain"));
    end();
}

TEST(messages_have_one_form)
{
    uint8_t bytes[4][VCH_ENROL_SIZE_MAX], again[VCH_ENROL_SIZE_MAX];
    size_t sizes[4], size = 0;
    struct vch_enrol_request request_read;
    struct vch_enrol_challenge challenge_read;
    struct vch_enrol_answer said, answer_read;
    struct vch_enrol_pending pending_read;

    start();
    CHECK_OK(make());
    said = answer();
    CHECK_OK(vch_enrol_encode_request(bytes[0], sizeof bytes[0], &sizes[0], &request));
    CHECK_OK(vch_enrol_encode_challenge(bytes[1], sizeof bytes[1], &sizes[1], &challenge));
    CHECK_OK(vch_enrol_encode_answer(bytes[2], sizeof bytes[2], &sizes[2], &said));
    CHECK_OK(vch_enrol_encode_pending(bytes[3], sizeof bytes[3], &sizes[3], &pending));
    CHECK_OK(vch_enrol_decode_request(&request_read, bytes[0], sizes[0], &complaint));
    CHECK(request_read.ak_size == sizeof ak && memcmp(request_read.ak, ak, sizeof ak) == 0);
    CHECK(memcmp(request_read.ek, ek, request.ek_size) == 0);
    CHECK_OK(vch_enrol_decode_challenge(&challenge_read, bytes[1], sizes[1], &complaint));
    CHECK_OK(vch_enrol_encode_challenge(again, sizeof again, &size, &challenge_read));
    CHECK(size == sizes[1] && memcmp(again, bytes[1], size) == 0);
    CHECK_OK(vch_enrol_decode_answer(&answer_read, bytes[2], sizes[2], &complaint));
    CHECK_OK(vch_enrol_decode_pending(&pending_read, bytes[3], sizes[3], &complaint));
    CHECK_OK(vch_enrol_accept(&pending_read, &answer_read, NOW, &complaint));
    for (size_t i = 0; i < 4; i++) // one is not taken for another
        CHECK(vch_is_ok(vch_enrol_decode_answer(&answer_read, bytes[i], sizes[i], NULL)) ==
              (i == 2));
    for (size_t cut = 0; cut < sizes[3]; cut++)
        CHECK(!vch_is_ok(vch_enrol_decode_pending(&pending_read, bytes[3], cut, NULL)));
    bytes[3][sizes[3]] = 0;
    CHECK_FAILS(vch_enrol_decode_pending(&pending_read, bytes[3], sizes[3] + 1, NULL), MALFORMED);
    CHECK_FAILS(vch_enrol_encode_answer(again, 40, &size, &said), LIMIT);
    request.ak_size = 0;
    CHECK_FAILS(vch_enrol_encode_request(again, sizeof again, &size, &request), USAGE);
    end();
}

// Whatever bit of challenge or answer is changed on the way, nothing is enrolled by it.
TEST(message_with_a_bit_flipped_enrols_nothing)
{
    uint8_t bytes[VCH_ENROL_SIZE_MAX];
    struct vch_enrol_answer said, read;
    size_t size = 0;

    start();
    CHECK_OK(make());
    said = answer();
    CHECK_OK(vch_enrol_encode_answer(bytes, sizeof bytes, &size, &said));
    for (size_t bit = 0; bit < 8 * size; bit++) {
        test_flip(bytes, bit);
        vch_status status = vch_enrol_decode_answer(&read, bytes, size, NULL);
        if (vch_is_ok(status)) status = vch_enrol_accept(&pending, &read, NOW, NULL);
        CHECK(!vch_is_ok(status));
        test_flip(bytes, bit);
    }
    end();
}
