// Verdicts over quotes of real machines, which were made for somebody else and show it.
#include "attest/result.h"

#include <stdio.h>
#include <string.h>

#include "harness/dcap_set.h"
#include "harness/results.h"

static struct results scene;
static struct dcap_set set;

// A real quote and its collateral, under a policy that allows just it.
static void begin_dcap(const char *folder, enum vch_binder_kind kind)
{
    static const char *const labels[] = {[DCAP_TCB_INFO] = "tcb-info",
                                         [DCAP_IDENTITY] = "identity",
                                         [DCAP_SIGNER] = "tcb-signer",
                                         [DCAP_ROOT_CRL] = "root-crl",
                                         [DCAP_PCK_CRL] = "pck-crl"};

    dcap_set_load(&set, folder);
    results_init(&scene, kind);
    results_block(&scene);
    results_put(&scene.response.evidence, "quote", &set.files[DCAP_QUOTE]);
    for (int i = DCAP_TCB_INFO; i < DCAP_FILES; i++)
        results_put(&scene.response.endorsements, labels[i], &set.files[i]);
    scene.time_s = set.question.time_s;
    scene.rules.has_tdx = scene.rules.has_sgx = true;
    scene.rules.dcap = set.policy;
    scene.rules.anchors.intel = set.question.root;
}

static void end_dcap(void)
{
    results_release(&scene);
    vch_arena_release(&set.arena);
}

// Everything about it is in order, but that it was made for somebody else.
static void check_only_binding(void)
{
    results_check_refused(&scene, "binding.evidence");
    for (uint32_t i = 0; i < scene.result.appraisal.count; i++) {
        const struct vch_appraisal_check *check = &scene.result.appraisal.checks[i];
        bool is_binding = strcmp(check->name, "binding.evidence") == 0 ||
                          strcmp(check->name, "dcap.report_data") == 0;
        if ((check->result == VCH_APPRAISAL_FAILED) != is_binding)
            test_fail(__FILE__, __LINE__, "%s: %s", check->name, check->text);
    }
}

TEST(result_refuses_real_quotes_of_others_for_their_binding_alone)
{
    begin_dcap("tdx/sets/phala-v4-uptodate", VCH_BINDER_TDX);
    check_only_binding();
    CHECK(scene.result.hardware_size == 16);
    scene.response.kind = VCH_BINDER_SGX; // and for what they are not
    results_block(&scene);
    results_check_refused(&scene, "result.kind");
    end_dcap();
    begin_dcap("sgx/sets/phala-v3-swhardening", VCH_BINDER_SGX);
    scene.rules.dcap.sgx.rules.statuses |=
        VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_CONFIGURATION_AND_SW_HARDENING_NEEDED);
    check_only_binding();
    scene.response.kind = VCH_BINDER_TDX;
    results_block(&scene);
    results_check_refused(&scene, "result.kind");
    scene.rules.has_tdx = false;
    results_check_refused(&scene, "result.section");
    end_dcap();
}

// Genuine, up to date, and bound to nothing at all.
TEST(result_refuses_a_real_quote_whose_report_data_is_zero)
{
    begin_dcap("tdx/sets/gcp-v4-2026-06", VCH_BINDER_TDX);
    CHECK(vch_is_zero(set.own.report_data, VCH_BINDER_REPORT_SIZE));
    check_only_binding();
    end_dcap();
}

TEST(result_of_a_quote_without_its_collateral_is_malformed)
{
    begin_dcap("tdx/sets/phala-v4-uptodate", VCH_BINDER_TDX);
    scene.response.endorsements.count = 0;
    CHECK(!vch_is_ok(results_judge(&scene)));
    CHECK(scene.result.word == VCH_RESULT_CONTRAINDICATED);
    results_check_refused(&scene, "result.evidence");
    end_dcap();
}
