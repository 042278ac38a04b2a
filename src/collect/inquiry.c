#include "collect/inquiry.h"

#include <string.h>

#include "base/bytes.h"
#include "collect/items.h"
#include "collect/tcti.h"
#include "collect/tpm_activation.h"
#include "collect/tpm_evidence.h"

// In the process' own memory, of which there is one for each question.
static struct answer {
    struct vch_inquiry_reply reply;
    struct vch_cmw evidence, endorsements;
    struct vch_tpm_evidence tpm;
    struct vch_tpm_keys_certificate certificate;
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

static vch_status quote_tpm(struct vch_tpm_session *session, const struct vch_inquiry_plan *plan,
                            const struct vch_inquiry_request *request,
                            struct vch_complaint *complaint)
{
    const struct vch_tpm_evidence *tpm = &answer.tpm;
    struct vch_cmw *out = &answer.evidence;

    VCH_TRY(vch_tpm_evidence_quote(&answer.tpm, session, request->binder, plan->setup->pcrs,
                                   complaint));
    VCH_TRY(vch_items_add(out, "attest", tpm->attest, tpm->attest_size, complaint));
    VCH_TRY(vch_items_add(out, "signature", tpm->signature, tpm->signature_size, complaint));
    VCH_TRY(vch_items_add(out, "pcrs", tpm->pcrs, sizeof tpm->pcrs, complaint));
    return add_tpm(session, complaint);
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

static vch_status ask_tpm(const struct vch_inquiry_plan *plan,
                          const struct vch_inquiry_request *request,
                          struct vch_complaint *complaint)
{
    static struct vch_tpm_session session;

    answer.reply.kind = VCH_BINDER_TPM;
    vch_status status = vch_tpm_session_open(&session, plan->file, request->deadline_us, complaint);
    if (vch_is_ok(status) && request->job == VCH_INQUIRY_PROBE)
        status = probe_tpm(&session, complaint);
    if (vch_is_ok(status) && request->job == VCH_INQUIRY_COLLECT)
        status = quote_tpm(&session, plan, request, complaint);
    if (vch_is_ok(status) && request->job == VCH_INQUIRY_ACTIVATE)
        status = activate(&session, request, complaint);
    vch_tpm_session_close(&session);
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

static vch_status ask(const struct vch_inquiry_plan *plan,
                      const struct vch_inquiry_request *request)
{
    struct vch_complaint *complaint = &answer.reply.complaint;

    if (request->job != VCH_INQUIRY_ACTIVATE) VCH_TRY(add_given(plan, complaint));
    VCH_TRY(ask_tpm(plan, request, complaint));
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
