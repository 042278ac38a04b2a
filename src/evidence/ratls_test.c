// Certificates that other people's enclaves made. All of them are of enclaves that can be debugged,
// and no collateral of their platforms is at hand. What is accepted is made in ratls_lies_test.
#include "evidence/ratls.h"

#include <stdio.h>
#include <string.h>

#include "evidence/roots.h"
#include "harness/test.h"
#include "harness/vectors.h"

enum { YEAR_2023 = 1690000000 };

static const char *const SAMPLES[] = {"ratls/gramine-cert.pem", "ratls/intel-sgxsdk-cert.pem",
                                      "ratls/rats-tls-cert.pem"};

static struct vch_ratls shown;
static struct vch_appraisal appraisal;
static struct vch_dcap_claims claims;
static int64_t time_s;
static bool is_for_private_data;

static void load(const char *name)
{
    struct vch_certificate_bytes bytes;

    vch_ratls_release(&shown);
    bytes.bytes = vectors_read(name, &bytes.size);
    CHECK_OK(vch_ratls_decode(&shown, &bytes, NULL));
    time_s = YEAR_2023;
    is_for_private_data = false;
}

static vch_status verify(void)
{
    const struct vch_dcap_policy policy = {.sgx.rules = {.versions = VCH_DCAP_BIT(3), .types = 7}};
    const struct vch_dcap_collateral none = {0};
    const struct vch_dcap_question question = {
        .root = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate,
        .time_s = time_s,
        .policy = &policy,
    };
    struct vch_arena arena;

    vch_arena_init(&arena, VCH_DCAP_ARENA_SIZE);
    vch_status status = vch_ratls_verify(&appraisal, &claims, &shown, &none, &question,
                                         is_for_private_data, &arena, NULL);
    vch_arena_release(&arena);
    return status;
}

static enum vch_appraisal_result result_of(const char *name)
{
    const struct vch_appraisal_check *check = vch_appraisal_find(&appraisal, name);

    if (check == NULL) test_fail(__FILE__, __LINE__, "there is no %s", name);
    return check->result;
}

TEST(ratls_certificates_are_bound_to_their_keys_and_their_enclaves_can_be_debugged)
{
    static const char *const hold[] = {
        "dcap.quoting.signature", "dcap.quoting.key", "dcap.quote.signature",
        "dcap.report_data",       "ratls.key",        "ratls.dates"};
    FOR_EACH(name, SAMPLES)
    {
        load(*name);
        CHECK(!vch_is_ok(verify()));
        FOR_EACH(check, hold)
        {
            if (result_of(*check) != VCH_APPRAISAL_PASSED)
                test_fail(__FILE__, __LINE__, "%s: %s", *name, *check);
        }
        CHECK(result_of("dcap.enclave.debug") == VCH_APPRAISAL_FAILED);
        CHECK(result_of("ratls.binding") == VCH_APPRAISAL_WARNED);
        is_for_private_data = true;
        CHECK(!vch_is_ok(verify()));
        CHECK(result_of("ratls.binding") == VCH_APPRAISAL_FAILED);
    }
    vch_ratls_release(&shown);
}

TEST(ratls_certificate_that_has_ended_is_refused)
{
    load(SAMPLES[2]);
    time_s = shown.end_s;
    CHECK(!vch_is_ok(verify()));
    CHECK(result_of("ratls.dates") == VCH_APPRAISAL_PASSED);
    const int64_t outside[] = {shown.end_s + 1, shown.start_s - 1};
    FOR_EACH(time, outside)
    {
        time_s = *time;
        CHECK(!vch_is_ok(verify()));
        CHECK(result_of("ratls.dates") == VCH_APPRAISAL_FAILED);
    }
    vch_ratls_release(&shown);
}

TEST(ratls_quote_of_another_certificate_vouches_for_no_other_key)
{
    load(SAMPLES[0]);
    const struct vch_digest key = shown.key;
    load(SAMPLES[1]);
    shown.key = key;
    CHECK(!vch_is_ok(verify()));
    CHECK(result_of("ratls.key") == VCH_APPRAISAL_FAILED);
    // Claims that were changed to name it are not the quote's.
    static uint8_t changed[256];
    CHECK(shown.claims.size < sizeof changed);
    memcpy(changed, shown.claims.bytes, shown.claims.size);
    memcpy(changed + shown.claims.size - VCH_DIGEST_SIZE, key.bytes, VCH_DIGEST_SIZE);
    shown.claims.bytes = changed;
    shown.claimed = key;
    CHECK(!vch_is_ok(verify()));
    CHECK(result_of("ratls.key") == VCH_APPRAISAL_PASSED);
    CHECK(result_of("dcap.report_data") == VCH_APPRAISAL_FAILED);
    vch_ratls_release(&shown);
}

TEST(ratls_certificate_cut_anywhere_is_none)
{
    static uint8_t pem[1 << 15];
    struct vch_certificate_bytes bytes = {pem, 0};
    size_t size = 0;
    struct vch_ratls found;

    memcpy(pem, vectors_read(SAMPLES[2], &size), size < sizeof pem ? size : 0);
    while (size > 0 && pem[size - 1] == '\n')
        size--;
    for (bytes.size = 0; bytes.size < size; bytes.size += 1 + test_below(64)) {
        CHECK(!vch_is_ok(vch_ratls_decode(&found, &bytes, NULL)));
        vch_ratls_release(&found);
    }
    const struct vch_certificate_bytes none = {NULL, 0};
    CHECK_FAILS(vch_ratls_decode(&found, &none, NULL), TRUNCATED);
    vch_ratls_release(&found);
}
