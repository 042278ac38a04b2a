// Entries applied to the state, stamped with the clerk's time: members' drafts, and what the clerk
// has to say itself.
#include "agreement/clerk.h"
#include "base/check.h"
#include "host/clock.h"
#include "host/log.h"
#include "ledger/pipeline_parts.h"

enum {
    CLERK_RETRY_MS = 1000,      // after an entry of the clerk's that the state refused
    ENTRIES_PER_TURN_MAX = 512, // of the clerk's
};

static struct vch_group *open_group(struct vch_pipeline *pipeline)
{
    if (pipeline->filling == NULL)
        pipeline->filling = vch_group_new(vch_state_size(pipeline->setup.state));
    return pipeline->filling != NULL && vch_group_has_room(pipeline->filling) ? pipeline->filling
                                                                              : NULL;
}

uint64_t vch_pipeline_now_ms(const struct vch_pipeline *pipeline)
{
    uint64_t now_ms = pipeline->setup.now_ms(pipeline->setup.context);
    uint64_t last_ms = vch_state_time(pipeline->setup.state);

    return now_ms > last_ms ? now_ms : last_ms;
}

// The entry, stamped and encoded, joins the state and the group, or neither.
static vch_status apply(struct vch_pipeline *pipeline, struct vch_group *group,
                        const struct vch_entry *entry, const uint8_t *bytes, size_t size,
                        struct vch_complaint *complaint)
{
    const struct vch_pipeline_setup *setup = &pipeline->setup;
    uint64_t position = vch_state_size(setup->state);

    VCH_ASSERT(position == group->first + group->count);
    setup->verified->has_signature = true;
    vch_status status = vch_state_apply(setup->state, entry, bytes, size, complaint);
    setup->verified->has_signature = false;
    VCH_TRY(status);
    vch_group_add(group, bytes, size, entry->kind != VCH_ENTRY_ANCHOR);
    setup->on_applied(setup->context, position, entry, bytes, size);
    if (!vch_is_ok(vch_index_note(setup->index, position, entry)))
        vch_log_write(VCH_LOG_ERROR, "no memory to index an entry: its watchers will miss it");
    return VCH_OK;
}

static vch_status stamp_and_apply(struct vch_pipeline *pipeline, struct vch_group *group,
                                  struct vch_request_draft *draft, struct vch_complaint *complaint)
{
    const struct vch_pipeline_setup *setup = &pipeline->setup;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (setup->drops != NULL && setup->drops(setup->drops_context, &draft->entry))
        return vch_complain(complaint, VCH_CODE_REFUSED, "the state refuses it");
    draft->entry.time_ms = vch_pipeline_now_ms(pipeline);
    VCH_TRY(vch_entry_stamp(&bytes, &size, draft->bytes, draft->size, draft->entry.time_ms,
                            &group->arena));
    VCH_TRY(apply(pipeline, group, &draft->entry, bytes, size, complaint));
    draft->position = vch_state_size(setup->state) - 1;
    return VCH_OK;
}

bool vch_pipeline_parts_apply(struct vch_pipeline *pipeline, struct vch_request *request)
{
    for (; request->applied < request->count; request->applied++) {
        struct vch_request_draft *draft = &request->drafts[request->applied];
        struct vch_complaint complaint = {""};
        if (!vch_is_ok(draft->status)) continue;
        struct vch_group *group = open_group(pipeline);
        if (group == NULL) return false;
        struct vch_arena_mark mark = vch_arena_mark(&group->arena);
        vch_status status = stamp_and_apply(pipeline, group, draft, &complaint);
        if (vch_is_ok(status)) continue;
        vch_arena_rewind(&group->arena, mark);
        vch_pipeline_parts_refuse(request, draft, status, &complaint);
    }
    // Refusals follow from the state too: they wait for what it rests on.
    request->settled_at = vch_state_size(pipeline->setup.state);
    return true;
}

static vch_status sign_and_apply(struct vch_pipeline *pipeline, struct vch_group *group,
                                 struct vch_entry *entry, struct vch_complaint *complaint)
{
    const struct vch_pipeline_setup *setup = &pipeline->setup;
    uint8_t *bytes = NULL;
    size_t size = 0;

    entry->time_ms = 0;
    VCH_TRY(vch_entry_sign(entry, &setup->ledger, setup->clerk, &group->arena, complaint));
    entry->time_ms = vch_pipeline_now_ms(pipeline);
    VCH_TRY(vch_entry_encode(&bytes, &size, entry, &group->arena, complaint));
    return apply(pipeline, group, entry, bytes, size, complaint);
}

vch_status vch_pipeline_enter(struct vch_pipeline *pipeline, struct vch_entry *entry,
                              struct vch_complaint *complaint)
{
    struct vch_group *group = pipeline->has_failed ? NULL : open_group(pipeline);

    if (group == NULL) return VCH_FAIL(BUSY);
    struct vch_arena_mark mark = vch_arena_mark(&group->arena);
    vch_status status = sign_and_apply(pipeline, group, entry, complaint);
    if (!vch_is_ok(status)) vch_arena_rewind(&group->arena, mark);
    vch_pipeline_parts_append(pipeline);
    return status;
}

// A refusal of what the clerk computed itself is our own mistake, or a window that closed in
// between. It must not become a loop.
void vch_pipeline_parts_enter_due(struct vch_pipeline *pipeline)
{
    const struct vch_state *state = pipeline->setup.state;
    struct vch_complaint complaint = {""};
    struct vch_entry entry;

    if (vch_clock_monotonic_ms() < pipeline->clerk_retry_ms) return;
    for (uint32_t i = 0; i < ENTRIES_PER_TURN_MAX && !pipeline->has_failed; i++) {
        bool is_due =
            vch_clerk_next(&entry, state, vch_pipeline_now_ms(pipeline), &pipeline->scratch);
        vch_status status = is_due ? vch_pipeline_enter(pipeline, &entry, &complaint) : VCH_OK;
        vch_arena_rewind(&pipeline->scratch, (struct vch_arena_mark){0});
        if (!is_due || status.code == VCH_CODE_BUSY) return;
        if (vch_is_ok(status)) continue;
        vch_log_write(VCH_LOG_ERROR, "the clerk's own %s is refused: %s",
                      vch_entry_kind_text(entry.kind), complaint.text);
        pipeline->clerk_retry_ms = vch_clock_monotonic_ms() + CLERK_RETRY_MS;
        return;
    }
}
