#include "evidence/dcap.h"

#include <stdio.h>
#include <string.h>

#include "harness/dcap_set.h"
#include "harness/test.h"

static struct dcap_set set;

static void check_failed(const char *names)
{
    const char *found = dcap_set_names(&set, VCH_APPRAISAL_FAILED);

    if (strcmp(found, names) != 0) test_fail(__FILE__, __LINE__, "failed: %s", found);
}

static const struct {
    const char *folder;
    const char *failed; // at its time, by a policy that takes it at its best
    int status;         // of vch_dcap_collateral_status; -1: none
    uint32_t evaluation;
} sets[] = {
    {"tdx/sets/phala-v4-uptodate", "", 0, 17},
    {"tdx/sets/fb-v4-2025-12", "", 0, 18},
    {"tdx/sets/gcp-v4-2026-06", "dcap.report_data ", 0, 19},
    {"tdx/sets/google-v4-cos113", "dcap.report_data ", 0, 17},
    {"tdx/sets/alibaba-v5", "dcap.domain.service ", 0, 17},
    {"tdx/sets/phala-v5-no-tcb-level", "dcap.platform.level dcap.status ", -1, 18},
    {"tdx/sets/google-v4-spr-e4", "dcap.platform.level dcap.status ", -1, 15},
    {"tdx/sets/azure-td", "dcap.module.level dcap.status ", 4, 17},
    {"tdx/sets/oe-v5-2025",
     "dcap.module.level dcap.status dcap.domain.attributes dcap.domain.service ", 4, 17},
    {"tdx/sets/oe-v5-moduleupdate", "", 0, 17},
    {"tdx/sets/oe-v5-moduleupdate-2025-02", "dcap.module.level dcap.status ", 4, 18},
    {"tdx/sets/oe-v4", "dcap.report_data ", 0, 15},
    {"tdx/sets/trustee-v4-DEBUG", "dcap.domain.debug dcap.domain.attributes ", 0, 15},
    {"tdx/sets/neg-fmspc-mismatch",
     "dcap.tcb_info.fmspc dcap.platform.level dcap.module.level dcap.status dcap.domain.attributes "
     "dcap.domain.service ",
     -1, 18},
    {"sgx/sets/phala-v3-swhardening", "dcap.status ", 3, 17},
};

TEST(dcap_sets_get_the_verdicts_of_their_manifest_at_their_time)
{
    FOR_EACH(it, sets)
    {
        printf("# %s\n", it->folder);
        dcap_set_load(&set, it->folder);
        vch_status status = dcap_set_verify(&set);
        check_failed(it->failed);
        CHECK_EQ(status.code, it->failed[0] == '\0' ? VCH_CODE_NONE : VCH_CODE_REFUSED);
        CHECK(set.claims.is_status_known == (it->status >= 0));
        if (it->status >= 0) CHECK_EQ(set.claims.status, it->status);
        CHECK_EQ(set.claims.evaluation, it->evaluation);
    }
}

static const char *const good[] = {"tdx/sets/phala-v4-uptodate", "tdx/sets/oe-v5-moduleupdate",
                                   "tdx/sets/fb-v4-2025-12"};

static void check_fails(const char *name)
{
    const struct vch_appraisal_check *check = vch_appraisal_find(&set.appraisal, name);

    CHECK(check != NULL && check->result == VCH_APPRAISAL_FAILED && check->text[0] != '\0');
}

TEST(dcap_sets_are_stale_later_and_not_yet_valid_before)
{
    FOR_EACH(it, sets)
    {
        dcap_set_load(&set, it->folder);
        int64_t at_s = set.question.time_s;
        const int64_t other_times[] = {dcap_time("2026-11-23T00:00:00Z"), at_s + 400 * DCAP_DAY_S,
                                       at_s - 60 * DCAP_DAY_S, 0};
        FOR_EACH(time_s, other_times)
        {
            set.question.time_s = *time_s;
            CHECK_FAILS(dcap_set_verify(&set), REFUSED);
            check_fails("dcap.tcb_info.dates");
            check_fails("dcap.identity.dates");
            check_fails("dcap.pck.chain"); // its lists have lapsed, or are of the future
        }
    }
}

TEST(dcap_collateral_holds_to_the_second)
{
    dcap_set_load(&set, "tdx/sets/phala-v4-uptodate");
    set.policy.tdx.rules.collateral_age_max_s = 60 * DCAP_DAY_S;
    const int64_t until_s = dcap_time("2025-07-19T10:00:35Z"); // the first of all to lapse
    set.question.time_s = until_s - 1;
    CHECK_OK(dcap_set_verify(&set));
    CHECK_EQ(set.claims.until_s, until_s);
    set.question.time_s = until_s + 1;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
}

