#include "agreement/anchors.h"

#include <stdio.h>
#include <string.h>

#include "agreement/contests.h"
#include "tlog/checkpoint.h"

#define HEADER_MAX 64 // "cosignature/v1\ntime \n" and 20 digits

vch_status vch_anchors_verify(const struct vch_charter *charter,
                              const struct vch_entry_cosignature *cosignature, uint64_t size,
                              const struct vch_digest *root)
{
    struct vch_checkpoint checkpoint = {.size = size, .root = *root};
    char message[HEADER_MAX + VCH_CHECKPOINT_TEXT_MAX + 1];

    if (cosignature->witness >= charter->witness_count) return VCH_FAIL(BAD_PROOF);
    memcpy(checkpoint.origin, charter->origin, sizeof charter->origin);
    const int header = snprintf(message, HEADER_MAX, "cosignature/v1\ntime %llu\n",
                                (unsigned long long)cosignature->time_s);
    const size_t text = vch_checkpoint_encode(message + header, &checkpoint);
    return vch_sign_verify_bare_message(&charter->witnesses[cosignature->witness].key, message,
                                        (size_t)header + text, &cosignature->signature);
}

static vch_status check_place(const struct vch_state *state, const struct step *step,
                              struct vch_complaint *complaint)
{
    const struct vch_history *history = &state->history;
    const uint64_t size = step->entry->anchor.size;
    struct vch_digest root;

    if (size <= history->anchored)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the anchor's size %llu is not above the last one's, %llu",
                            (unsigned long long)size, (unsigned long long)history->anchored);
    if (size > step->position || !vch_history_root_at(&root, history, size))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the anchor's size %llu is above its position %llu, or more than %u "
                            "below it",
                            (unsigned long long)size, (unsigned long long)step->position,
                            VCH_HISTORY_WINDOW);
    if (!vch_hash_is_equal(&root, &step->entry->anchor.root))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the anchor's root is not that of the log's first %llu entries: they "
                            "are not the ones that were cosigned",
                            (unsigned long long)size);
    if (history->uncovered >= size)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the anchor covers nothing but anchors since the last one");
    return VCH_OK;
}

static vch_status check_cosignature(const struct vch_state *state, const struct step *step,
                                    uint32_t i, struct vch_complaint *complaint)
{
    const struct vch_entry *entry = step->entry;
    const struct vch_entry_cosignature *cosignature = &entry->anchor.cosignatures[i];
    const struct vch_state_checks *checks = &state->setup.checks;

    if (cosignature->witness >= state->charter.witness_count ||
        (i > 0 && cosignature->witness <= cosignature[-1].witness))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the anchor's cosignatures are not by witnesses of the charter, each "
                            "once and in their order");
    if (cosignature->time_s > VCH_ENTRY_TIME_MAX / 1000 ||
        !vch_charter_is_within_skew(&state->charter, cosignature->time_s, step->now))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "witness \"%s\" cosigned at %llu s, and the anchor's time %llu ms is "
                            "more than %llu ms from that: set the clocks",
                            state->charter.witnesses[cosignature->witness].name,
                            (unsigned long long)cosignature->time_s, (unsigned long long)step->now,
                            (unsigned long long)state->parameters.skew_ms);
    if (vch_is_ok(checks->cosignature(checks->context, &state->charter, cosignature,
                                      entry->anchor.size, &entry->anchor.root)))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the anchor's cosignature of witness \"%s\" does not verify",
                        state->charter.witnesses[cosignature->witness].name);
}

vch_status vch_anchors_check(struct vch_state *state, struct step *step,
                             struct vch_complaint *complaint)
{
    const uint32_t count = step->entry->anchor.count;
    const uint32_t needed = vch_charter_quorum(&state->charter);

    VCH_TRY(check_place(state, step, complaint));
    if (count < needed || count > VCH_CHARTER_WITNESSES_MAX)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%u of %u witnesses cosigned the anchor, and it takes %u", count,
                            state->charter.witness_count, needed);
    for (uint32_t i = 0; i < count; i++)
        VCH_TRY(check_cosignature(state, step, i, complaint));
    return VCH_OK;
}

void vch_anchors_take(struct vch_state *state, const struct step *step)
{
    const uint64_t size = step->entry->anchor.size;

    vch_history_anchor(&state->history, size);
    vch_contests_anchor(state, step, size);
}
