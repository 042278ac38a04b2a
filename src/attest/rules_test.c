// What a file of rules comes to, and which files are none.
#include "attest/rules.h"

#include <stdlib.h>

#include "attest/facts.h"
#include "evidence/roots.h"
#include "harness/drafts.h"

TEST(rules_say_what_the_page_says)
{
    char file[RULES_ROOM + 512], *made = NULL;
    size_t size = 0;

    begin();
    CHECK_OK(vch_rules_sign(&made, &size, text, strlen(text), &key, &arena, &complaint));
    CHECK_EQ(strlen(made), size);
    CHECK_OK(vch_rules_decode(&rules, made, size, &trust, &arena, &complaint));
    test_spec_check(rules.id.bytes, sizeof rules.id.bytes, "rules.md", "rules_id");
    CHECK(memcmp(&rules.signer, &key.public_key, sizeof key.public_key) == 0);
    uint8_t signature[64];
    const char *at = strstr(made, "\"sig\":\"") + 7;
    (void)snprintf(file, sizeof file, "%.128s", at);
    CHECK_OK(vch_hex_decode(signature, sizeof signature, file));
    test_spec_check(signature, sizeof signature, "rules.md", "rules_signature");
    CHECK_EQ(rules.until_s, END_S);
    CHECK_EQ(rules.environment, VCH_RULES_PRODUCTION);
    CHECK(strcmp(rules.name, "example") == 0 && rules.milan_reason == NULL);
    CHECK(vch_rules_allows(&rules, VCH_RULES_PROMPTS, VCH_RULES_TEE));
    CHECK(!vch_rules_allows(&rules, VCH_RULES_PROMPTS, VCH_RULES_TPM));
    CHECK(!vch_rules_allows(&rules, VCH_RULES_PRIVATE_WEIGHTS, VCH_RULES_SANDBOX));
    CHECK(vch_rules_allows(&rules, VCH_RULES_OPEN_WEIGHTS, VCH_RULES_SANDBOX));
    CHECK_EQ(rules.facts.build_count, 1);
    CHECK(rules.facts.is_any_model && !rules.facts.is_any_build && !rules.facts.is_any_policy);
    CHECK_EQ(rules.facts.confinement, VCH_FACTS_NO_DUMPS | VCH_FACTS_NO_NEW_PRIVILEGES |
                                          VCH_FACTS_LANDLOCK | VCH_FACTS_SECCOMP);
    CHECK_EQ(rules.freshness.nonce_s, MINUTE_S);
    CHECK_EQ(rules.freshness.reattest_s, 10 * MINUTE_S);
    CHECK_EQ(rules.freshness.result_s, 60 * MINUTE_S);
    CHECK_EQ(rules.freshness.registration_s, 24 * 60 * MINUTE_S);
}

TEST(rules_of_snp_are_the_verifiers)
{
    static const struct vch_snp_floor floors[] = {
        {0x19, 0x11, {0, 10, 0, 23, 84}},
        {0x19, 0xa0, {0, 10, 0, 27, 27}},
        {0x1a, 0x02, {1, 1, 1, 4, 81}},
    };
    const struct vch_snp_policy *snp = &rules.snp;

    begin();
    CHECK_OK(draft());
    CHECK(rules.has_snp);
    CHECK_EQ(snp->products, 1 << VCH_SNP_REPORT_GENOA | 1 << VCH_SNP_REPORT_TURIN);
    CHECK_EQ(snp->signers, 1 << VCH_SNP_REPORT_VCEK);
    CHECK_EQ(snp->vmpls, 1);
    CHECK_EQ(snp->measurements.count, 1);
    CHECK_EQ(snp->measurements.bytes[47], 0x1e);
    CHECK_EQ(snp->host_data.count, 1);
    CHECK_EQ(snp->id_key_digests.count + snp->author_key_digests.count + snp->csp_id_count, 0);
    CHECK_EQ(snp->guest_svn_min, 2);
    CHECK_EQ(snp->guest_allowed, VCH_SNP_POLICY_SMT);
    CHECK_EQ(snp->guest_required, VCH_SNP_POLICY_PAGE_SWAP_DISABLED);
    CHECK_EQ(snp->platform_required, VCH_SNP_PLATFORM_ECC | VCH_SNP_PLATFORM_ALIAS_CHECK);
    CHECK_EQ(snp->platform_forbidden, VCH_SNP_PLATFORM_TSME);
    CHECK(snp->ignores_unknown_platform && !snp->takes_provisional && !snp->takes_version_2);
    CHECK_EQ(snp->abi_min_major, 1);
    CHECK_EQ(snp->abi_min_minor, 55);
    CHECK_EQ(snp->launch_mitigations, 0);
    CHECK_EQ(snp->current_mitigations, 1);
    CHECK_EQ(snp->crl_rule, VCH_CHAIN_CRLS_IF_PRESENT);
    CHECK_EQ(snp->floor_count, sizeof floors / sizeof *floors);
    CHECK(memcmp(snp->floors, floors, sizeof floors) == 0);
}

