// RA-TLS certificates of an enclave made here (harness/ratls.h): one that is taken, and lies.
#include "evidence/ratls.h"

#include <string.h>

#include "harness/ratls.h"

static struct intel intel;
static struct ratls plan;
static struct vch_ratls shown;
static struct vch_appraisal appraisal;
static uint8_t der[RATLS_PART_MAX];
static size_t der_size;

static void begin(void)
{
    ratls_begin(&plan, &intel);
}

static vch_status decode(void)
{
    der_size = ratls_make(&plan, der, sizeof der);
    const struct vch_certificate_bytes bytes = {der, der_size};
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
    plan.plan.quoting_signer = 0xdd;
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

TEST(ratls_certificate_that_was_changed_did_not_sign_itself)
{
    begin();
    CHECK_OK(decode());
    for (size_t i = 0; i < der_size; i += 1 + test_below(32)) {
        const struct vch_certificate_bytes bytes = {der, der_size};
        size_t bit = 8 * i + test_below(8);
        test_flip(der, bit);
        vch_ratls_release(&shown);
        CHECK(!vch_is_ok(vch_ratls_decode(&shown, &bytes, NULL)) || !vch_is_ok(verify(false)));
        test_flip(der, bit);
    }
    CHECK_OK(decode());
    shown.is_signed_by_itself = false;
    check_fails(false, "ratls.signature");
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
