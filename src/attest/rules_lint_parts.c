// What is unwise in the sections of kinds of evidence.
#include "attest/rules_lint_parts.h"

#include <string.h>

#include "base/bytes.h"

enum { HASH = VCH_DCAP_QUOTE_HASH_SIZE, COLLATERAL_MAX_S = 60 * 86400, FIRMWARE_PCRS = 0x91 };
// Of debugging and of applications: TPM2_PCR_Reset, TCG PC Client Platform TPM Profile.
enum { ANYBODYS_PCRS = 1 << 16 | 1 << 23 };

// The lines of processors, and the least version of SNP's firmware without EntrySign
// (CVE-2024-56161, AMD-SB-3019); Turins were never without.
static const struct line {
    enum vch_snp_report_product product;
    uint8_t family, first, last, least_snp;
} LINES[] = {
    {VCH_SNP_REPORT_MILAN, 0x19, 0x00, 0x0f, 0x18},
    {VCH_SNP_REPORT_GENOA, 0x19, 0x10, 0x1f, 0x17},
    {VCH_SNP_REPORT_GENOA, 0x19, 0xa0, 0xaf, 0x17},
    {VCH_SNP_REPORT_TURIN, 0x1a, 0x00, 0x1f, 1},
};

static const struct line *line_of(const struct vch_snp_floor *floor)
{
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++)
        if (LINES[i].family == floor->cpu_family && LINES[i].first <= floor->cpu_model &&
            floor->cpu_model <= LINES[i].last)
            return &LINES[i];
    return NULL;
}

static void check_floors(struct vch_rules_lint_parts *parts)
{
    const struct vch_snp_policy *snp = &parts->rules->snp;
    unsigned floored = 0;

    for (size_t i = 0; i < snp->floor_count; i++) {
        const struct vch_snp_floor *floor = &snp->floors[i];
        const struct line *line = line_of(floor);
        vch_rules_lint_parts_note(parts, line == NULL,
                                  "snp: \"min_tcb\" of %02x-%02x, which is no processor that "
                                  "reports",
                                  floor->cpu_family, floor->cpu_model);
        if (line == NULL) continue;
        floored |= 1u << line->product;
        vch_rules_lint_parts_error(parts, floor->tcb.snp < line->least_snp,
                                   "snp: \"min_tcb\" of %02x-%02x takes SNP firmware %u, which is "
                                   "known to be broken (AMD-SB-3019): %u at least",
                                   floor->cpu_family, floor->cpu_model, floor->tcb.snp,
                                   line->least_snp);
        vch_rules_lint_parts_error(parts, floor->tcb.ucode == 0,
                                   "snp: \"min_tcb\" of %02x-%02x takes any microcode",
                                   floor->cpu_family, floor->cpu_model);
    }
    for (unsigned product = VCH_SNP_REPORT_MILAN; product < VCH_SNP_REPORT_PRODUCTS; product++)
        vch_rules_lint_parts_error(parts, (snp->products & ~floored) >> product & 1,
                                   "snp: the line %s is allowed without floors (\"min_tcb\"): none "
                                   "of it passes",
                                   vch_snp_report_product_name(product));
}