TEST(rules_of_tdx_and_sgx_are_the_verifiers)
{
    const struct vch_dcap_tdx_policy *tdx = &rules.dcap.tdx;
    const struct vch_dcap_sgx_policy *sgx = &rules.dcap.sgx;

    begin();
    CHECK_OK(draft());
    CHECK(rules.has_tdx && rules.has_sgx);
    CHECK_EQ(tdx->rules.versions, VCH_DCAP_BIT(4) | VCH_DCAP_BIT(5));
    CHECK_EQ(tdx->rules.statuses, VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_UP_TO_DATE));
    CHECK_EQ(tdx->rules.quoting_statuses,
             VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_UP_TO_DATE) |
                 VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_SW_HARDENING_NEEDED));
    CHECK_EQ(tdx->rules.min_evaluation, 19);
    CHECK_EQ(tdx->rules.collateral_age_max_s, 30 * 86400);
    CHECK_EQ(tdx->rules.denied_advisory_count, 1);
    CHECK(strcmp(tdx->rules.denied_advisories[0], "INTEL-SA-00960") == 0);
    CHECK_EQ(tdx->domain_count, 1);
    CHECK_EQ(tdx->domains[0].measurement[47], 0x7d);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(tdx->domains[0].registers[i][47], 0xa0 + i);
    CHECK_EQ(tdx->domains[0].registers[3][0], 0);
    CHECK(tdx->is_any_module && tdx->module_count == 0 && tdx->service_count == 1);
    CHECK_EQ(tdx->services[0][0], 0);
    CHECK_EQ(tdx->attributes_needed, 1 << 28);
    CHECK_EQ(tdx->attributes_allowed, 1 << 28 | 1 << 30);
    CHECK_EQ(tdx->features_allowed, 0x702e7);
    CHECK_EQ(sgx->rules.versions, VCH_DCAP_BIT(3));
    CHECK_EQ(sgx->enclave_count, 2);
    CHECK(sgx->enclaves[0].signer == NULL && sgx->enclaves[0].measurement[31] == 0xe1);
    CHECK(sgx->enclaves[1].measurement == NULL && sgx->enclaves[1].signer[31] == 0x51);
    CHECK(sgx->enclaves[1].product == 3 && sgx->enclaves[1].min_svn == 7 && !sgx->may_provision);
}

