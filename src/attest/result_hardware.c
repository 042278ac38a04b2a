// Reports of processors, and what a paravisor hangs below one.
#include <stdio.h>
#include <string.h>

#include "attest/result_parts.h"
#include "base/bytes.h"
#include "evidence/azure.h"

enum { CRLS_MAX = 8, PCK_ID_SIZE = 16 };

// Verifiers begin an appraisal of their own.
static void append(struct vch_appraisal *into, const struct vch_appraisal *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        const struct vch_appraisal_check *check = &from->checks[i];
        vch_appraisal_add(into, check->name, check->result, "%s", check->text);
    }
    into->is_cut |= from->is_cut;
}

static bool has_section(struct vch_result_parts *parts, bool is_there)
{
    return vch_appraisal_check(parts->appraisal, "result.section", is_there,
                               "the policy has no section for evidence of this kind: it takes "
                               "none");
}

// What the report has to carry: the block's hash, or under a paravisor that of the runtime data.
static void wanted_data(struct vch_result_parts *parts, uint8_t out[VCH_BINDER_REPORT_SIZE])
{
    if (parts->result->kind != VCH_BINDER_AZURE) {
        vch_binder_report(out, parts->bytes);
        return;
    }
    struct vch_certificate_bytes runtime =
        vch_result_parts_item(&parts->response->evidence, "runtime");
    struct vch_digest digest = vch_hash_bytes(runtime.bytes, runtime.size);

    memset(out, 0, VCH_BINDER_REPORT_SIZE);
    memcpy(out, digest.bytes, VCH_DIGEST_SIZE);
}

static void judge_binding(struct vch_result_parts *parts, const uint8_t *data)
{
    if (parts->result->kind == VCH_BINDER_AZURE) {
        struct vch_certificate_bytes runtime =
            vch_result_parts_item(&parts->response->evidence, "runtime");
        (void)vch_binder_check_runtime(parts->appraisal, runtime.bytes, runtime.size, data,
                                       VCH_BINDER_REPORT_SIZE);
        return;
    }
    (void)vch_binder_check(parts->appraisal, parts->bytes, data, VCH_BINDER_REPORT_SIZE);
}

// Lists that were handed over count if they are of these names, without a gap.
static size_t read_crls(struct vch_certificate_bytes out[CRLS_MAX], const struct vch_cmw *from)
{
    char label[16];
    size_t count = 0;

    for (; count < CRLS_MAX; count++) {
        (void)snprintf(label, sizeof label, "crl.%zu", count);
        out[count] = vch_result_parts_item(from, label);
        if (out[count].size == 0) break;
    }
    return count;
}

static vch_status verify_snp(struct vch_result_parts *parts, struct vch_snp_report *report)
{
    const struct vch_cmw *evidence = &parts->response->evidence;
    const struct vch_cmw *endorsements = &parts->response->endorsements;
    struct vch_appraisal *part = VCH_ARENA_NEW(parts->arena, struct vch_appraisal, 1);
    struct vch_certificate_bytes crls[CRLS_MAX];
    uint8_t data[VCH_BINDER_REPORT_SIZE];
    const struct vch_snp_evidence shown = {
        .report = vch_result_parts_item(evidence, "report"),
        .key = vch_result_parts_item(endorsements, "vek"),
        .issuers = vch_result_parts_item(endorsements, "issuers"),
        .crls = crls,
        .crl_count = read_crls(crls, endorsements),
        .own = parts->rules->own_crls,
    };

    if (part == NULL) return VCH_FAIL(NO_MEMORY);
    wanted_data(parts, data);
    vch_status status = vch_snp_verify(part, report, &shown, &parts->rules->anchors.amd,
                                       &parts->rules->snp, parts->time_s, data, parts->complaint);
    append(parts->appraisal, part);
    vch_result_parts_until_certificates(parts, &shown.key);
    vch_result_parts_until_certificates(parts, &shown.issuers);
    for (size_t i = 0; i < shown.crl_count; i++)
        vch_result_parts_until_crl(parts, &crls[i]);
    vch_result_parts_until_own(parts, &shown.key);
    vch_result_parts_until_own(parts, &shown.issuers);
    return status;
}

vch_status vch_result_parts_snp(struct vch_result_parts *parts)
{
    struct vch_snp_report report;

    if (!has_section(parts, parts->rules->has_snp)) return VCH_FAIL(REFUSED);
    vch_status status = verify_snp(parts, &report);
    if (!vch_is_ok(status) && status.code != VCH_CODE_REFUSED) return status;
    judge_binding(parts, report.data);
    // The guest above it may ask for reports, too, and name a key of its own in them.
    if (parts->result->kind == VCH_BINDER_AZURE)
        vch_appraisal_check(parts->appraisal, "azure.vmpl", report.vmpl == 0,
                            "a paravisor's report is asked for at level 0; this one was at %u",
                            report.vmpl);
    if (!vch_is_zero(report.chip_id, VCH_SNP_REPORT_CHIP_ID_SIZE))
        vch_result_parts_machine(parts, VCH_RULES_ID_CHIP, report.chip_id,
                                 VCH_SNP_REPORT_CHIP_ID_SIZE);
    return status;
}