static const char *text_of(const char *name)
{
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    return vch_appraisal_find(&set.appraisal, name)->text;
}

TEST(dcap_collateral_of_another_time_says_so_in_days)
{
    dcap_set_load(&set, "tdx/sets/phala-v4-uptodate");
    const char *const name = "dcap.tcb_info.dates";
    set.question.time_s = dcap_time("2026-07-19T10:16:04Z");
    CHECK(strcmp(text_of(name), "the next one was due 365 days ago") == 0);
    set.question.time_s = INT64_MIN;
    CHECK(strstr(text_of(name), "see the clock") != NULL);
    set.question.time_s = dcap_time("2025-06-25T12:00:00Z");
    set.policy.tdx.rules.collateral_age_max_s = 3 * DCAP_DAY_S;
    CHECK(strstr(text_of(name), "of the last 3 days") != NULL);
}

TEST(dcap_collateral_is_not_older_than_policy_allows)
{
    dcap_set_load(&set, "tdx/sets/phala-v4-uptodate");
    set.policy.tdx.rules.collateral_age_max_s = 3 * DCAP_DAY_S;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.tcb_info.dates dcap.identity.dates ");
}

TEST(dcap_rolled_back_collateral_is_below_the_floor_of_evaluation_numbers)
{
    dcap_set_load(&set, "tdx/sets/oe-v5-moduleupdate"); // issued later, of number 17
    CHECK_OK(dcap_set_verify(&set));
    set.policy.tdx.rules.min_evaluation = 18;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.tcb_info.evaluation dcap.identity.evaluation ");
    dcap_set_load(&set, "tdx/sets/oe-v5-moduleupdate-2025-02"); // issued earlier, of number 18
    set.policy.tdx.rules.min_evaluation = 18;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.module.level dcap.status ");
}

TEST(dcap_policy_that_says_nothing_allows_nothing)
{
    FOR_EACH(it, good)
    {
        dcap_set_load(&set, *it);
        set.policy = (struct vch_dcap_policy){0};
        CHECK_FAILS(dcap_set_verify(&set), REFUSED);
        static const char *const names[] = {"dcap.quote.version",  "dcap.pck.type",
                                            "dcap.tcb_info.dates", "dcap.tcb_info.evaluation",
                                            "dcap.quoting.level",  "dcap.module.level",
                                            "dcap.status",         "dcap.domain.measurements",
                                            "dcap.domain.module"};
        FOR_EACH(name, names)
        check_fails(*name);
        const char *why = vch_appraisal_find(&set.appraisal, "dcap.status")->text;
        CHECK(strcmp(why, "UpToDate, which policy does not list: its signer has to") == 0);
    }
    dcap_set_load(&set, "sgx/sets/phala-v3-swhardening");
    set.policy.sgx.enclave_count = 0;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_fails("dcap.enclave.identity");
}

TEST(dcap_status_is_taken_where_policy_lists_it_and_warned_of)
{
    dcap_set_load(&set, "sgx/sets/phala-v3-swhardening");
    struct vch_dcap_rules *rules = &set.policy.sgx.rules;

    for (int status = 0; status <= VCH_DCAP_COLLATERAL_REVOKED; status++) {
        rules->statuses = VCH_DCAP_BIT((unsigned)status);
        bool is_it = status == VCH_DCAP_COLLATERAL_CONFIGURATION_AND_SW_HARDENING_NEEDED;
        CHECK_CODE(dcap_set_verify(&set), is_it ? VCH_CODE_NONE : VCH_CODE_REFUSED);
        if (is_it) CHECK(strcmp(dcap_set_names(&set, VCH_APPRAISAL_WARNED), "dcap.status ") == 0);
    }
    static const char *const denied[] = {"INTEL-SA-00000", "INTEL-SA-00615"};
    rules->statuses = ~0u;
    rules->denied_advisories = denied;
    rules->denied_advisory_count = 1;
    CHECK_OK(dcap_set_verify(&set));
    rules->denied_advisory_count = 2;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.advisories ");
}

