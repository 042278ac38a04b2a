// How a dispute ends, and who pays: agreement.md, section 8.
#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/disputes.h"
#include "agreement/settle.h"
#include "agreement/windows.h"

enum { DISPUTER, DEFENCE };

// Every member of the defence once, in however many rounds it sat. What was taken.
static uint64_t slash_defence(struct vch_state *state, const struct segment *segment)
{
    uint64_t taken = 0;

    state->scans++;
    for (const struct contest *round = segment->contests; round != NULL; round = round->earlier)
        for (uint32_t i = 0; i < round->is.seat_count; i++) {
            const struct vch_seat *seat = &round->is.seats[i];
            struct account *account = vch_accounts_of_seat(seat);
            if (!vch_disputes_is_defence(segment, seat) || account->marked == state->scans)
                continue;
            account->marked = state->scans;
            account->is.disputes_lost++;
            taken += vch_accounts_slash(state, account);
        }
    return taken;
}

static uint64_t take_bond(struct vch_state *state, struct dispute *dispute)
{
    const uint64_t bond = dispute->bond;

    dispute->bond = 0;
    state->totals.escrow -= bond;
    return bond;
}

static uint64_t forfeit(struct vch_state *state, struct dispute *dispute)
{
    dispute->by->is.disputes_lost++;
    if (dispute->is.is_seat) return vch_accounts_slash(state, dispute->by);
    return take_bond(state, dispute);
}

static bool has_agreed(const struct vch_seat *seat, const struct vch_digest *output)
{
    return seat->state == VCH_SEAT_REVEALED && memcmp(&seat->output, output, sizeof *output) == 0;
}

static uint32_t count_agreed(const struct contest *round, const struct vch_digest *output)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < round->is.seat_count; i++)
        count += has_agreed(&round->is.seats[i], output);
    return count;
}

static void reward_referees(struct vch_state *state, const struct contest *round,
                            const struct vch_digest *output, uint64_t share)
{
    const bool is_earned = vch_contests_is_earned(round, count_agreed(round, output));

    for (uint32_t i = 0; i < round->is.seat_count; i++) {
        struct account *account = vch_accounts_of_seat(&round->is.seats[i]);
        if (!has_agreed(&round->is.seats[i], output)) continue;
        vch_accounts_pay(state, account, share);
        vch_accounts_succeed(state, account, is_earned);
    }
}

static void fault_referee(struct vch_state *state, const struct vch_seat *seat)
{
    struct account *account = vch_accounts_of_seat(seat);

    if (seat->state != VCH_SEAT_REVEALED) return;
    vch_accounts_fault(state, account, VCH_ACCOUNTS_CORRECT);
    account->is.wrongs++;
}

// The referees of the majority share in what the losers forfeited, as far as a bond would go: so
// nobody can draw on others' money by disputing. Returns what was paid.
static uint64_t settle_referees(struct vch_state *state, const struct dispute *dispute,
                                const struct vch_digest *output, uint64_t forfeited)
{
    const uint64_t bond = state->parameters.dispute_bond;
    const uint64_t pot = forfeited < bond ? forfeited : bond;
    uint32_t agreed = 0;

    for (const struct contest *at = dispute->contests; at != NULL; at = at->earlier)
        agreed += count_agreed(at, output);
    const uint64_t share = agreed > 0 ? pot / agreed : 0; // it is a majority
    for (const struct contest *at = dispute->contests; at != NULL; at = at->earlier)
        reward_referees(state, at, output, share);
    for (const struct contest *at = dispute->contests; at != NULL; at = at->earlier)
        for (uint32_t i = 0; i < at->is.seat_count; i++)
            if (!has_agreed(&at->is.seats[i], output)) fault_referee(state, &at->is.seats[i]);
    return share * agreed;
}

static void end(struct vch_state *state, struct dispute *dispute, enum vch_dispute_result result,
                uint64_t now)
{
    const uint64_t bond = take_bond(state, dispute); // unless it was forfeited

    vch_accounts_pay(state, dispute->by, bond);
    dispute->is.phase = VCH_DISPUTE_OVER;
    dispute->is.result = result;
    vch_list_remove(&dispute->live);
    vch_heap_set(&state->due, &dispute->due, VCH_HEAP_NEVER);
    if (vch_list_is_in(&dispute->contests->live)) {
        vch_contests_end(state, dispute->contests, VCH_CONTEST_DROPPED, now);
    } else if (dispute->contests->due.subject == NULL) { // it never began
        vch_contests_abandon(state, dispute->contests);
        dispute->contests = NULL;
    }
    dispute->segment->is.open_disputes--;
}

// Nothing is left to dispute.
static void void_others(struct vch_state *state, struct segment *segment, uint64_t now)
{
    for (struct dispute *at = segment->disputes; at != NULL; at = at->next)
        if (at->is.phase != VCH_DISPUTE_OVER) end(state, at, VCH_DISPUTE_VOID, now);
}

// `output` is what the referees agreed on; NULL: they were not asked.
static void conclude(struct vch_state *state, struct dispute *dispute,
                     enum vch_dispute_result result, const struct vch_digest *output, uint64_t now)
{
    struct segment *segment = dispute->segment;
    const bool defence_loses = result == VCH_DISPUTE_OVERTURNED || result == VCH_DISPUTE_BOTH_LOSE;
    const bool disputer_loses = result == VCH_DISPUTE_UPHELD || result == VCH_DISPUTE_BOTH_LOSE;
    uint64_t forfeited = 0;

    if (defence_loses) forfeited += slash_defence(state, segment);
    if (disputer_loses) forfeited += forfeit(state, dispute);
    if (output != NULL) forfeited -= settle_referees(state, dispute, output, forfeited);
    vch_accounts_divide(state, forfeited, result == VCH_DISPUTE_OVERTURNED ? dispute->by : NULL);
    end(state, dispute, result, now);
    if (defence_loses) {
        segment->is.is_overturned = true;
        void_others(state, segment, now);
    }
    vch_windows_recall(state, segment, now);
}

void vch_disputes_judge(struct vch_state *state, struct dispute *dispute,
                        const struct vch_state_tally *tally, uint64_t now)
{
    const struct vch_digest *claims = dispute->is.claims;
    enum vch_dispute_result result = VCH_DISPUTE_BOTH_LOSE;

    if (!tally->has_output)
        result = VCH_DISPUTE_VOID;
    else if (memcmp(&tally->output, &claims[DISPUTER], sizeof tally->output) == 0)
        result = VCH_DISPUTE_OVERTURNED;
    else if (memcmp(&tally->output, &claims[DEFENCE], sizeof tally->output) == 0)
        result = VCH_DISPUTE_UPHELD;
    conclude(state, dispute, result, tally->has_output ? &tally->output : NULL, now);
}

void vch_disputes_take_default(struct vch_state *state, const struct step *step)
{
    struct dispute *dispute = step->dispute;
    const bool is_defence_silent =
        dispute->is.has_moved[DISPUTER] && !dispute->is.has_moved[DEFENCE];

    conclude(state, dispute, is_defence_silent ? VCH_DISPUTE_OVERTURNED : VCH_DISPUTE_UPHELD, NULL,
             step->now);
}
