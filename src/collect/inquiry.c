#include "collect/inquiry.h"

#include <string.h>

#include "base/bytes.h"
#include "collect/cert_table.h"
#include "collect/items.h"
#include "collect/paravisor.h"
#include "collect/tcti.h"
#include "collect/tpm_activation.h"
#include "collect/tpm_evidence.h"
#include "collect/tsm_files.h"
#include "host/log.h"

// In the process' own memory, of which there is one for each question.
static struct answer {
    struct vch_inquiry_reply reply;
    struct vch_cmw evidence, endorsements;
    struct vch_tpm_evidence tpm;
    struct vch_tpm_keys_certificate certificate;
    struct vch_tsm_report tsm;
    struct vch_paravisor paravisor;
    uint8_t evidence_bytes[VCH_CMW_SIZE_MAX], endorsement_bytes[VCH_CMW_SIZE_MAX];
} answer;

vch_status vch_inquiry_open(int *descriptor, void *context, struct vch_complaint *complaint)
{
    struct vch_inquiry_plan *plan = context;

    vch_status status = vch_tcti_open(descriptor, plan->setup->place, complaint);
    plan->file = *descriptor;
    return status;
}

static vch_status add_tpm(struct vch_tpm_session *session, struct vch_complaint *complaint)
{
    const struct vch_tpm_evidence *tpm = &answer.tpm;

    VCH_TRY(vch_tpm_keys_certify(&answer.certificate, session, complaint));
    VCH_TRY(vch_items_add(&answer.evidence, "ak", tpm->ak.bytes, tpm->ak.size, complaint));
    return vch_items_add(&answer.endorsements, "ek", answer.certificate.bytes,
                         answer.certificate.size, complaint);
}

static vch_status probe_tpm(struct vch_tpm_session *session, struct vch_complaint *complaint)
{
    VCH_TRY(vch_tpm_keys_attest(&answer.tpm.ak, session, complaint));
    vch_tpm_session_flush(session, answer.tpm.ak.handle);
    return add_tpm(session, complaint);
}

static vch_status add_quote(struct vch_complaint *complaint)
{
    const struct vch_tpm_evidence *tpm = &answer.tpm;
    struct vch_cmw *out = &answer.evidence;

    VCH_TRY(vch_items_add(out, "attest", tpm->attest, tpm->attest_size, complaint));
    VCH_TRY(vch_items_add(out, "signature", tpm->signature, tpm->signature_size, complaint));
    return vch_items_add(out, "pcrs", tpm->pcrs, sizeof tpm->pcrs, complaint);
}

static vch_status quote_tpm(struct vch_tpm_session *session, const struct vch_inquiry_plan *plan,
                            const struct vch_inquiry_request *request,
                            struct vch_complaint *complaint)
{
    VCH_TRY(vch_tpm_evidence_quote(&answer.tpm, session, request->binder, plan->setup->pcrs,
                                   complaint));
    VCH_TRY(add_quote(complaint));
    return add_tpm(session, complaint);
}

// The report is what the paravisor asked for when the machine started: it is as old as that, and
// the quote is not.
static vch_status ask_paravisor(struct vch_tpm_session *session,
                                const struct vch_inquiry_plan *plan,
                                const struct vch_inquiry_request *request,
                                struct vch_complaint *complaint)
{
    const struct vch_azure_hcl *hcl = &answer.paravisor.hcl;
    struct vch_cmw *out = &answer.evidence;

    answer.reply.kind = VCH_BINDER_AZURE;
    VCH_TRY(vch_paravisor_read(&answer.paravisor, session, complaint));
    VCH_TRY(vch_items_add(out, "report", hcl->report, hcl->report_size, complaint));
    VCH_TRY(vch_items_add(out, "runtime", hcl->runtime, hcl->runtime_size, complaint));
    if (request->job != VCH_INQUIRY_COLLECT) return VCH_OK;
    VCH_TRY(
        vch_paravisor_quote(&answer.tpm, session, request->binder, plan->setup->pcrs, complaint));
    return add_quote(complaint);
}

static vch_status activate(struct vch_tpm_session *session,
                           const struct vch_inquiry_request *request,
                           struct vch_complaint *complaint)
{
    size_t size = 0;

    vch_status status = vch_tpm_activation_run(answer.reply.secret, &size, session,
                                               &request->credential, complaint);
    answer.reply.secret_size = (uint32_t)size;
    return status;
}

static vch_status ask_chip(struct vch_tpm_session *session, const struct vch_inquiry_plan *plan,
                           const struct vch_inquiry_request *request,
                           struct vch_complaint *complaint)
{
    answer.reply.kind = VCH_BINDER_TPM;
    if (request->job == VCH_INQUIRY_PROBE) return probe_tpm(session, complaint);
    if (request->job == VCH_INQUIRY_COLLECT) return quote_tpm(session, plan, request, complaint);
    return request->job == VCH_INQUIRY_ACTIVATE ? activate(session, request, complaint) : VCH_OK;
}

static vch_status ask_tpm(const struct vch_inquiry_plan *plan,
                          const struct vch_inquiry_request *request,
                          struct vch_complaint *complaint)
{
    static struct vch_tpm_session session;

    vch_status status = vch_tpm_session_open(&session, plan->file, request->deadline_us, complaint);
    if (vch_is_ok(status))
        status = plan->setup->source == VCH_COLLECTOR_AZURE
                     ? ask_paravisor(&session, plan, request, complaint)
                     : ask_chip(&session, plan, request, complaint);
    vch_tpm_session_close(&session);
    return status;
}

