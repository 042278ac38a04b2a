// An Intel made here (harness/intel.h): evidence that is signed all the way down, wrong in one way
// each, so that the check which is there for it is the only one that fails.
#include "evidence/dcap.h"

#include <string.h>

#include "harness/intel.h"

#define SERIAL(which) ((which) + 1)
enum { SGX_3 = 0, SGX_4 = 1, TDX_4 = 2, TDX_5 = 5 };

static struct intel intel;

static void make(const struct intel_plan *plan)
{
    memset(intel.report_data, 0xd1, sizeof intel.report_data);
    intel_make(&intel, plan);
}

static void check_failed(const char *want)
{
    vch_status status = dcap_set_verify(&intel.set);
    const char *found = dcap_set_names(&intel.set, VCH_APPRAISAL_FAILED);

    if (strcmp(found, want) != 0)
        test_fail(__FILE__, __LINE__, "failed: %s; expected: %s", found, want);
    CHECK_EQ(status.code, *want == '\0' ? VCH_CODE_NONE : VCH_CODE_REFUSED);
}

TEST(dcap_evidence_made_here_is_taken_in_every_form)
{
    for (unsigned i = 0; i < sizeof dcap_forms / sizeof *dcap_forms; i++) {
        struct intel_plan plan = intel_honest;
        plan.form = i;
        if (dcap_forms[i].tee == 0) plan.quoting_product = 1;
        make(&plan);
        check_failed("");
    }
    intel.set.question.root = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate;
    CHECK_FAILS(dcap_set_verify(&intel.set), REFUSED); // the name alone
    CHECK(strstr(dcap_set_names(&intel.set, VCH_APPRAISAL_FAILED), "dcap.pck.chain") != NULL);
    intel_release(&intel);
}

#define LEVELS "dcap.quoting.level dcap.status "

static const struct {
    struct intel_plan plan; // what is not zero counts
    const char *failed;
} lies[] = {
    // An enclave of somebody else's, on a genuine platform, that signs quotes.
    {{.quoting_signer = 0xdd}, "dcap.quoting.signer "},
    {{.quoting_product = 7}, "dcap.quoting.product "},
    {{.quoting_svn = 4}, LEVELS},
    {{.quoting_svn = 1}, LEVELS},
    {{.quoting_status = "Revoked"}, LEVELS},
    {{.is_key_unbound = true}, "dcap.quoting.key "},
    {{.is_authentication_altered = true}, "dcap.quoting.key "},
    {{.is_vendor_another = true}, "dcap.quote.vendor "},
    {{.form = TDX_5, .module_minor_now = 4}, "dcap.domain.update "},
    {{.form = TDX_5, .module_minor_now = 6}, ""}, // updated since
    // Of the other kind of evidence.
    {{.tcb_info_form = SGX_3 + 1},
     "dcap.tcb_info.kind dcap.platform.level dcap.module.identity dcap.module.level "
     "dcap.status "},
    {{.form = SGX_4, .quoting_product = 1, .tcb_info_form = TDX_4 + 1},
     "dcap.tcb_info.kind dcap.platform.level dcap.status "},
    {{.form = SGX_4, .quoting_product = 1, .identity_id = "TD_QE"}, "dcap.identity.kind "},
    {{.identity_id = "QE"}, "dcap.identity.kind "},
    {{.platform_status = "OutOfDate"}, "dcap.status "},
    {{.platform_status = "Revoked"}, "dcap.status "},
    {{.pce_svn = 12}, "dcap.status "},
    {{.pce_id = "0001"}, "dcap.tcb_info.pce "},
    {{.module_signer = 0x34}, "dcap.module.identity "},
    {{.module_attributes = 1}, "dcap.module.identity "},
    {{.module_minor = 4}, "dcap.module.level dcap.status "},
    {{.module_minor = 1}, "dcap.module.level dcap.status "}, // no level at all
    {{.module_major = 3}, "dcap.module.identity dcap.module.level dcap.status "},
    {{.module_status = "Revoked"}, "dcap.module.level dcap.status "},
    {{.evaluation = 14}, "dcap.tcb_info.evaluation dcap.identity.evaluation "},
    {{.revoked_by_platform = SERIAL(INTEL_PCK)}, "dcap.pck.chain "},
    {{.revoked_by_root = SERIAL(INTEL_PLATFORM)}, "dcap.pck.chain "},
    {{.revoked_by_root = SERIAL(INTEL_SIGNER)}, "dcap.signer.chain "},
};

