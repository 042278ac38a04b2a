// The log cosigned again and again: when the next checkpoint is due, and its anchor entered.
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "ledger/ledger_parts.h"

enum {
    CHECKPOINT_PAUSE_MS = 20, // between checkpoints, in a crowd
    RETRY_MS = 1000,          // after an anchor that the state refused
    DRAFT_MEMORY = 1 << 20,
};

bool vch_ledger_parts_note_checkpoint(struct vch_ledger *ledger,
                                      const struct vch_store_checkpoint *checkpoint)
{
    struct vch_ledger_checkpoints *latest = &ledger->checkpoints;

    if (checkpoint->note_size > sizeof latest->note) return false;
    latest->size = checkpoint->tree.size;
    memcpy(latest->note, checkpoint->note, checkpoint->note_size);
    latest->note_size = checkpoint->note_size;
    return true;
}

static bool is_due(const struct vch_ledger *ledger)
{
    const struct vch_ledger_checkpoints *checkpoints = &ledger->checkpoints;

    return !checkpoints->has_anchor && ledger->options.witness_count > 0 &&
           !vch_cosigners_are_busy(ledger->cosigners) &&
           vch_clock_monotonic_ms() >= checkpoints->not_before_ms &&
           vch_pipeline_content(ledger->pipeline) > vch_state_anchored(ledger->state);
}

void vch_ledger_parts_consider_checkpoint(struct vch_ledger *ledger)
{
    uint64_t size = vch_pipeline_durable(ledger->pipeline);
    struct vch_digest root;

    if (!is_due(ledger)) return;
    // What is refused to a witness is refused by the state of this very size.
    if (vch_cosigners_have_promises(ledger->cosigners) && vch_state_size(ledger->state) != size) {
        vch_pipeline_settle(ledger->pipeline);
        return;
    }
    if (!vch_state_root_at(&root, ledger->state, size)) return;
    if (ledger->crowd.is_one)
        ledger->checkpoints.not_before_ms = vch_clock_monotonic_ms() + CHECKPOINT_PAUSE_MS;
    vch_cosigners_begin(ledger->cosigners, size, &root);
}

// A draft that a member handed to a witness alone, as if the member had sent it to us.
static void submit_draft(void *context, const uint8_t *draft, size_t size)
{
    struct vch_ledger *ledger = context;
    struct vch_request *request = vch_request_new(VCH_REQUEST_APPEND, DRAFT_MEMORY);

    if (request == NULL) return;
    const char *bytes = vch_arena_string(&request->arena, draft, size);
    request->drafts = VCH_ARENA_NEW(&request->arena, struct vch_request_draft, 1);
    if (bytes == NULL || request->drafts == NULL) {
        vch_request_free(request);
        return;
    }
    request->drafts[0] =
        (struct vch_request_draft){.bytes = (const uint8_t *)bytes, .size = size, .status = VCH_OK};
    request->count = 1;
    vch_pipeline_submit(ledger->pipeline, request);
}

static bool awaits_drafts(void *context)
{
    const struct vch_ledger *ledger = context;

    return vch_state_next_job(ledger->state, NULL) != NULL; // its contests, or windows
}

static void judge(void *context, struct vch_promises *promises, uint64_t size,
                  const struct vch_digest *root)
{
    struct vch_ledger *ledger = context;
    const struct vch_promises_judge by = {.places = &ledger->places,
                                          .state = ledger->state,
                                          .now_ms = vch_pipeline_now_ms(ledger->pipeline),
                                          .ledger = &ledger->charter.id,
                                          .clerk = ledger->options.clerk,
                                          .submit = submit_draft,
                                          .context = ledger,
                                          .drops = ledger->options.drops,
                                          .drops_context = ledger->options.drops_context};

    vch_promises_settle(promises, &by, size, root);
}

void vch_ledger_parts_enter_anchor(struct vch_ledger *ledger)
{
    struct vch_ledger_checkpoints *checkpoints = &ledger->checkpoints;
    struct vch_complaint complaint = {""};

    if (!checkpoints->has_anchor) return;
    vch_status status = vch_pipeline_enter(ledger->pipeline, &checkpoints->anchor, &complaint);
    if (status.code == VCH_CODE_BUSY) return; // when the group in hand is on the disk
    checkpoints->has_anchor = false;
    if (vch_is_ok(status)) return;
    vch_log_write(VCH_LOG_WARNING, "an anchor is refused: %s", complaint.text);
    checkpoints->not_before_ms = vch_clock_monotonic_ms() + RETRY_MS;
}

static void on_cosigned(void *context, const struct vch_store_checkpoint *checkpoint,
                        const struct vch_entry *anchor)
{
    struct vch_ledger *ledger = context;

    if (!vch_ledger_parts_note_checkpoint(ledger, checkpoint)) return;
    ledger->checkpoints.anchor = *anchor;
    ledger->checkpoints.has_anchor = true;
    vch_ledger_parts_enter_anchor(ledger);
    vch_ledger_parts_look_at_proofs(ledger);
}

static void on_given_up(void *context)
{
    struct vch_ledger *ledger = context;

    if (!ledger->is_ending) vch_ledger_parts_consider_checkpoint(ledger);
}

vch_status vch_ledger_parts_start_witnessing(struct vch_ledger *ledger,
                                             struct vch_complaint *complaint)
{
    struct vch_cosigners_setup setup = {.base = ledger->base,
                                        .keeper = ledger->keeper,
                                        .charter = &ledger->charter,
                                        .notes = &ledger->notes,
                                        .clerk = ledger->options.clerk,
                                        .urls = ledger->options.witness_urls,
                                        .url_count = ledger->options.witness_count,
                                        .on_cosigned = on_cosigned,
                                        .on_given_up = on_given_up,
                                        .judge = judge,
                                        .awaits_drafts = awaits_drafts,
                                        .context = ledger};

    return vch_cosigners_new(&ledger->cosigners, &setup, complaint);
}