void vch_rules_lint_parts_snp(struct vch_rules_lint_parts *parts)
{
    const struct vch_snp_policy *snp = &parts->rules->snp;

    vch_rules_lint_parts_error(parts,
                               snp->products == 0 || snp->signers == 0 || snp->vmpls == 0 ||
                                   snp->measurements.count == 0 || snp->host_data.count == 0,
                               "snp: nothing passes without \"products\", \"signers\", \"vmpls\", "
                               "\"measurements\" and \"host_data\" (zeroes where there are none)");
    vch_rules_lint_parts_error(parts,
                               vch_rules_lint_parts_has_zero(snp->measurements.bytes,
                                                             snp->measurements.count,
                                                             VCH_SNP_REPORT_MEASUREMENT_SIZE),
                               "snp: a measurement of zeroes");
    check_floors(parts);
    vch_rules_lint_parts_error(parts, snp->takes_provisional,
                               "snp: \"provisional\" firmware, which the host can take back");
    vch_rules_lint_parts_error(
        parts, (snp->guest_allowed & VCH_SNP_POLICY_MIGRATE_MA) != 0,
        "snp: \"migrate_ma\": a migration agent can have the guest elsewhere");
    vch_rules_lint_parts_note(parts, parts->rules->milan_reason != NULL,
                              "snp: any report of a Milan can be forged; the reason given: %s",
                              parts->rules->milan_reason);
    vch_rules_lint_parts_note(parts, (snp->vmpls & ~1u) != 0,
                              "snp: \"vmpls\" other than 0: what is below reads all of it");
    vch_rules_lint_parts_note(parts, snp->crl_rule == VCH_CHAIN_CRLS_IF_PRESENT,
                              "snp: \"crls\" \"if-present\": a node that is revoked brings none");
    vch_rules_lint_parts_note(parts, (snp->signers >> VCH_SNP_REPORT_VLEK & 1) != 0,
                              "snp: \"vlek\": a key on loan shows no chip, so no machine of the "
                              "registry");
}

static void check_platform(struct vch_rules_lint_parts *parts, const char *section,
                           const struct vch_dcap_rules *rules)
{
    const unsigned old = VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_OUT_OF_DATE) |
                         VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_OUT_OF_DATE_CONFIGURATION_NEEDED);
    unsigned statuses = rules->statuses | rules->module_statuses | rules->quoting_statuses;

    vch_rules_lint_parts_error(parts, rules->min_evaluation == 0,
                               "%s: no floor of evaluation numbers (\"min_evaluation\"): nothing "
                               "passes, for older collateral could be shown",
                               section);
    vch_rules_lint_parts_error(parts, rules->collateral_age_max_s == 0,
                               "%s: \"collateral_days\" of 0: nothing passes", section);
    vch_rules_lint_parts_error(parts, rules->collateral_age_max_s > COLLATERAL_MAX_S,
                               "%s: collateral of more than 60 days, though Intel's holds for 30",
                               section);
    vch_rules_lint_parts_error(parts, (statuses & old) != 0,
                               "%s: platforms that are out of date, for which attacks are known",
                               section);
    vch_rules_lint_parts_error(parts,
                               rules->versions == 0 || rules->statuses == 0 ||
                                   rules->quoting_statuses == 0 || rules->types == 0,
                               "%s: nothing passes without \"quote_versions\", \"statuses\", "
                               "\"quoting_statuses\" and \"types\"",
                               section);
}

static bool is_unmeasured(const struct vch_dcap_domain *domain)
{
    for (int i = 0; i < 3; i++)
        if (!vch_is_zero(domain->registers[i], HASH)) return false;
    return true;
}

static void check_domains(struct vch_rules_lint_parts *parts)
{
    const struct vch_dcap_tdx_policy *tdx = &parts->rules->dcap.tdx;

    vch_rules_lint_parts_error(parts,
                               tdx->domain_count == 0 || tdx->features_allowed == 0 ||
                                   (!tdx->is_any_module && tdx->module_count == 0),
                               "tdx: nothing passes without \"domains\", \"modules\" and "
                               "\"features_allowed\"");
    vch_rules_lint_parts_error(parts, (tdx->attributes_allowed >> 29 & 1) != 0,
                               "tdx: \"migratable\": a domain can be had elsewhere");
    for (uint32_t i = 0; i < tdx->domain_count; i++) {
        vch_rules_lint_parts_error(parts, vch_is_zero(tdx->domains[i].measurement, HASH),
                                   "tdx: a domain whose \"mrtd\" is zeroes");
        vch_rules_lint_parts_error(parts, is_unmeasured(&tdx->domains[i]),
                                   "tdx: a domain whose \"rtmrs\" are zeroes: it measured nothing "
                                   "that it booted");
    }
    for (uint32_t i = 0; i < tdx->service_count; i++)
        vch_rules_lint_parts_note(parts, !vch_is_zero(tdx->services[i], HASH),
                                  "tdx: a service domain may act on others; do you know it?");
}

