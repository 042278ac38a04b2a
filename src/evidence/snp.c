#include "evidence/snp.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/roots.h"
#include "evidence/snp_key.h"
#include "evidence/snp_policy.h"

struct vch_snp_anchors vch_snp_amd(void)
{
    return (struct vch_snp_anchors){{
        [VCH_SNP_REPORT_MILAN] = vch_roots_get(VCH_ROOTS_ARK_MILAN)->certificate,
        [VCH_SNP_REPORT_GENOA] = vch_roots_get(VCH_ROOTS_ARK_GENOA)->certificate,
        [VCH_SNP_REPORT_TURIN] = vch_roots_get(VCH_ROOTS_ARK_TURIN)->certificate,
    }};
}

// Everything that was read of the evidence.
struct shown {
    struct vch_certificate_list chain;
    struct vch_crl_list crls, own;
    struct vch_snp_key key;
    enum vch_snp_report_product product;
};

static vch_status read_all(struct shown *shown, struct vch_snp_report *report,
                           const struct vch_snp_evidence *evidence,
                           const struct vch_snp_policy *policy, struct vch_complaint *complaint)
{
    VCH_TRY(vch_snp_report_decode(report, evidence->report.bytes, evidence->report.size,
                                  policy->takes_version_2, complaint));
    VCH_TRY(
        vch_certificate_read(&shown->chain, evidence->key.bytes, evidence->key.size, complaint));
    if (shown->chain.count != 1)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected one certificate of the key that signed; found %u",
                            shown->chain.count);
    VCH_TRY(vch_certificate_read(&shown->chain, evidence->issuers.bytes, evidence->issuers.size,
                                 complaint));
    for (size_t i = 0; i < evidence->crl_count; i++)
        VCH_TRY(
            vch_crl_read(&shown->crls, evidence->crls[i].bytes, evidence->crls[i].size, complaint));
    VCH_TRY(vch_crl_read_own(&shown->own, &evidence->own, complaint));
    VCH_TRY(vch_snp_key_read(&shown->key, shown->chain.items[0], complaint));
    shown->product = report->product;
    // Version 2 is older than Turin, so what reads as Turin's there is something else.
    if (report->version == 2 && shown->key.product != VCH_SNP_REPORT_TURIN)
        shown->product = shown->key.product;
    return VCH_OK;
}

static void judge_version(struct vch_appraisal *appraisal, const struct vch_snp_report *report)
{
    if (report->version >= 3)
        vch_appraisal_check(appraisal, "snp.version", true, "%s", "");
    else
        vch_appraisal_add(appraisal, "snp.version", VCH_APPRAISAL_WARNED,
                          "reports of version 2 do not say what processor they are of");
}

// The name of whoever issues keys of this kind for this product.
static bool is_issuer(const struct shown *shown)
{
    char want[32], found[32];

    (void)snprintf(want, sizeof want, "SEV-%s%s", shown->key.is_vlek ? "VLEK-" : "",
                   vch_snp_report_product_name(shown->product));
    return vch_is_ok(vch_certificate_issuer_name(shown->chain.items[0], found, sizeof found)) &&
           strcmp(want, found) == 0;
}

static void judge_key(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                      const struct shown *shown)
{
    struct vch_snp_report_tcb tcb;
    uint8_t kind = shown->key.is_vlek ? VCH_SNP_REPORT_VLEK : VCH_SNP_REPORT_VCEK;

    vch_appraisal_check(appraisal, "snp.key.kind", report->signer == kind,
                        "the report says that a key of kind %u signed it; the certificate is for "
                        "%u (0 VCEK, 1 VLEK)",
                        report->signer, kind);
    vch_appraisal_check(appraisal, "snp.key.product",
                        shown->product != VCH_SNP_REPORT_UNKNOWN &&
                            shown->key.product == shown->product,
                        "the report is of the line %s, the certificate of %s",
                        vch_snp_report_product_name(shown->product),
                        vch_snp_report_product_name(shown->key.product));
    vch_appraisal_check(appraisal, "snp.key.issuer", is_issuer(shown),
                        "the certificate's issuer is not AMD's for %ss of %s",
                        shown->key.is_vlek ? "VLEK" : "VCEK",
                        vch_snp_report_product_name(shown->product));
    bool is_same = vch_snp_report_tcb_of(&tcb, shown->product, report->raw_reported) &&
                   memcmp(&tcb, &shown->key.tcb, sizeof tcb) == 0;
    vch_appraisal_check(appraisal, "snp.key.tcb", is_same,
                        "the certificate is for other firmware versions than the report's: get "
                        "the one for those it reports");
}

