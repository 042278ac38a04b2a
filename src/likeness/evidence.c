#include "likeness/evidence.h"

#include "base/check.h"

#define ONE ((uint64_t)1 << 46) // times a count of scores and inputs, below 2^17, it is below 2^63

static uint32_t levels_of(uint32_t score_count)
{
    uint32_t levels = 1;

    while (levels < VCH_EVIDENCE_LEVELS_MAX && (uint64_t)2 << levels <= (uint64_t)score_count + 1)
        levels++;
    return levels;
}

static uint64_t part_of(uint64_t probability, uint64_t numerator, uint64_t denominator)
{
    return (probability * numerator + denominator - 1) /
           denominator; // up: an honest member's favour
}

// Where `before` inputs came before, and j of them lie above the q-th largest score: of the
// score_count + before + 1 places that the next one may take, each as likely, q + j lie above.
static void add_input(uint64_t *odds, uint32_t q, uint32_t score_count, uint32_t before)
{
    const uint64_t places = (uint64_t)score_count + before + 1;

    odds[before + 1] = 0;
    for (uint32_t j = before + 1; j > 0; j--)
        odds[j] = part_of(odds[j], places - q - j, places) +
                  part_of(odds[j - 1], (uint64_t)q + j - 1, places);
    odds[0] = part_of(odds[0], places - q, places);
}

vch_status vch_evidence_odds_make(struct vch_evidence_odds *out, uint32_t score_count,
                                  uint32_t input_count, struct vch_arena *arena)
{
    VCH_ASSERT(score_count >= 1 && score_count <= 65536);
    VCH_ASSERT(input_count >= 1 && input_count <= VCH_EVIDENCE_INPUTS_MAX);
    const uint32_t levels = levels_of(score_count);
    uint64_t *tails = VCH_ARENA_NEW(arena, uint64_t, (size_t)levels * (input_count + 1));

    if (tails == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t level = 0; level < levels; level++) {
        uint64_t *odds = tails + (size_t)level * (input_count + 1);
        odds[0] = ONE;
        for (uint32_t i = 0; i < input_count; i++)
            add_input(odds, 1u << level, score_count, i);
        for (uint32_t r = input_count; r-- > 0;) // from "exactly r" to "r or more"
            odds[r] += odds[r + 1];
    }
    *out = (struct vch_evidence_odds){score_count, input_count, levels, tails};
    return VCH_OK;
}

void vch_evidence_add(struct vch_evidence *evidence, uint32_t rank)
{
    evidence->rank = rank;
    for (uint32_t level = 0; level < VCH_EVIDENCE_LEVELS_MAX; level++)
        evidence->few[level] += rank < 1u << level;
}

struct vch_evidence_p vch_evidence_p(const struct vch_evidence *evidence,
                                     const struct vch_evidence_odds *odds)
{
    uint64_t least = ONE;

    if (odds->input_count == 1)
        return (struct vch_evidence_p){(uint64_t)evidence->rank + 1,
                                       (uint64_t)odds->score_count + 1};
    for (uint32_t level = 0; level < odds->level_count; level++) {
        VCH_ASSERT(evidence->few[level] <= odds->input_count);
        const uint64_t tail =
            odds->tails[(size_t)level * (odds->input_count + 1) + evidence->few[level]];
        if (tail * odds->level_count < least) least = tail * odds->level_count;
    }
    return (struct vch_evidence_p){least, ONE};
}

struct vch_evidence_p vch_evidence_p_least(const struct vch_evidence_odds *odds)
{
    struct vch_evidence evidence = {0};

    for (uint32_t i = 0; i < odds->input_count; i++)
        vch_evidence_add(&evidence, 0);
    return vch_evidence_p(&evidence, odds);
}

bool vch_evidence_p_is_within(struct vch_evidence_p p, uint32_t alpha)
{
    // Of a whole number, at most floor(x) is at most x. 1,000,000 is 2^6 * 15,625.
    if (p.denominator == ONE) return p.numerator <= alpha * (ONE >> 6) / 15625;
    return p.numerator * VCH_EVIDENCE_ALPHA_ONE <= alpha * p.denominator;
}
