#include "cli/attest_certificate.h"

#include <stdio.h>

#include "cli/attest_checks.h"
#include "cli/attest_record.h"
#include "cli/rules_file.h"
#include "evidence/ratls.h"

// Everything that one certificate is judged by.
struct question {
    struct vch_rules rules;
    struct vch_exchange_response brought; // its endorsements alone
    int64_t time_s;
    enum vch_rules_class what;
};

static struct vch_certificate_bytes endorsement(const struct question *question, const char *label)
{
    const struct vch_cmw_item *item = vch_cmw_find(&question->brought.endorsements, label);

    if (item == NULL) return (struct vch_certificate_bytes){NULL, 0};
    return (struct vch_certificate_bytes){item->bytes, item->size};
}

// What these rules ask of any evidence, whatever it is bound to.
static vch_status judge_rest(struct vch_appraisal *appraisal, const struct vch_dcap_claims *claims,
                             const struct question *question)
{
    const struct vch_rules *rules = &question->rules;
    const struct vch_dcap_pck *pck = &claims->pck;
    bool is_listed =
        claims->is_pck_known &&
        ((pck->has_instance && vch_rules_machine(rules, VCH_RULES_ID_PIID, pck->instance,
                                                 sizeof pck->instance) != NULL) ||
         vch_rules_machine(rules, VCH_RULES_ID_PPID, pck->ppid, sizeof pck->ppid) != NULL);

    if (rules->needs_machine)
        vch_appraisal_check(appraisal, "result.machine", is_listed,
                            "the policy lists no such machine");
    vch_appraisal_check(
        appraisal, "ratls.class", vch_rules_allows(rules, question->what, VCH_RULES_TEE),
        "the policy gives %s to other levels only", vch_rules_class_name(question->what));
    return vch_appraisal_status(appraisal);
}

static vch_status judge(struct vch_appraisal *appraisal, const struct vch_ratls *certificate,
                        const struct question *question, struct vch_tool *tool)
{
    struct vch_dcap_claims claims = {0};
    const struct vch_dcap_collateral collateral = {
        .tcb_info = endorsement(question, "tcb-info"),
        .identity = endorsement(question, "identity"),
        .signer = endorsement(question, "tcb-signer"),
        .root_crl = endorsement(question, "root-crl"),
        .pck_crl = endorsement(question, "pck-crl"),
    };
    const struct vch_dcap_question asked = {.root = question->rules.anchors.intel,
                                            .time_s = question->time_s,
                                            .policy = &question->rules.dcap,
                                            .own = question->rules.own_crls};

    vch_status status =
        vch_ratls_verify(appraisal, &claims, certificate, &collateral, &asked,
                         question->what != VCH_RULES_OPEN_WEIGHTS, &tool->arena, &tool->complaint);
    vch_status rest = judge_rest(appraisal, &claims, question);
    return vch_is_ok(status) ? rest : status;
}

static vch_status report(const struct vch_appraisal *appraisal, const struct vch_ratls *certificate,
                         vch_status status, const struct vch_tool *tool)
{
    const char *word = vch_is_ok(status) ? "warning" : "contraindicated";

    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(
            json_pack("{s:s, s:s, s:o, s:o}", "word", word, "binding", "key", "key",
                      vch_tool_json_hex(certificate->key.bytes, VCH_DIGEST_SIZE), "checks",
                      vch_attest_checks_json(appraisal)));
    vch_attest_checks_print(appraisal);
    printf("%s: bound to a key and to no connection, so nothing private goes there by it\n", word);
    return VCH_OK;
}

vch_status vch_attest_certificate_run(struct vch_tool *tool)
{
    static struct question question;
    static struct vch_appraisal appraisal;
    struct vch_ratls certificate;
    struct vch_certificate_bytes file = {NULL, 0};
    const char *policy = NULL;
    uint8_t *bytes = NULL;

    VCH_TRY(vch_options_required(&policy, tool->options, "policy", &tool->complaint));
    question.what = VCH_RULES_OPEN_WEIGHTS;
    VCH_TRY(vch_rules_file_class(&question.what, tool, "class"));
    VCH_TRY(vch_rules_file_time(&question.time_s, tool, "at"));
    VCH_TRY(vch_rules_file_load(&question.rules, tool, policy, "signer", question.time_s));
    VCH_TRY(vch_attest_record_endorse(&question.brought, tool));
    VCH_TRY(vch_tool_file(&bytes, &file.size, tool, tool->options->operands[1],
                          VCH_CERTIFICATE_BYTES_MAX));
    file.bytes = bytes;
    vch_appraisal_init(&appraisal);
    vch_status status = vch_ratls_decode(&certificate, &file, &tool->complaint);
    if (vch_is_ok(status)) {
        status = judge(&appraisal, &certificate, &question, tool);
        vch_status said = report(&appraisal, &certificate, status, tool);
        if (!vch_is_ok(said)) status = said;
    }
    vch_ratls_release(&certificate);
    return status;
}