static bool is_chip(const struct vch_snp_report *report, const struct vch_certificate_bytes *id)
{
    return !vch_is_zero(report->chip_id, VCH_SNP_REPORT_CHIP_ID_SIZE) &&
           memcmp(report->chip_id, id->bytes, id->size) == 0 &&
           vch_is_zero(report->chip_id + id->size, VCH_SNP_REPORT_CHIP_ID_SIZE - id->size);
}

static bool is_provider(const struct vch_snp_policy *policy, const char *csp_id)
{
    for (size_t i = 0; i < policy->csp_id_count; i++)
        if (strcmp(policy->csp_ids[i], csp_id) == 0) return true;
    return false;
}

// A VCEK is of one chip, a VLEK of one provider.
static void judge_holder(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                         const struct vch_snp_key *key, const struct vch_snp_policy *policy)
{
    if (key->is_vlek) {
        vch_appraisal_add(appraisal, "snp.key.chip", VCH_APPRAISAL_NOT_APPLICABLE,
                          "a VLEK is of no one chip");
        vch_appraisal_check(appraisal, "snp.key.provider", is_provider(policy, key->csp_id),
                            "the VLEK of %s is not allowed", key->csp_id);
        return;
    }
    vch_appraisal_check(appraisal, "snp.key.chip",
                        !report->is_chip_key_masked && is_chip(report, &key->hardware_id),
                        "the report's chip is masked, or not that of the certificate");
    vch_appraisal_add(appraisal, "snp.key.provider", VCH_APPRAISAL_NOT_APPLICABLE,
                      "a VCEK is of no provider");
}

static void judge_chain(struct vch_appraisal *appraisal, const struct shown *shown,
                        const struct vch_snp_anchors *anchors, const struct vch_snp_policy *policy,
                        int64_t time_s)
{
    struct vch_complaint why = {0};
    struct vch_chain_rules rules = {.root = anchors->roots[shown->product],
                                    .time_s = time_s,
                                    .signatures = VCH_CHAIN_PSS_SHA384,
                                    .crls = &shown->crls,
                                    .crl_rule = policy->crl_rule,
                                    .own = &shown->own};

    if (rules.root.size == 0) {
        vch_appraisal_check(appraisal, "snp.chain", false, "no root is known for the line %s",
                            vch_snp_report_product_name(shown->product));
        return;
    }
    bool is_good = vch_is_ok(vch_chain_verify(&shown->chain, &rules, &why));
    vch_appraisal_check(appraisal, "snp.chain", is_good, "%s", why.text);
}

static void judge_signature(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                            const uint8_t *signed_bytes, const struct vch_snp_key *key)
{
    struct vch_spki_ecdsa signature = {report->r, report->s, VCH_SNP_REPORT_NUMBER, true};

    bool is_there = vch_appraisal_check(appraisal, "snp.signature.present",
                                        !vch_is_zero(report->r, (size_t)2 * VCH_SNP_REPORT_NUMBER),
                                        "the report is not signed");
    bool is_good = is_there && vch_is_ok(vch_spki_verify_ecdsa(&key->spki, &signature, signed_bytes,
                                                               VCH_SNP_REPORT_SIGNED));
    vch_appraisal_check(appraisal, "snp.signature", is_good,
                        "the certificate's key did not sign this report");
}

vch_status vch_snp_verify(struct vch_appraisal *appraisal, struct vch_snp_report *report,
                          const struct vch_snp_evidence *evidence,
                          const struct vch_snp_anchors *anchors,
                          const struct vch_snp_policy *policy, int64_t time_s,
                          const uint8_t report_data[VCH_SNP_REPORT_DATA_SIZE],
                          struct vch_complaint *complaint)
{
    struct shown shown = {.product = VCH_SNP_REPORT_UNKNOWN};

    vch_appraisal_init(appraisal);
    vch_certificate_init(&shown.chain);
    vch_crl_init(&shown.crls);
    vch_crl_init(&shown.own);
    vch_status status = read_all(&shown, report, evidence, policy, complaint);
    if (vch_is_ok(status)) {
        judge_version(appraisal, report);
        judge_key(appraisal, report, &shown);
        judge_holder(appraisal, report, &shown.key, policy);
        judge_chain(appraisal, &shown, anchors, policy, time_s);
        judge_signature(appraisal, report, evidence->report.bytes, &shown.key);
        vch_appraisal_check(appraisal, "snp.report_data",
                            vch_is_equal(report->data, report_data, VCH_SNP_REPORT_DATA_SIZE),
                            "the report is bound to something else than what was asked for");
        vch_snp_policy_appraise(appraisal, report, shown.product, policy);
        status = vch_appraisal_status(appraisal);
    }
    vch_certificate_release(&shown.chain);
    vch_crl_release(&shown.crls);
    vch_crl_release(&shown.own);
    return status;
}
