// What shows a verdict: the entries that it rests on, and proofs that the ledger holds them.
#include "client/agreed_parts.h"

static bool is_of_segment(const struct vch_agreed_event *event, const struct vch_digest *job,
                          uint32_t segment)
{
    if (event->kind == VCH_ENTRY_DISPUTE_OPEN || event->kind == VCH_ENTRY_DISPUTE_MOVE ||
        event->kind == VCH_ENTRY_DISPUTE_DEFAULT || event->kind == VCH_ENTRY_EXPIRE)
        return false;
    if (!vch_agreed_parts_has_contest(event->kind))
        return true; // the job's opening, inputs, anchors, the registry
    return event->contest.segment == segment && vch_hash_is_equal(&event->contest.subject, job);
}

// Does a draw or a reveal rest on the anchor of this entry?
static bool needs_anchor(const struct vch_agreed_event *event, const struct vch_digest *job,
                         uint32_t segment)
{
    if (event->kind == VCH_ENTRY_JOB_OPEN) return true;
    if (event->kind != VCH_ENTRY_CLOSE && event->kind != VCH_ENTRY_VERDICT) return false;
    return is_of_segment(event, job, segment) && !event->has_output;
}

// Is it the first that covers something which needs one? The others say nothing about the segment.
static bool is_needed(const struct vch_agreed *agreed, uint32_t index, uint32_t segment)
{
    const struct vch_agreed_event *anchor = &agreed->events[index];

    for (uint32_t i = 0; i < index; i++) {
        const struct vch_agreed_event *event = &agreed->events[i];
        bool is_covered = event->position < anchor->size;
        if (!is_covered || !needs_anchor(event, &agreed->job_id, segment)) continue;
        for (uint32_t j = i + 1; j < index && is_covered; j++)
            is_covered = agreed->events[j].kind != VCH_ENTRY_ANCHOR ||
                         agreed->events[j].size <= event->position;
        if (is_covered) return true;
    }
    return false;
}

// The charter, and what the ledger said until the segment's verdict; ascending as it came.
static uint32_t list_positions(uint64_t *out, const struct vch_agreed *agreed, uint32_t segment)
{
    uint64_t verdict = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < agreed->event_count; i++)
        if (agreed->events[i].kind == VCH_ENTRY_VERDICT &&
            is_of_segment(&agreed->events[i], &agreed->job_id, segment))
            verdict = agreed->events[i].position; // the last one is the one that decided
    out[count++] = 0;
    for (uint32_t i = 0; i < agreed->event_count && count < VCH_LEDGER_LINK_POSITIONS_MAX; i++) {
        const struct vch_agreed_event *event = &agreed->events[i];
        if (event->position <= out[count - 1] || event->position > verdict) continue;
        if (event->kind == VCH_ENTRY_ANCHOR && !is_needed(agreed, i, segment)) continue;
        if (is_of_segment(event, &agreed->job_id, segment)) out[count++] = event->position;
    }
    return count;
}

vch_status vch_agreed_prove(struct vch_agreed *agreed, uint32_t segment,
                            struct vch_segment_agreement *out, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    uint64_t positions[VCH_LEDGER_LINK_POSITIONS_MAX];
    uint32_t count = list_positions(positions, agreed, segment);
    struct vch_ledger_link_proof proof;

    VCH_TRY(vch_ledger_link_prove_now(agreed->link, positions, count, &proof, arena, complaint));
    struct vch_agreement_leaf *leaves = VCH_ARENA_NEW(arena, struct vch_agreement_leaf, count);
    if (leaves == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        leaves[i] = (struct vch_agreement_leaf){.position = proof.entries[i].position,
                                                .entry = proof.entries[i].entry,
                                                .entry_size = proof.entries[i].entry_size,
                                                .path_count = proof.entries[i].path.count,
                                                .path = proof.entries[i].path.nodes};
    *out = (struct vch_segment_agreement){.checkpoint = (const uint8_t *)proof.checkpoint,
                                          .checkpoint_size = proof.checkpoint_size,
                                          .leaf_count = count,
                                          .leaves = leaves};
    return VCH_OK;
}