// The truth, but for what is told.
static struct intel_plan plan_of(const struct intel_plan *told)
{
    struct intel_plan plan = intel_honest;

#define TELL(member) \
    if (told->member != 0) plan.member = told->member
    TELL(form);
    TELL(tcb_info_form);
    TELL(module_minor_now);
    TELL(is_vendor_another);
    TELL(is_authentication_altered);
    TELL(quoting_signer);
    TELL(quoting_product);
    TELL(quoting_svn);
    TELL(quoting_status);
    TELL(is_key_unbound);
    TELL(identity_id);
    TELL(platform_status);
    TELL(pce_svn);
    TELL(pce_id);
    TELL(module_signer);
    TELL(module_attributes);
    TELL(module_minor);
    TELL(module_major);
    TELL(module_status);
    TELL(evaluation);
    TELL(revoked_by_platform);
    TELL(revoked_by_root);
#undef TELL
    return plan;
}

TEST(dcap_evidence_that_intel_signed_and_that_is_not_to_be_trusted_is_refused)
{
    FOR_EACH(lie, lies)
    {
        const struct intel_plan plan = plan_of(&lie->plan);
        make(&plan);
        check_failed(lie->failed);
    }
    intel_release(&intel);
}

// Policy can list what it likes: Revoked is never taken, and a revoked quoting enclave does not
// keep the rest from being looked at.
TEST(dcap_revoked_is_refused_whatever_policy_lists)
{
    struct intel_plan plan = intel_honest;

    plan.quoting_svn = 1;
    plan.revoked_by_platform = SERIAL(INTEL_PCK);
    make(&plan);
    struct vch_dcap_rules *rules = &intel.set.policy.tdx.rules;
    rules->statuses = rules->module_statuses = rules->quoting_statuses = ~0u;
    check_failed("dcap.pck.chain " LEVELS);
    plan.quoting_svn = 4; // OutOfDate, which it lists too
    plan.revoked_by_platform = 0;
    make(&plan);
    rules->statuses = rules->module_statuses = rules->quoting_statuses = ~0u;
    check_failed("");
    CHECK(strstr(dcap_set_names(&intel.set, VCH_APPRAISAL_WARNED), LEVELS) != NULL);
    intel_release(&intel);
}

// Collateral comes from who is judged, and may be of before.
TEST(dcap_lists_of_the_verifiers_own_revoke_whatever_the_collateral_says)
{
    static const struct {
        int issuer;
        long serial;
        const char *failed;
    } rows[] = {
        {INTEL_PLATFORM, SERIAL(INTEL_PCK), "dcap.pck.chain "},
        {INTEL_ROOT, SERIAL(INTEL_PLATFORM), "dcap.pck.chain "},
        {INTEL_ROOT, SERIAL(INTEL_SIGNER), "dcap.signer.chain "},
        {INTEL_ROOT, 99, ""},
    };
    uint8_t der[2048];

    FOR_EACH(row, rows)
    {
        make(&intel_honest);
        const struct vch_certificate_bytes own = {
            der, authority_revoke(&intel.chain[row->issuer], &row->serial, 1, INTEL_START,
                                  INTEL_NOW + 77, der, sizeof der)};
        intel.set.question.own = (struct vch_crl_own){&own, 1};
        check_failed(row->failed);
        CHECK(intel.set.claims.until_s <= INTEL_NOW + 77);
    }
    intel_release(&intel);
}

