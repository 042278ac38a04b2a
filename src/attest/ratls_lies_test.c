// RA-TLS certificates of an enclave made here (harness/intel.h): one that is taken, and lies.
#include "attest/ratls.h"

#include <string.h>

#include "attest/cbor.h"
#include "harness/intel.h"

enum { SGX_3 = 0, SHA_256 = 1, PART_MAX = 20000 };

// What the next certificate is made with.
static struct plan {
    unsigned hash;
    size_t claims; // how many
    bool is_of_another_key, is_named_twice, is_cut, is_longer;
    unsigned tag;
    struct intel_plan intel;
} plan;

static struct intel intel;
static struct vch_ratls shown;
static struct vch_appraisal appraisal;
static uint8_t extension[PART_MAX], der[PART_MAX];

static void begin(void)
{
    plan = (struct plan){.hash = SHA_256, .claims = 1, .tag = 60000, .intel = intel_honest};
    plan.intel.form = SGX_3;
    plan.intel.quoting_product = 1;
}

static size_t write_claims(uint8_t *out, size_t room, const struct vch_digest *key)
{
    uint8_t named[64];
    size_t size = 0;
    struct vch_cbor_writer inner = {named, sizeof named, 0}, writer = {out, room, 0};

    vch_cbor_write_array(&inner, 2);
    vch_cbor_write_uint(&inner, plan.hash);
    vch_cbor_write_bytes(&inner, key->bytes, VCH_DIGEST_SIZE);
    CHECK_OK(vch_cbor_write_end(&inner, &size));
    vch_cbor_write_map(&writer, plan.claims);
    for (size_t i = 0; i < plan.claims; i++) {
        bool is_key = i == 0 || plan.is_named_twice;
        vch_cbor_write_text(&writer, is_key ? "pubkey-hash" : "key", is_key ? 11 : 3);
        vch_cbor_write_bytes(&writer, named, is_key ? size : 1);
    }
    CHECK_OK(vch_cbor_write_end(&writer, &size));
    return size;
}

// Called when the certificate has its key.
static void vouch(X509 *certificate)
{
    uint8_t spki[256], claims[1024], report_data[64] = {0};
    unsigned char *end = spki;
    size_t size = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &end);
    struct vch_digest key = vch_hash_bytes(spki, size);
    struct vch_cbor_writer writer = {extension, sizeof extension, 0};

    if (plan.is_of_another_key) key.bytes[0] ^= 1;
    size = write_claims(claims, sizeof claims, &key);
    struct vch_digest digest = vch_hash_bytes(claims, size);
    memcpy(report_data, digest.bytes, sizeof digest.bytes);
    intel_bind(&intel, report_data);
    intel_make(&intel, &plan.intel);
    const struct vch_certificate_bytes *quote = &intel.set.files[DCAP_QUOTE];
    extension[0] = 0xd9;
    extension[1] = (uint8_t)(plan.tag >> 8);
    extension[2] = (uint8_t)plan.tag;
    writer.size = 3;
    vch_cbor_write_array(&writer, 2);
    vch_cbor_write_bytes(&writer, quote->bytes, quote->size);
    vch_cbor_write_bytes(&writer, claims, size);
    if (plan.is_longer) vch_cbor_write_uint(&writer, 0);
    CHECK_OK(vch_cbor_write_end(&writer, &size));
    authority_extend(certificate, "2.23.133.5.4.9", extension, size - (plan.is_cut ? 1 : 0));
}

static vch_status decode(void)
{
    const struct authority_plan leaf = {.name = "RATLS",
                                        .path_length = AUTHORITY_LEAF,
                                        .start_s = INTEL_START,
                                        .end_s = INTEL_END,
                                        .curve = "P-384",
                                        .extend = vouch};
    struct authority made;

    authority_issue(&made, NULL, &leaf);
    const struct vch_certificate_bytes bytes = {der, authority_der(&made, der, sizeof der)};
    authority_release(&made);
    vch_ratls_release(&shown);
    return vch_ratls_decode(&shown, &bytes, NULL);
}

static vch_status verify(bool is_for_private_data)
{
    struct dcap_set *set = &intel.set;
    struct vch_dcap_claims claims;
    struct vch_arena arena;

    vch_arena_init(&arena, VCH_DCAP_ARENA_SIZE);
    vch_status status = vch_ratls_verify(&appraisal, &claims, &shown, &set->collateral,
                                         &set->question, is_for_private_data, &arena, NULL);
    vch_arena_release(&arena);
    return status;
}

// That one check fails, and no other.
static void check_fails(bool is_for_private_data, const char *name)
{
    CHECK_FAILS(verify(is_for_private_data), REFUSED);
    for (uint32_t i = 0; i < appraisal.count; i++)
        if ((appraisal.checks[i].result == VCH_APPRAISAL_FAILED) !=
            (strcmp(appraisal.checks[i].name, name) == 0))
            test_fail(__FILE__, __LINE__, "%s, where %s was to fail alone",
                      appraisal.checks[i].name, name);
}

static void end(void)
{
    vch_ratls_release(&shown);
    intel_release(&intel);
}

TEST(ratls_certificate_is_taken_and_never_for_what_is_private)
{
    begin();
    plan.claims = 5;
    CHECK_OK(decode());
    CHECK_OK(verify(false));
    check_fails(true, "ratls.binding");
    end();
}

TEST(ratls_certificate_of_another_key_or_time_or_with_a_bad_quote_is_refused)
{
    begin();
    plan.is_of_another_key = true;
    CHECK_OK(decode());
    check_fails(false, "ratls.key");
    begin();
    CHECK_OK(decode());
    shown.end_s = INTEL_NOW - 1;
    check_fails(false, "ratls.dates");
    begin();
    plan.intel.quoting_signer = 0xdd;
    CHECK_OK(decode());
    check_fails(false, "dcap.quoting.signer");
    // The caller cannot have it bound to something else.
    begin();
    CHECK_OK(decode());
    static uint8_t other[64] = {1};
    intel.set.question.report_data = other;
    CHECK_OK(verify(false));
    end();
}

TEST(ratls_evidence_of_another_form_is_none)
{
    begin();
    plan.hash = 7; // SHA-384
    CHECK_FAILS(decode(), UNSUPPORTED);
    begin();
    plan.tag = 60001;
    CHECK_FAILS(decode(), UNSUPPORTED);
    begin();
    plan.claims = 0;
    CHECK_FAILS(decode(), MALFORMED);
    begin();
    plan.claims = VCH_RATLS_CLAIMS_MAX + 1;
    CHECK_FAILS(decode(), LIMIT);
    begin();
    plan.claims = 2;
    plan.is_named_twice = true;
    CHECK_FAILS(decode(), MALFORMED);
    begin();
    plan.is_cut = true;
    CHECK_FAILS(decode(), MALFORMED);
    begin();
    plan.is_longer = true;
    CHECK_FAILS(decode(), MALFORMED);
    end();
}
