#include "consensus/draw.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

__extension__ typedef unsigned __int128 u128;

enum { UNIT_BITS = 56, DRAW_BITS = 128 };

struct vch_digest vch_draw_alpha(const struct vch_draw_contest *contest)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/sortition/v1");
    vch_transcript_absorb_digest(&transcript, "ledger", &contest->ledger);
    vch_transcript_absorb_digest(&transcript, "entry", &contest->entry);
    vch_transcript_absorb_digest(&transcript, "anchor", &contest->anchor);
    vch_transcript_absorb_digest(&transcript, "registry", &contest->registry);
    vch_transcript_absorb_digest(&transcript, "subject", &contest->subject);
    vch_transcript_absorb_u64(&transcript, "segment", contest->segment);
    vch_transcript_absorb_u64(&transcript, "round", contest->round);
    return vch_transcript_final(&transcript);
}

// Brings the highest bit of m > 0 to the top and returns how far it was from there.
static uint32_t normalise(u128 *m)
{
    uint32_t shift = 0;

    for (uint32_t step = DRAW_BITS / 2; step > 0; step /= 2) {
        if (*m >> (DRAW_BITS - step) != 0) continue;
        *m <<= step;
        shift += step;
    }
    return shift;
}

// The logarithm of y / 2^63 in [1, 2), digit by digit: squaring doubles a logarithm, and its
// integer part is the next digit.
static uint64_t log2_fraction(uint64_t y)
{
    uint64_t fraction = 0;

    for (int i = 0; i < UNIT_BITS; i++) {
        u128 square = (u128)y * y;
        uint64_t digit = (uint64_t)(square >> (DRAW_BITS - 1));
        fraction = 2 * fraction + digit;
        y = (uint64_t)(square >> (63 + digit));
    }
    return fraction;
}

uint64_t vch_draw_exponent(const struct vch_vrf_beta *beta)
{
    u128 m = ((u128)vch_get_u64le(beta->bytes + 8) << 64 | vch_get_u64le(beta->bytes)) + 1;

    if (m == 0) return 0; // 2^128: u is 1
    uint64_t whole = (uint64_t)normalise(&m) + 1;
    return (whole << UNIT_BITS) - log2_fraction((uint64_t)(m >> 64));
}

// The right side may pass 2^128, so both are divided by 2^56, the left one rounded up.
bool vch_draw_is_within(uint64_t exponent, uint64_t weight, uint64_t total, uint32_t wanted)
{
    u128 left = (u128)exponent * total, ulps = ((u128)1 << UNIT_BITS) - 1;

    return (left + ulps) >> UNIT_BITS <= (u128)weight * (6 * (uint64_t)wanted + 24);
}

int vch_draw_compare(const struct vch_draw_candidate *a, const struct vch_draw_candidate *b)
{
    u128 left = (u128)a->exponent * b->weight, right = (u128)b->exponent * a->weight;

    if (left != right) return left < right ? -1 : 1;
    return memcmp(a->node.bytes, b->node.bytes, sizeof a->node.bytes);
}

static int compare(const void *a, const void *b)
{
    return vch_draw_compare(a, b);
}

static bool has_operator(const struct vch_draw_candidate *candidates, uint32_t count,
                         uint32_t operator_id)
{
    for (uint32_t i = 0; i < count; i++)
        if (candidates[i].operator_id == operator_id) return true;
    return false;
}

static void swap(struct vch_draw_candidate *a, struct vch_draw_candidate *b)
{
    struct vch_draw_candidate kept = *a;

    *a = *b;
    *b = kept;
}

// Fractions compare only where they have a weight: a weight of 0 on both sides equals anything.
static uint32_t put_weighted_first(struct vch_draw_candidate *candidates, uint32_t count)
{
    uint32_t weighted = 0;

    for (uint32_t i = 0; i < count; i++)
        if (candidates[i].weight > 0) swap(&candidates[weighted++], &candidates[i]);
    return weighted;
}

uint32_t vch_draw_winners(struct vch_draw_candidate *candidates, uint32_t count, uint32_t wanted)
{
    uint32_t winners = 0;

    count = put_weighted_first(candidates, count);
    if (count > 1) qsort(candidates, count, sizeof *candidates, compare);
    for (uint32_t i = 0; i < count && winners < wanted; i++)
        if (!has_operator(candidates, winners, candidates[i].operator_id))
            swap(&candidates[winners++], &candidates[i]);
    return winners;
}
