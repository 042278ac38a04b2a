#include "likeness/evidence.h"

#include "base/check.h"

// With J wagers, the factor for an input with p-value p, in parts of 1 / 2J, is J for every input
// and 2^j more for each j of 1 to J with p <= 2^-j. It never rises with p; and where p is uniform,
// half comes back of the first part and 1 / 2J of each of the others: 1 in all. A wager on a
// p-value that this many scores cannot give would be lost, so none is made.
#define WAGERS_MAX 10u

// Past every 1 / alpha; times the largest factor, 2056, it is below 2^64.
#define WAGER_MAX ((uint64_t)1 << 48)

static uint32_t wagers_of(uint32_t score_count)
{
    uint32_t wagers = 1;

    while (wagers < WAGERS_MAX && (uint64_t)2 << wagers <= (uint64_t)score_count + 1)
        wagers++;
    return wagers;
}

void vch_evidence_init(struct vch_evidence *evidence)
{
    *evidence = (struct vch_evidence){.wager = VCH_EVIDENCE_ONE, .highest = VCH_EVIDENCE_ONE};
}

void vch_evidence_add(struct vch_evidence *evidence, uint32_t rank, uint32_t score_count)
{
    VCH_ASSERT(evidence->count < VCH_EVIDENCE_INPUTS_MAX && rank <= score_count);
    evidence->count++;
    evidence->rank = rank;

    // The member's earlier inputs join the held-out ones, and each counts as no better than this
    // one: that keeps the p-values valid one after the other (section 5).
    const uint64_t numerator = (uint64_t)rank + evidence->count;
    const uint64_t denominator = (uint64_t)score_count + evidence->count;
    const uint32_t wagers = wagers_of(score_count);
    uint32_t wins = 0;
    while (wins < wagers && numerator << (wins + 1) <= denominator)
        wins++;
    const uint64_t factor = wagers + ((uint64_t)2 << wins) - 2; // J + 2 + 4 + ... + 2^wins

    evidence->wager = evidence->wager * factor / (2 * wagers);
    if (evidence->wager > WAGER_MAX) evidence->wager = WAGER_MAX;
    if (evidence->wager > evidence->highest) evidence->highest = evidence->wager;
}

void vch_evidence_p(uint64_t *numerator, uint64_t *denominator, const struct vch_evidence *evidence,
                    uint32_t score_count)
{
    const bool is_single = evidence->count == 1;

    *numerator = is_single ? (uint64_t)evidence->rank + 1 : VCH_EVIDENCE_ONE;
    *denominator = is_single ? (uint64_t)score_count + 1 : evidence->highest;
}

bool vch_evidence_is_flagged(const struct vch_evidence *evidence, uint32_t score_count,
                             uint32_t alpha)
{
    uint64_t numerator = 0, denominator = 0;

    vch_evidence_p(&numerator, &denominator, evidence, score_count);
    // numerator / denominator <= alpha / ONE without a product that overflows: the left side is
    // below 2^44, and a quotient rounded up compares as the fraction does with whole numbers.
    return (numerator * VCH_EVIDENCE_ALPHA_ONE + alpha - 1) / alpha <= denominator;
}

bool vch_evidence_is_enough(uint32_t input_count, uint32_t score_count, uint32_t alpha)
{
    struct vch_evidence evidence;

    vch_evidence_init(&evidence);
    for (uint32_t i = 0; i < input_count; i++)
        vch_evidence_add(&evidence, 0, score_count);
    return vch_evidence_is_flagged(&evidence, score_count, alpha);
}