TEST(rules_of_tpms_hardware_and_roots_are_the_verifiers)
{
    const struct vch_rules_tpm *tpm = &rules.tpm;
    uint8_t chip[64] = {0, 1, 2, 3, 4, 5, 6, 7, [63] = 15}, id[34];

    begin();
    CHECK_OK(draft());
    CHECK(rules.has_tpm);
    CHECK_EQ(tpm->aks, VCH_RULES_AK_ENROLLED | VCH_RULES_AK_IN_TEE);
    CHECK_EQ(tpm->places, 7);
    CHECK_EQ(tpm->pcrs, 1 << 4 | 1 << 7);
    CHECK_EQ(tpm->pcr_rule_count, 2);
    CHECK(tpm->pcr_rules[1].pcr == 7 && tpm->pcr_rules[1].count == 2);
    CHECK_EQ(tpm->pcr_rules[1].allowed[1].bytes[0], 0xc8);
    CHECK(tpm->needs_log && tpm->log_pcrs == 1 << 4 && tpm->event_count == 1);
    CHECK(tpm->events[0].type == 0x80000003 && tpm->events[0].digest.bytes[31] == 0xe4);
    memset(id, 0xab, sizeof id);
    id[0] = 0;
    id[1] = 0x0b;
    CHECK(vch_rules_tpm_key(&rules, id) == NULL);
    id[33] = 0x4b;
    CHECK(vch_rules_tpm_key(&rules, id)->place == VCH_RULES_TPM_DISCRETE);
    CHECK(strcmp(vch_rules_machine(&rules, VCH_RULES_ID_AK, id, 34)->site, "Graz") == 0);
    CHECK(strcmp(vch_rules_machine(&rules, VCH_RULES_ID_CHIP, chip, 64)->operator, "one") == 0);
    chip[63] = 0;
    CHECK(vch_rules_machine(&rules, VCH_RULES_ID_CHIP, chip, 64) == NULL);
    memset(id, 0x77, sizeof id);
    CHECK(vch_rules_machine(&rules, VCH_RULES_ID_PIID, id, 16) != NULL);
    CHECK(vch_rules_machine(&rules, VCH_RULES_ID_PPID, id, 16) == NULL);
    CHECK(vch_rules_machine(&rules, VCH_RULES_ID_PIID, id, 15) == NULL);
    CHECK(rules.needs_machine && rules.machine_count == 5);
    CHECK(rules.anchors.are_vendors);
    CHECK(rules.anchors.intel.bytes == vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate.bytes);
    CHECK(!rules.gpu.is_required && !rules.gpu.takes_unjudged_firmware);
    CHECK_EQ(rules.gpu.model_count, 1);
}

TEST(rules_of_a_test_may_name_roots_and_software)
{
    begin();
    rules_edit(text, "\"production\"", "\"test\"");
    rules_edit(text, "\"place\": \"dtpm\"", "\"place\": \"software\"");
    rules_edit(text, "\"freshness\"", "\"anchors\": {\"intel\": \"3001ff\"}, \"freshness\"");
    CHECK_OK(draft());
    CHECK(!rules.anchors.are_vendors);
    CHECK_EQ(rules.anchors.intel.size, 3);
    CHECK_EQ(rules.anchors.intel.bytes[2], 0xff);
    CHECK(rules.anchors.nvidia.bytes == NULL); // nobody
    CHECK(rules.anchors.amd.roots[VCH_SNP_REPORT_GENOA].bytes == NULL);
    CHECK_EQ(rules.tpm.keys[0].place, VCH_RULES_TPM_SOFTWARE);
}

TEST(rules_take_milan_with_a_reason_alone)
{
    begin();
    rules_edit(text, "\"products\": [\"Genoa\"",
               "\"milan\": \"a test of old machines\", \"products\": [\"Milan\"");
    CHECK_OK(draft());
    CHECK(strcmp(rules.milan_reason, "a test of old machines") == 0);
    CHECK_EQ(rules.snp.products, 1 << VCH_SNP_REPORT_MILAN | 1 << VCH_SNP_REPORT_TURIN);
}

TEST(rules_name_levels_and_classes)
{
    enum vch_rules_class what;

    CHECK(strcmp(vch_rules_level_name(VCH_RULES_TEE), "tee") == 0);
    CHECK(vch_rules_class_of(&what, "weights:private") && what == VCH_RULES_PRIVATE_WEIGHTS);
    CHECK(!vch_rules_class_of(&what, "weights"));
    CHECK_EQ(vch_rules_level_of(VCH_BINDER_AZURE), VCH_RULES_TEE);
    CHECK_EQ(vch_rules_level_of(VCH_BINDER_TPM), VCH_RULES_TPM);
    CHECK_EQ(vch_rules_level_of(VCH_BINDER_NONE), VCH_RULES_SANDBOX);
    CHECK_EQ(vch_rules_level_of(VCH_BINDER_KIND_END), VCH_RULES_SANDBOX);
}
