// Quotes of TPMs: by a key that somebody enrolled, or that a paravisor holds.
#include <string.h>

#include "attest/result_parts.h"
#include "base/bytes.h"

static void judge_log(struct vch_result_parts *parts, const struct vch_digest *pcrs)
{
    const struct vch_rules_tpm *rules = &parts->rules->tpm;
    struct vch_certificate_bytes log =
        vch_result_parts_item(&parts->response->evidence, "eventlog");
    struct vch_complaint why = {0};

    if (!rules->needs_log) {
        vch_appraisal_add(parts->appraisal, "tpm.log", VCH_APPRAISAL_NOT_APPLICABLE,
                          "the policy asks for no boot log");
        return;
    }
    if (!vch_appraisal_check(parts->appraisal, "tpm.log", log.size > 0,
                             "the policy asks for the boot log: let the node send it along"))
        return;
    vch_status status =
        vch_eventlog_verify(parts->appraisal, log.bytes, log.size, pcrs, rules->log_pcrs,
                            rules->events, rules->event_count, &why);
    if (vch_is_ok(status) || status.code == VCH_CODE_REFUSED) return; // its checks say it
    vch_appraisal_check(parts->appraisal, "eventlog.form", false, "%s",
                        why.text[0] != '\0' ? why.text : vch_code_text(status.code));
}

// A session is with one key in one boot. What another key said is no history of this one.
static const struct vch_tpm_quote_clock *seen(struct vch_result_parts *parts,
                                              const struct vch_digest *ak)
{
    const struct vch_result_history *history = parts->history;

    if (!history->has_quote) return NULL;
    bool is_same = vch_hash_is_equal(&history->ak, ak);
    if (history->is_session)
        vch_appraisal_check(parts->appraisal, "tpm.session.key", is_same,
                            "another attestation key than when the session began; begin a new "
                            "one");
    return is_same ? &history->clock : NULL;
}

static void keep_history(struct vch_result_parts *parts, const struct vch_digest *ak,
                         const struct vch_tpm_quote *quote)
{
    struct vch_result_history *history = &parts->result->history;

    history->has_quote = true;
    history->ak = *ak;
    history->clock = quote->clock;
}

// A node quotes for all who ask; of what it quotes, rules look at the PCRs that they name.
static uint32_t covered(const struct vch_certificate_bytes *attest, uint32_t named)
{
    struct vch_tpm_quote quote;

    if (named == 0 || !vch_is_ok(vch_tpm_quote_decode(&quote, attest->bytes, attest->size, NULL)))
        return named;
    bool has_all = quote.bank_count == 1 && (quote.banks[0].pcrs & named) == named;
    return has_all ? quote.banks[0].pcrs : named;
}

vch_status vch_result_parts_quote(struct vch_result_parts *parts, const struct vch_spki *ak)
{
    const struct vch_cmw *evidence = &parts->response->evidence;
    const struct vch_rules_tpm *rules = &parts->rules->tpm;
    struct vch_certificate_bytes attest = vch_result_parts_item(evidence, "attest");
    struct vch_certificate_bytes signature = vch_result_parts_item(evidence, "signature");
    struct vch_certificate_bytes values = vch_result_parts_item(evidence, "pcrs");
    struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS], key = vch_hash_bytes(ak->bytes, ak->size);
    struct vch_digest nonce = vch_binder_qualifier(parts->bytes);
    struct vch_tpm_quote quote = {0};

    if (values.size != sizeof pcrs)
        return vch_complain(parts->complaint, VCH_CODE_MALFORMED,
                            "expected all %d PCRs of the SHA-256 bank, %zu bytes, found %zu",
                            VCH_TPM_QUOTE_PCRS, sizeof pcrs, values.size);
    memcpy(pcrs, values.bytes, sizeof pcrs);
    const struct vch_tpm_quote_evidence shown = {
        .attest = attest.bytes,
        .attest_size = attest.size,
        .signature = {VCH_TPM_SIGNATURE_TPMT, signature.bytes, signature.size},
        .pcrs = pcrs};
    const struct vch_tpm_quote_expected expected = {.nonce = nonce.bytes,
                                                    .nonce_size = VCH_DIGEST_SIZE,
                                                    .pcrs = covered(&attest, rules->pcrs),
                                                    .rules = rules->pcr_rules,
                                                    .rule_count = rules->pcr_rule_count,
                                                    .seen = seen(parts, &key),
                                                    .is_session = parts->history->is_session};
    vch_status status =
        vch_tpm_quote_verify(parts->appraisal, &quote, &shown, ak, &expected, parts->complaint);
    if (!vch_is_ok(status) && status.code != VCH_CODE_REFUSED) return status;
    (void)vch_binder_check(parts->appraisal, parts->bytes, quote.nonce, quote.nonce_size);
    judge_log(parts, pcrs);
    status = vch_appraisal_status(parts->appraisal);
    if (vch_is_ok(status)) keep_history(parts, &key, &quote);
    return status;
}

// Enrolled means that somebody saw it in a TPM whose maker vouches for it, and wrote it down.
static void judge_enrolled(struct vch_result_parts *parts, const struct vch_tpm_public *ak)
{
    static const uint8_t nobody[VCH_TPM_PUBLIC_NAME_SIZE];
    const struct vch_rules *rules = parts->rules;
    const struct vch_rules_tpm_key *key = vch_rules_tpm_key(rules, ak->name);
    bool is_enrolled = key != NULL && (rules->tpm.aks & VCH_RULES_AK_ENROLLED) != 0;
    bool is_place = is_enrolled && (rules->tpm.places & 1u << key->place) != 0;

    (void)vch_is_ok(vch_tpm_public_match(parts->appraisal, ak, is_enrolled ? key->name : nobody));
    vch_appraisal_check(parts->appraisal, "tpm.place", is_place,
                        "the policy takes no TPMs of this key's kind");
    if (is_enrolled && key->place == VCH_RULES_TPM_SOFTWARE) parts->result->is_test = true;
    vch_result_parts_machine(parts, VCH_RULES_ID_AK, ak->name, VCH_TPM_PUBLIC_NAME_SIZE);
}

vch_status vch_result_parts_tpm(struct vch_result_parts *parts)
{
    struct vch_certificate_bytes item = vch_result_parts_item(&parts->response->evidence, "ak");
    struct vch_tpm_public ak;

    if (!vch_appraisal_check(parts->appraisal, "result.section", parts->rules->has_tpm,
                             "the policy has no section for TPMs: it takes none"))
        return VCH_FAIL(REFUSED);
    VCH_TRY(vch_tpm_public_decode(&ak, item.bytes, item.size, parts->complaint));
    (void)vch_is_ok(vch_tpm_public_appraise(parts->appraisal, &ak));
    judge_enrolled(parts, &ak);
    return vch_result_parts_quote(parts, &ak.key);
}