void vch_rules_lint_parts_dcap(struct vch_rules_lint_parts *parts)
{
    const struct vch_dcap_sgx_policy *sgx = &parts->rules->dcap.sgx;

    if (parts->rules->has_tdx) {
        check_platform(parts, "tdx", &parts->rules->dcap.tdx.rules);
        check_domains(parts);
    }
    if (!parts->rules->has_sgx) return;
    check_platform(parts, "sgx", &sgx->rules);
    vch_rules_lint_parts_error(parts, sgx->enclave_count == 0,
                               "sgx: nothing passes without \"enclaves\"");
    vch_rules_lint_parts_note(parts, sgx->may_provision,
                              "sgx: \"provision_key\", which names a machine for good");
    for (uint32_t i = 0; i < sgx->enclave_count; i++) {
        const struct vch_dcap_enclave *enclave = &sgx->enclaves[i];
        const uint8_t *value =
            enclave->measurement != NULL ? enclave->measurement : enclave->signer;
        vch_rules_lint_parts_error(parts, vch_is_zero(value, 32), "sgx: an enclave of zeroes");
        vch_rules_lint_parts_note(parts, enclave->measurement == NULL && enclave->min_svn == 0,
                                  "sgx: any version of what one signer made (\"min_svn\" of 0)");
    }
}

// As a register is before anything was measured: zeroes, from 17 to 22 ones.
static bool is_untouched(const struct vch_digest *value)
{
    uint8_t ones[VCH_DIGEST_SIZE];

    memset(ones, 0xff, sizeof ones);
    return vch_is_zero(value->bytes, VCH_DIGEST_SIZE) ||
           memcmp(value->bytes, ones, sizeof ones) == 0;
}

void vch_rules_lint_parts_tpm(struct vch_rules_lint_parts *parts)
{
    const struct vch_rules_tpm *tpm = &parts->rules->tpm;
    bool is_enrolled = (tpm->aks & VCH_RULES_AK_ENROLLED) != 0;

    vch_rules_lint_parts_error(parts,
                               tpm->aks == 0 || tpm->pcrs == 0 ||
                                   (is_enrolled && (tpm->key_count == 0 || tpm->places == 0)),
                               "tpm: nothing passes without \"aks\", \"pcrs\", and for enrolled "
                               "keys \"keys\" and \"places\"");
    for (size_t i = 0; i < tpm->key_count; i++)
        vch_rules_lint_parts_error(
            parts, vch_rules_tpm_key(parts->rules, tpm->keys[i].name) != &tpm->keys[i],
            "tpm: key %zu is listed before", i + 1);
    for (size_t i = 0; i < tpm->key_count; i++)
        vch_rules_lint_parts_error(parts, (tpm->places >> tpm->keys[i].place & 1) == 0,
                                   "tpm: key %zu is where \"places\" does not take any", i + 1);
    for (uint32_t i = 0; i < tpm->pcr_rule_count; i++) {
        const struct vch_tpm_quote_pcr_rule *rule = &tpm->pcr_rules[i];
        vch_rules_lint_parts_error(parts, rule->count == 0, "tpm: PCR %u may have no value at all",
                                   rule->pcr);
        vch_rules_lint_parts_error(parts, (ANYBODYS_PCRS >> rule->pcr & 1) != 0,
                                   "tpm: PCR %u can be reset by any program of that machine, and "
                                   "then extended as it likes: it shows nothing",
                                   rule->pcr);
        for (uint32_t v = 0; v < rule->count; v++)
            vch_rules_lint_parts_error(parts, is_untouched(&rule->allowed[v]),
                                       "tpm: PCR %u may be as it is before anything was measured",
                                       rule->pcr);
    }
    vch_rules_lint_parts_note(parts, (tpm->pcrs & FIRMWARE_PCRS) != FIRMWARE_PCRS,
                              "tpm: not all of PCRs 0, 4 and 7 (firmware, loader, Secure Boot) are "
                              "looked at");
    vch_rules_lint_parts_note(parts, !tpm->needs_log,
                              "tpm: no boot log: a PCR that differs cannot be explained");
}