TEST(dcap_module_that_is_out_of_date_counts_although_the_platform_is_not)
{
    dcap_set_load(&set, "tdx/sets/oe-v5-moduleupdate-2025-02");
    struct vch_dcap_rules *rules = &set.policy.tdx.rules;

    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    CHECK_EQ(set.claims.platform, VCH_DCAP_COLLATERAL_UP_TO_DATE);
    CHECK_EQ(set.claims.module, VCH_DCAP_COLLATERAL_OUT_OF_DATE);
    rules->module_statuses |= VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_OUT_OF_DATE);
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.status ");
    rules->statuses |= VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_OUT_OF_DATE);
    CHECK_OK(dcap_set_verify(&set));
    rules->module_statuses = VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_UP_TO_DATE);
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.module.level ");
}

TEST(dcap_domain_that_can_be_debugged_is_refused_whatever_policy_says)
{
    dcap_set_load(&set, "tdx/sets/trustee-v4-DEBUG");
    set.policy.tdx.attributes_allowed = ~(uint64_t)0;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.domain.debug ");
}

TEST(dcap_domain_that_can_migrate_or_has_a_service_needs_policys_word)
{
    dcap_set_load(&set, "tdx/sets/oe-v5-2025");
    struct vch_dcap_tdx_policy *tdx = &set.policy.tdx;

    tdx->rules.statuses = tdx->rules.module_statuses = ~0u;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.domain.attributes dcap.domain.service ");
    tdx->attributes_allowed |= 1u << 29; // MIGRATABLE
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.domain.service ");
    set.services[0] = set.own.domain.service;
    CHECK_OK(dcap_set_verify(&set));
    tdx->attributes_needed = 1u << 30;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.domain.attributes ");
}

TEST(dcap_domain_is_the_one_that_was_asked_for_to_the_bit)
{
    dcap_set_load(&set, "tdx/sets/phala-v4-uptodate");
    const uint8_t **fields[] = {&set.domain.measurement,  &set.domain.registers[0],
                                &set.domain.registers[1], &set.domain.registers[2],
                                &set.domain.registers[3], &set.domain.config_id,
                                &set.domain.owner,        &set.domain.owner_config};
    FOR_EACH(field, fields)
    {
        const uint8_t *own = **field;
        uint8_t changed[VCH_DCAP_QUOTE_HASH_SIZE];
        memcpy(changed, own, sizeof changed);
        test_flip(changed, test_below(8 * sizeof changed));
        **field = changed;
        CHECK_FAILS(dcap_set_verify(&set), REFUSED);
        check_failed("dcap.domain.measurements ");
        **field = NULL;
        CHECK_FAILS(dcap_set_verify(&set), REFUSED);
        **field = own;
    }
    CHECK_OK(dcap_set_verify(&set));

    uint8_t data[VCH_DCAP_QUOTE_DATA_SIZE];
    memcpy(data, set.own.report_data, sizeof data);
    test_flip(data, test_below(8 * sizeof data));
    set.question.report_data = data;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.report_data ");
    set.question.report_data = NULL;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_failed("dcap.report_data ");
}

TEST(dcap_enclave_is_known_by_its_measurement_or_by_its_signer)
{
    dcap_set_load(&set, "sgx/sets/phala-v3-swhardening");
    const struct vch_dcap_quote_enclave *own = &set.own.enclave;
    static const uint8_t other[32] = {1};

    set.policy.sgx.rules.statuses = ~0u;
    set.enclave = (struct vch_dcap_enclave){
        .signer = own->signer, .product = own->product, .min_svn = own->svn};
    CHECK_OK(dcap_set_verify(&set));
    struct vch_dcap_enclave lies[] = {
        {.measurement = other, .signer = own->signer, .product = own->product},
        {.signer = other, .product = own->product},
        {.signer = own->signer, .product = (uint16_t)(own->product + 1)},
        {.signer = own->signer, .product = own->product, .min_svn = (uint16_t)(own->svn + 1)},
        {.measurement = NULL},
    };
    FOR_EACH(lie, lies)
    {
        set.enclave = *lie;
        CHECK_FAILS(dcap_set_verify(&set), REFUSED);
        check_failed("dcap.enclave.identity ");
    }
}

TEST(dcap_enclaves_that_can_be_debugged_are_refused)
{
    static const char *const names[] = {"oe-v3.quote", "trustee-occlum-v3.quote"};

    FOR_EACH(name, names)
    {
        dcap_set_load(&set, "sgx/sets/phala-v3-swhardening"); // their own collateral is lost
        dcap_set_read(&set, DCAP_QUOTE, "sgx", *name);
        dcap_set_own(&set);
        CHECK_FAILS(dcap_set_verify(&set), REFUSED);
        check_fails("dcap.enclave.debug");
        CHECK_EQ(vch_appraisal_find(&set.appraisal, "dcap.quote.signature")->result,
                 VCH_APPRAISAL_PASSED);
    }
}
