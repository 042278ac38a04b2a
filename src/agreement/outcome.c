#include "agreement/outcome.h"

#include "base/bytes.h"

enum { DISPUTER, DEFENCE };

static enum vch_dispute_result judged(const struct vch_dispute *last,
                                      const struct vch_digest *output)
{
    if (vch_hash_is_equal(output, &last->claims[DISPUTER])) return VCH_DISPUTE_OVERTURNED;
    if (vch_hash_is_equal(output, &last->claims[DEFENCE])) return VCH_DISPUTE_UPHELD;
    return VCH_DISPUTE_BOTH_LOSE;
}

enum vch_dispute_result vch_outcome_of(const struct vch_dispute *last,
                                       const struct vch_entry *entry)
{
    if (entry->kind == VCH_ENTRY_VERDICT && entry->verdict.has_output &&
        vch_hash_is_equal(&entry->contest.subject, &last->id))
        return judged(last, &entry->verdict.output);
    if (entry->kind == VCH_ENTRY_DISPUTE_DEFAULT &&
        vch_hash_is_equal(&entry->dispute_default, &last->id))
        return last->has_moved[DISPUTER] ? VCH_DISPUTE_OVERTURNED : VCH_DISPUTE_UPHELD;
    return VCH_DISPUTE_VOID; // no majority, or the segment was overturned in another dispute
}

bool vch_outcome_overturns(enum vch_dispute_result result)
{
    return result == VCH_DISPUTE_OVERTURNED || result == VCH_DISPUTE_BOTH_LOSE;
}
