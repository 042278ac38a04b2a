#include "agreement/seat.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/derive.h"
#include "crypto/merkle.h"

void vch_seat_nonce(uint8_t out[static 32], const struct vch_seat_keys *keys,
                    const struct vch_contest_id *contest)
{
    vch_derive_seat_nonce(out, keys->secret, &contest->subject, contest->segment, contest->round);
}

static bool ask_nonce(uint8_t out[static 32], const struct vch_seat_keys *keys,
                      const struct vch_contest_id *contest)
{
    const struct vch_seat_keeper *keeper = keys->keeper;

    if (keeper != NULL) return vch_is_ok(keeper->nonce(keeper->context, out, contest));
    vch_seat_nonce(out, keys, contest);
    return true;
}

static bool ask_proof(struct vch_vrf_proof *out, const struct vch_seat_keys *keys,
                      const struct vch_digest *alpha)
{
    const struct vch_seat_keeper *keeper = keys->keeper;

    if (keeper != NULL)
        return vch_is_ok(keeper->prove(keeper->context, out, alpha->bytes, sizeof alpha->bytes));
    vch_vrf_prove(out, &keys->vrf, alpha->bytes, sizeof alpha->bytes);
    return true;
}

static struct vch_digest commitment_of(const struct vch_contest *contest,
                                       const struct vch_public_key *node,
                                       const struct vch_seat_answer *answer,
                                       const uint8_t nonce[static 32])
{
    return vch_entry_commitment(&contest->id, node, &answer->output,
                                contest->is_dispute ? NULL : &answer->trace, nonce);
}

// One draws where it can win: what is outside the limit would be refused.
static bool next_sortition(struct vch_entry *out, const struct vch_state *state,
                           const struct vch_contest *contest, const struct vch_seat_keys *keys,
                           uint64_t now_ms)
{
    if (!vch_state_may_draw(state, contest, &keys->node)) return false;
    if (!ask_proof(&out->sortition.proof, keys, &contest->alpha)) return false;
    const struct vch_vrf_beta beta = vch_vrf_beta(&out->sortition.proof);
    out->kind = VCH_ENTRY_SORTITION;
    return vch_state_is_within_limit(state, contest, &keys->node, &beta, now_ms);
}

static bool next_commit(struct vch_entry *out, const struct vch_contest *contest,
                        const struct vch_seat *seat, const struct vch_seat_keys *keys,
                        const struct vch_seat_answer *answer)
{
    if (!answer->is_there || seat->state != VCH_SEAT_DRAWN) return false;
    if (!contest->has_input || vch_state_is_hopeless(contest)) return false;
    uint8_t nonce[32];
    if (!ask_nonce(nonce, keys, &contest->id)) return false;
    out->kind = VCH_ENTRY_COMMIT;
    out->commit.commitment = commitment_of(contest, &keys->node, answer, nonce);
    vch_wipe(nonce, sizeof nonce);
    return true;
}

// Only what was committed to is ever revealed: an answer that changed meanwhile would be slashed,
// silence costs a fee.
static bool next_reveal(struct vch_entry *out, const struct vch_contest *contest,
                        const struct vch_seat *seat, const struct vch_seat_keys *keys,
                        const struct vch_seat_answer *answer)
{
    if (!answer->is_there || seat->state != VCH_SEAT_COMMITTED) return false;
    if (!ask_nonce(out->reveal.nonce, keys, &contest->id)) return false;
    const struct vch_digest commitment =
        commitment_of(contest, &keys->node, answer, out->reveal.nonce);
    if (!vch_hash_is_equal(&commitment, &seat->commitment)) {
        vch_wipe(out->reveal.nonce, sizeof out->reveal.nonce);
        return false;
    }
    out->kind = VCH_ENTRY_REVEAL;
    out->reveal.output = answer->output;
    out->reveal.has_trace = !contest->is_dispute;
    if (out->reveal.has_trace) out->reveal.trace = answer->trace;
    return true;
}

bool vch_seat_next(struct vch_entry *out, const struct vch_state *state,
                   const struct vch_contest *contest, const struct vch_seat_keys *keys,
                   const struct vch_seat_answer *answer, uint64_t now_ms)
{
    const struct vch_seat *seat = NULL;

    *out = (struct vch_entry){.contest = contest->id};
    if (contest->phase == VCH_CONTEST_DRAWING)
        return next_sortition(out, state, contest, keys, now_ms);
    if (contest->phase != VCH_CONTEST_COMMITTING && contest->phase != VCH_CONTEST_REVEALING)
        return false;
    seat = vch_state_seat(contest, &keys->node);
    if (seat == NULL) return false;
    return contest->phase == VCH_CONTEST_COMMITTING ? next_commit(out, contest, seat, keys, answer)
                                                    : next_reveal(out, contest, seat, keys, answer);
}

// 0 the disputer's, 1 the defence's; 2: this node has no part in it.
static unsigned side_of(const struct vch_state *state, const struct vch_dispute *dispute,
                        const struct vch_public_key *node)
{
    if (memcmp(dispute->by.bytes, node->bytes, sizeof node->bytes) == 0) return 0;
    return vch_state_is_defence(state, dispute, node) ? 1 : 2;
}

// RFC 6962: the left subtree holds the largest power of two of leaves below their number.
static uint32_t left_count(uint32_t count)
{
    uint32_t left = 1;

    while (left < count - left)
        left *= 2;
    return left;
}

bool vch_seat_next_move(struct vch_entry *out, const struct vch_state *state,
                        const struct vch_dispute *dispute, const struct vch_public_key *node,
                        const struct vch_digest *leaves, uint32_t count)
{
    const unsigned side = side_of(state, dispute, node);

    if (dispute->phase != VCH_DISPUTE_MOVING || side > 1 || dispute->has_moved[side]) return false;
    if (dispute->end > count || dispute->begin >= dispute->end) return false;
    const uint32_t size = dispute->end - dispute->begin;
    if (size < 2) return false;
    const uint32_t left = left_count(size);
    const struct vch_digest *first = leaves + dispute->begin;
    *out = (struct vch_entry){.kind = VCH_ENTRY_DISPUTE_MOVE};
    out->dispute_move.dispute = dispute->id;
    out->dispute_move.step = dispute->step;
    out->dispute_move.defends = side == 1;
    out->dispute_move.left = vch_merkle_root(first, left);
    out->dispute_move.right = vch_merkle_root(first + left, size - left);
    const struct vch_digest whole =
        vch_merkle_parent(&out->dispute_move.left, &out->dispute_move.right);
    return vch_hash_is_equal(&whole, &dispute->nodes[side]); // else these are other leaves
}
