// Any bytes at all as a request of a log and as a draft handed over: never more than a refusal,
// unless the log's key signed it, which nobody here has.
#include "witness/submission.h"

#include "base/check.h"
#include "witness/core.h"

static void try_answers(const struct vch_submission *request)
{
    struct vch_submission_answer answer;
    size_t offset = 0;
    uint32_t count = 0;

    while (vch_submission_next_answer(&answer, request, &offset))
        count++;
    VCH_ASSERT(count <= VCH_SUBMISSION_ANSWERS_MAX && offset == request->answers_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vch_core_log log;
    static const struct vch_vkey vkey = {
        "a.example/log", VCH_VKEY_ED25519, {{0}}}; // of small order
    static const struct vch_digest ledger = {{1}};
    static struct vch_core core = {.name = "w", .log_count = 1, .logs = &log};
    static struct vch_core_reply reply;
    static struct vch_core_change change;
    const char *body = (const char *)data;

    vch_core_log_init(&log, &vkey, &ledger);
    for (int may_answer = 0; may_answer < 2; may_answer++) {
        struct vch_complaint complaint = {0};
        struct vch_submission request;
        vch_status status = vch_submission_decode(&request, body, size, may_answer, &complaint);
        VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
        if (vch_is_ok(status)) try_answers(&request);
        vch_core_add_checkpoint(&reply, &change, &core, body, size, may_answer, 1000);
        VCH_ASSERT(reply.code >= 400 && change.kind == VCH_CORE_NOTHING);
    }
    vch_core_add_draft(&reply, &change, &core, body, size, 1000);
    vch_core_apply(&core, &change);
    VCH_ASSERT((reply.code == 200) == (log.promise_count == 1));
    return 0;
}
