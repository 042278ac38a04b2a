// Drafts decoded and their signatures verified, on the verifiers' threads.
#include <string.h>

#include "ledger/pipeline_parts.h"

void vch_pipeline_parts_refuse(struct vch_request *request, struct vch_request_draft *draft,
                               vch_status status, const struct vch_complaint *complaint)
{
    const char *text = complaint->text[0] != '\0' ? complaint->text : vch_code_text(status.code);

    draft->status = status;
    draft->text = vch_arena_string(&request->arena, text, strlen(text));
}

static vch_status verify(struct vch_request_draft *draft, const struct vch_digest *ledger,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    VCH_TRY(vch_entry_decode(&draft->entry, draft->bytes, draft->size, arena, complaint));
    if (draft->entry.time_ms != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a draft has no time: the clerk gives it one");
    vch_status status = vch_entry_verify(&draft->entry, ledger);
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code,
                        "the signature is not the writer's for this ledger: sign for the ledger "
                        "whose charter you have");
}

void vch_pipeline_parts_verify(void *subject, struct vch_lane_job *job)
{
    struct vch_request *request = (struct vch_request *)job;
    const struct vch_pipeline *pipeline = request->host;

    (void)subject;
    for (uint32_t i = 0; i < request->count; i++) {
        struct vch_request_draft *draft = &request->drafts[i];
        struct vch_complaint complaint = {""};
        if (!vch_is_ok(draft->status)) continue;
        vch_status status = verify(draft, &pipeline->setup.ledger, &request->arena, &complaint);
        if (!vch_is_ok(status)) vch_pipeline_parts_refuse(request, draft, status, &complaint);
    }
}