static bool is_of_kind(struct vch_result_parts *parts, const struct vch_dcap_quote *quote)
{
    enum vch_binder_kind kind = parts->result->kind;
    bool is_tdx = quote->tee == VCH_DCAP_QUOTE_TDX;

    return vch_appraisal_check(parts->appraisal, "result.kind", is_tdx == (kind != VCH_BINDER_SGX),
                               "the quote is of %s, and the block says otherwise",
                               is_tdx ? "a trust domain" : "an enclave");
}

static vch_status verify_dcap(struct vch_result_parts *parts, struct vch_dcap_claims *claims)
{
    const struct vch_cmw *endorsements = &parts->response->endorsements;
    struct vch_appraisal *part = VCH_ARENA_NEW(parts->arena, struct vch_appraisal, 1);
    struct vch_certificate_bytes quote = vch_result_parts_item(&parts->response->evidence, "quote");
    uint8_t data[VCH_BINDER_REPORT_SIZE];
    const struct vch_dcap_collateral collateral = {
        .tcb_info = vch_result_parts_item(endorsements, "tcb-info"),
        .identity = vch_result_parts_item(endorsements, "identity"),
        .signer = vch_result_parts_item(endorsements, "tcb-signer"),
        .root_crl = vch_result_parts_item(endorsements, "root-crl"),
        .pck_crl = vch_result_parts_item(endorsements, "pck-crl"),
    };
    const struct vch_dcap_question question = {.root = parts->rules->anchors.intel,
                                               .time_s = parts->time_s,
                                               .report_data = data,
                                               .policy = &parts->rules->dcap,
                                               .own = parts->rules->own_crls};

    if (part == NULL) return VCH_FAIL(NO_MEMORY);
    wanted_data(parts, data);
    vch_status status = vch_dcap_verify(part, claims, &quote, &collateral, &question, parts->arena,
                                        parts->complaint);
    append(parts->appraisal, part);
    return status;
}

vch_status vch_result_parts_dcap(struct vch_result_parts *parts)
{
    const struct vch_rules *rules = parts->rules;
    struct vch_dcap_claims claims;
    bool is_sgx = parts->result->kind == VCH_BINDER_SGX;

    if (!has_section(parts, is_sgx ? rules->has_sgx : rules->has_tdx)) return VCH_FAIL(REFUSED);
    vch_status status = verify_dcap(parts, &claims);
    if (!vch_is_ok(status) && status.code != VCH_CODE_REFUSED) return status;
    (void)is_of_kind(parts, &claims.quote);
    judge_binding(parts, claims.quote.report_data);
    if (vch_is_ok(status)) vch_result_parts_until(parts, claims.until_s);
    if (!claims.is_pck_known) return status;
    if (claims.pck.has_instance)
        vch_result_parts_machine(parts, VCH_RULES_ID_PIID, claims.pck.instance, PCK_ID_SIZE);
    vch_result_parts_machine(parts, VCH_RULES_ID_PPID, claims.pck.ppid, PCK_ID_SIZE);
    return status;
}

// The key is believed because a measured paravisor made it, and no policy enrols it.
static void judge_paravisor_key(struct vch_result_parts *parts)
{
    const struct vch_rules_tpm *tpm = &parts->rules->tpm;
    bool is_allowed = parts->rules->has_tpm && (tpm->aks & VCH_RULES_AK_IN_TEE) != 0 &&
                      (tpm->places & 1u << VCH_RULES_TPM_IN_TEE) != 0;

    vch_appraisal_check(parts->appraisal, "tpm.place", is_allowed,
                        "the policy takes no quotes of a TPM within a TEE");
}

vch_status vch_result_parts_azure(struct vch_result_parts *parts)
{
    const struct vch_cmw *evidence = &parts->response->evidence;
    struct vch_certificate_bytes runtime = vch_result_parts_item(evidence, "runtime");
    struct vch_certificate_bytes report = vch_result_parts_item(evidence, "report");
    struct vch_certificate_bytes quote = vch_result_parts_item(evidence, "quote");
    uint8_t data[VCH_BINDER_REPORT_SIZE];
    struct vch_spki ak;

    if ((report.size > 0) == (quote.size > 0) || runtime.size == 0)
        return vch_complain(parts->complaint, VCH_CODE_MALFORMED,
                            "expected a report or a quote, and the runtime data that it names");
    vch_status status =
        report.size > 0 ? vch_result_parts_snp(parts) : vch_result_parts_dcap(parts);
    if (!vch_is_ok(status)) return status;
    wanted_data(parts, data); // as the report was found to carry it
    VCH_TRY(vch_azure_verify(parts->appraisal, &ak, parts->arena, data, runtime.bytes, runtime.size,
                             parts->complaint));
    judge_paravisor_key(parts);
    return vch_result_parts_quote(parts, &ak);
}
