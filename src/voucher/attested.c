#include "voucher/attested.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

// Checks that a genuine answer to this block passes by whatever rules: where one fails, somebody
// made it up.
static const char *const facts[] = {
    "result.block",          "result.items",     "result.kind",          "binding.evidence",
    "binding.runtime",       "binding.gpu",      "snp.report_data",      "snp.signature",
    "snp.signature.present", "dcap.report_data", "dcap.quote.signature", "dcap.quoting.signature",
    "dcap.quoting.key",      "tpm.nonce",        "tpm.signature",        "tpm.pcr.digest",
    "azure.runtime",         "gpu.nonce",        "gpu.signature",
};

__attribute__((format(printf, 3, 4))) static void
conclude(struct vch_attested_node *out, enum vch_attested_verdict verdict, const char *format, ...)
{
    va_list arguments;

    out->verdict = verdict;
    va_start(arguments, format);
    (void)vsnprintf(out->why, sizeof out->why, format, arguments);
    va_end(arguments);
}

const char *vch_attested_contradiction(const struct vch_voucher *voucher,
                                       const struct vch_segment_attestation *attestation,
                                       const struct vch_binder *binder)
{
    struct vch_digest nonce = vch_binder_nonce(voucher->job.nonce.bytes, attestation->salt);
    struct vch_digest own = vch_binder_identity(attestation->node.bytes);
    struct vch_digest peer = vch_binder_identity(voucher->job.client.bytes);

    if (binder->mode != VCH_BINDER_CHANNEL || binder->role != VCH_BINDER_SERVER)
        return "it was not made for a connection to a node";
    if (!vch_is_equal(binder->node, attestation->node.bytes, sizeof binder->node) ||
        !vch_hash_is_equal(&binder->own, &own))
        return "it was made by another node";
    if (!vch_hash_is_equal(&binder->peer, &peer)) return "it was made for another client";
    if (!vch_is_equal(binder->nonce, nonce.bytes, sizeof binder->nonce))
        return "it was made for another job";
    if (attestation->time_ms > voucher->finished_ms) return "it came after the job had finished";
    return NULL;
}

static void count_checks(struct vch_attested_node *out, const struct vch_result *result)
{
    for (uint32_t i = 0; i < result->appraisal.count; i++) {
        out->passed += result->appraisal.checks[i].result == VCH_APPRAISAL_PASSED;
        out->warned += result->appraisal.checks[i].result == VCH_APPRAISAL_WARNED;
        out->failed += result->appraisal.checks[i].result == VCH_APPRAISAL_FAILED;
    }
}

static const struct vch_appraisal_check *find_lie(const struct vch_result *result)
{
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const struct vch_appraisal_check *check = vch_appraisal_find(&result->appraisal, facts[i]);
        if (check != NULL && check->result == VCH_APPRAISAL_FAILED) return check;
    }
    return NULL;
}

static void conclude_by_result(struct vch_attested_node *out, const struct vch_result *result,
                               const struct vch_rules *rules, enum vch_rules_class what,
                               int64_t time_s)
{
    const struct vch_appraisal_check *lie = find_lie(result);
    const struct vch_appraisal_check *reason = vch_result_reason(result);
    struct vch_complaint why = {0};

    out->word = result->word;
    out->is_test = result->is_test;
    out->machine = vch_result_machine(result);
    count_checks(out, result);
    memcpy(out->operator_name, result->operator_name, sizeof out->operator_name);
    if (lie != NULL)
        conclude(out, VCH_ATTESTED_LIE, "%s: %s", lie->name, lie->text);
    else if (result->level == VCH_RULES_SANDBOX)
        conclude(out, VCH_ATTESTED_STATEMENT, "%s", "it is the node's own word alone");
    else if (!vch_is_ok(vch_result_allows(result, rules, what, time_s, &why)))
        conclude(out, VCH_ATTESTED_REFUSED, "%s", why.text);
    else if (reason != NULL)
        conclude(out, VCH_ATTESTED_SHOWN, "%s: %s", reason->name, reason->text);
    else
        conclude(out, VCH_ATTESTED_SHOWN, "%s", "");
}

static vch_status judge(struct vch_attested_node *out, const struct vch_voucher *voucher,
                        const struct vch_segment_attestation *attestation,
                        const struct vch_rules *rules, enum vch_rules_class what, int64_t time_s,
                        struct vch_arena *scratch)
{
    const uint64_t age_max_ms = (uint64_t)rules->freshness.result_s * 1000;
    struct vch_result *result = VCH_ARENA_NEW(scratch, struct vch_result, 1);
    struct vch_exchange_response *response =
        VCH_ARENA_NEW(scratch, struct vch_exchange_response, 1);
    struct vch_complaint why = {0};

    if (result == NULL || response == NULL) return VCH_FAIL(NO_MEMORY);
    if (!vch_is_ok(vch_exchange_decode_response(response, attestation->response,
                                                attestation->response_size, &why))) {
        conclude(out, VCH_ATTESTED_LIE, "%s", why.text);
        return VCH_OK;
    }
    vch_status status =
        vch_result_judge(result, response, attestation->block, rules, NULL, time_s, scratch, &why);
    if (status.code == VCH_CODE_NO_MEMORY) return status;
    conclude_by_result(out, result, rules, what, time_s);
    if (out->verdict == VCH_ATTESTED_SHOWN &&
        voucher->finished_ms - attestation->time_ms > age_max_ms)
        conclude(
            out, VCH_ATTESTED_REFUSED,
            "it came %llu s before the job had finished, and the policy lets a verdict last %u",
            (unsigned long long)(voucher->finished_ms - attestation->time_ms) / 1000,
            rules->freshness.result_s);
    return VCH_OK;
}

vch_status vch_attested_judge(struct vch_attested_node *out, const struct vch_voucher *voucher,
                              const struct vch_segment_attestation *attestation,
                              const struct vch_rules *rules, enum vch_rules_class what,
                              int64_t time_s, struct vch_arena *scratch)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct vch_binder binder;
    struct vch_complaint complaint = {0};

    *out = (struct vch_attested_node){.node = attestation->node};
    if (!vch_is_ok(vch_binder_decode(&binder, attestation->block, VCH_BINDER_SIZE, &complaint))) {
        conclude(out, VCH_ATTESTED_LIE, "%s", complaint.text);
        return VCH_OK;
    }
    out->kind = binder.kind;
    out->level = vch_rules_level_of(binder.kind);
    const char *lie = vch_attested_contradiction(voucher, attestation, &binder);
    if (lie != NULL) {
        conclude(out, VCH_ATTESTED_LIE, "%s", lie);
        return VCH_OK;
    }
    if (rules == NULL) {
        if (out->level == VCH_RULES_SANDBOX)
            conclude(out, VCH_ATTESTED_STATEMENT, "%s", "it is the node's own word alone");
        else
            conclude(out, VCH_ATTESTED_UNJUDGED, "%s", "no policy for evidence was given");
        return VCH_OK;
    }
    if (time_s == 0) time_s = (int64_t)(voucher->finished_ms / 1000);
    vch_status status = judge(out, voucher, attestation, rules, what, time_s, scratch);
    vch_arena_rewind(scratch, mark);
    return status;
}