// The table is the host's, whom nobody trusts: without it a report is worth as much.
static vch_status add_certificates(struct vch_complaint *complaint)
{
    const struct vch_tsm_report *tsm = &answer.tsm;
    struct vch_cmw *out = &answer.endorsements;
    struct vch_complaint why = {0};
    struct vch_cert_table table;

    if (!vch_is_ok(
            vch_cert_table_decode(&table, tsm->certificates, tsm->certificates_size, &why))) {
        vch_log_write(VCH_LOG_WARNING, "%s", why.text);
        return VCH_OK;
    }
    VCH_TRY(vch_items_add(out, "vek", table.vek, table.vek_size, complaint));
    VCH_TRY(vch_items_add(out, "issuers", table.issuer, table.issuer_size, complaint));
    return vch_items_add(out, "crl.0", table.crl, table.crl_size, complaint);
}

static vch_status report_tsm(const struct vch_tsm_calls *calls,
                             const struct vch_inquiry_request *request,
                             struct vch_complaint *complaint)
{
    struct vch_tsm_report *tsm = &answer.tsm;
    uint8_t data[VCH_BINDER_REPORT_SIZE];

    vch_binder_report(data, request->binder);
    VCH_TRY(vch_tsm_collect(tsm, calls, request->entry, data, complaint));
    const char *label = tsm->kind == VCH_BINDER_SNP ? "report" : "quote";
    VCH_TRY(vch_items_add(&answer.evidence, label, tsm->report, tsm->report_size, complaint));
    return tsm->kind == VCH_BINDER_SNP ? add_certificates(complaint) : VCH_OK;
}

static vch_status ask_tsm(const struct vch_inquiry_plan *plan,
                          const struct vch_inquiry_request *request,
                          struct vch_complaint *complaint)
{
    const struct vch_tsm_calls calls = vch_tsm_files_calls(plan->setup->place);
    vch_status status = VCH_OK;

    if (request->job == VCH_INQUIRY_SWEEP) vch_tsm_sweep(&calls, request->entry);
    if (request->job == VCH_INQUIRY_PROBE)
        status = vch_tsm_probe(&answer.tsm, &calls, request->entry, complaint);
    if (request->job == VCH_INQUIRY_COLLECT) status = report_tsm(&calls, request, complaint);
    answer.reply.kind = answer.tsm.kind;
    if (answer.tsm.leftover[0] != '\0')
        vch_log_write(VCH_LOG_WARNING, "cannot remove %s/%s: remove it by hand", plan->setup->place,
                      answer.tsm.leftover);
    return status;
}

// What somebody gave goes before what the hardware has: that may be old.
static vch_status add_given(const struct vch_inquiry_plan *plan, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < plan->given_count; i++) {
        const struct vch_inquiry_piece *piece = &plan->given[i];
        struct vch_cmw *out =
            vch_items_is_endorsement(piece->label) ? &answer.endorsements : &answer.evidence;
        VCH_TRY(vch_items_add(out, piece->label, piece->bytes, piece->size, complaint));
    }
    return VCH_OK;
}

static vch_status encode(uint8_t *out, uint32_t *size, const struct vch_cmw *collection,
                         struct vch_complaint *complaint)
{
    struct vch_cbor_writer writer = {.bytes = out, .room = VCH_CMW_SIZE_MAX};
    size_t written = 0;

    *size = 0;
    if (collection->count == 0) return VCH_OK;
    VCH_TRY(vch_cmw_write(&writer, collection));
    if (!vch_is_ok(vch_cbor_write_end(&writer, &written)))
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "evidence has at most %u bytes, found %zu: show a shorter boot log",
                            VCH_CMW_SIZE_MAX, writer.size);
    *size = (uint32_t)written;
    return VCH_OK;
}

// Who asks may have been taken over since the start; the key was named then.
static vch_status check_block(const struct vch_inquiry_plan *plan,
                              const struct vch_inquiry_request *request,
                              struct vch_complaint *complaint)
{
    const uint8_t *key = plan->setup->sealing_key;
    struct vch_binder block;

    VCH_TRY(vch_binder_decode(&block, request->binder, VCH_BINDER_SIZE, complaint));
    if (key == NULL || memcmp(block.sealing_key, key, sizeof block.sealing_key) == 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the block names another key to seal to than this node's: no evidence is "
                        "made of that");
}

static vch_status ask(const struct vch_inquiry_plan *plan,
                      const struct vch_inquiry_request *request)
{
    struct vch_complaint *complaint = &answer.reply.complaint;

    if (request->job == VCH_INQUIRY_COLLECT) VCH_TRY(check_block(plan, request, complaint));
    if (request->job != VCH_INQUIRY_ACTIVATE) VCH_TRY(add_given(plan, complaint));
    VCH_TRY(plan->setup->source == VCH_COLLECTOR_TSM ? ask_tsm(plan, request, complaint)
                                                     : ask_tpm(plan, request, complaint));
    VCH_TRY(
        encode(answer.evidence_bytes, &answer.reply.evidence_size, &answer.evidence, complaint));
    return encode(answer.endorsement_bytes, &answer.reply.endorsements_size, &answer.endorsements,
                  complaint);
}

int vch_inquiry_run(int channel, void *context)
{
    static struct vch_inquiry_request request;

    if (!vch_is_ok(vch_child_read(channel, &request, sizeof request))) return 1;
    answer.reply.status = ask(context, &request);
    if (!vch_is_ok(answer.reply.status))
        answer.reply.evidence_size = answer.reply.endorsements_size = 0;
    bool is_told =
        vch_is_ok(vch_child_write(channel, &answer.reply, sizeof answer.reply)) &&
        vch_is_ok(vch_child_write(channel, answer.evidence_bytes, answer.reply.evidence_size)) &&
        vch_is_ok(
            vch_child_write(channel, answer.endorsement_bytes, answer.reply.endorsements_size));
    vch_wipe(&answer.reply, sizeof answer.reply);
    return is_told ? 0 : 1;
}