// A report without MRSERVICETD does not say who may carry a domain's memory elsewhere.
TEST(dcap_domain_that_can_migrate_says_by_whom)
{
    static const unsigned forms[] = {TDX_4, TDX_5 - 1};
    struct intel_plan plan = intel_honest;

    plan.is_migratable = true;
    FOR_EACH(form, forms)
    {
        plan.form = *form;
        make(&plan);
        check_failed("dcap.domain.attributes dcap.domain.service ");
        intel.set.policy.tdx.attributes_allowed |= 1u << 29;
        check_failed("dcap.domain.service ");
    }
    plan.form = TDX_5;
    make(&plan);
    intel.set.policy.tdx.attributes_allowed |= 1u << 29;
    check_failed("");
    intel_release(&intel);
}

// What the host gives an enclave at its start changes neither measurement nor signer.
TEST(dcap_enclave_that_its_host_configured_is_refused)
{
    static const uint16_t places[] = {192, 255, 260, 261}; // CONFIGID, CONFIGSVN
    static const unsigned forms[] = {SGX_3, SGX_4};
    struct intel_plan plan = intel_honest;

    plan.quoting_product = 1;
    FOR_EACH(form, forms)
    FOR_EACH(place, places)
    {
        plan.form = *form;
        plan.enclave_at = *place;
        make(&plan);
        check_failed("dcap.enclave.config ");
    }
    intel_release(&intel);
}

// Whether it was started at all, what its key may do, and what no page explains.
TEST(dcap_enclave_with_attributes_that_are_not_allowed_is_refused)
{
    static const struct {
        uint16_t at;
        uint8_t byte;
        const char *failed;
    } cases[] = {
        {48, 0x05, ""},                         // initialised, of 64 bits
        {48, 0xe5, ""},                         // token key, CET, key separation
        {49, 0x04, ""},                         // exit notify
        {48, 0x04, "dcap.enclave.attributes "}, // never initialised
        {48, 0x15, "dcap.enclave.attributes "}, // the provisioning key
        {48, 0x0d, "dcap.enclave.attributes "}, // bits without a meaning
        {49, 0x08, "dcap.enclave.attributes "},
        {55, 0x80, "dcap.enclave.attributes "},
        {48, 0x07, "dcap.enclave.debug "},
    };
    struct intel_plan plan = intel_honest;

    plan.form = SGX_4;
    plan.quoting_product = 1;
    FOR_EACH(it, cases)
    {
        plan.enclave_at = it->at;
        plan.enclave_byte = it->byte;
        make(&plan);
        check_failed(it->failed);
        intel.set.policy.sgx.may_provision = true;
        check_failed(it->byte == 0x15 ? "" : it->failed);
    }
    intel_release(&intel);
}

// A signer's products are told apart by three numbers, of which policy states one.
TEST(dcap_enclave_of_another_family_or_extended_product_is_not_the_one_that_was_listed)
{
    static const uint16_t places[] = {32, 47, 304, 319}; // ISVEXTPRODID, ISVFAMILYID
    struct intel_plan plan = intel_honest;

    plan.form = SGX_4;
    plan.quoting_product = 1;
    FOR_EACH(place, places)
    {
        plan.enclave_at = *place;
        make(&plan);
        check_failed(""); // its measurement is listed
        intel.set.enclave = (struct vch_dcap_enclave){.signer = intel.set.own.enclave.signer};
        check_failed("dcap.enclave.identity ");
    }
    intel_release(&intel);
}

TEST(dcap_rules_that_allow_collateral_no_age_take_none_of_this_second)
{
    make(&intel_honest);
    intel.set.question.time_s = dcap_time("2025-06-19T00:00:00Z"); // when it was issued
    check_failed("");
    intel.set.policy.tdx.rules.collateral_age_max_s = 0;
    check_failed("dcap.tcb_info.dates dcap.identity.dates ");
    intel_release(&intel);
}
