// Anchors are the clerk's entries, but what they anchor is the witnesses' word: enough of them had
// seen the log up to that size, at about that time.
#include "agreement/state.h"
#include "voucher/contest_parts.h"

static bool is_cosigned(const struct vch_contest_parts *contest, const struct vch_entry *anchor)
{
    const struct vch_state_checks checks = vch_state_full_checks();
    const struct vch_charter *charter = contest->charter;
    const uint32_t count = anchor->anchor.count;

    for (uint32_t i = 0; i < count; i++) {
        const struct vch_entry_cosignature *cosignature = &anchor->anchor.cosignatures[i];
        bool is_later = i == 0 || cosignature->witness > cosignature[-1].witness;
        if (!is_later || cosignature->witness >= charter->witness_count ||
            !vch_charter_is_within_skew(charter, cosignature->time_s, anchor->time_ms))
            return false;
        if (!vch_is_ok(checks.cosignature(checks.context, charter, cosignature, anchor->anchor.size,
                                          &anchor->anchor.root)))
            return false;
    }
    return count >= vch_charter_quorum(charter);
}

static bool holds(const struct vch_contest_parts *contest, const struct vch_entry *anchor)
{
    return vch_contest_parts_is_by(anchor, &contest->charter->clerk) &&
           anchor->anchor.size <= vch_contest_parts_leaf(contest, anchor)->position &&
           is_cosigned(contest, anchor);
}

const struct vch_entry *vch_contest_parts_find_anchor(const struct vch_contest_parts *contest,
                                                      const struct vch_entry *covered)
{
    const uint64_t position = vch_contest_parts_leaf(contest, covered)->position;

    for (const struct vch_entry *at = covered + 1; at < contest->end; at++)
        if (at->kind == VCH_ENTRY_ANCHOR && at->anchor.size > position)
            return holds(contest, at) ? at : NULL;
    return NULL;
}
