#include "client/round.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

static uint32_t count_state(const struct vch_round *round, enum vch_round_state state)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < round->candidate_count; i++)
        count += round->candidates[i].state == state;
    return count;
}

static uint32_t count_output(const struct vch_round *round, const struct vch_digest *output)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < round->candidate_count; i++)
        count += round->candidates[i].state == VCH_ROUND_VOTED &&
                 vch_hash_is_equal(&round->candidates[i].vote.output, output);
    return count;
}

static uint32_t majority_of(uint32_t quorum, uint32_t votes)
{
    return (quorum > votes ? quorum : votes) / 2 + 1;
}

struct vch_round_tally vch_round_count(const struct vch_round *round)
{
    struct vch_round_tally tally = {.votes = count_state(round, VCH_ROUND_VOTED),
                                    .pending = count_state(round, VCH_ROUND_ASKED),
                                    .late = count_state(round, VCH_ROUND_LATE)};

    for (uint32_t i = 0; i < round->candidate_count; i++) {
        if (round->candidates[i].state != VCH_ROUND_VOTED) continue;
        const struct vch_digest *output = &round->candidates[i].vote.output;
        uint32_t agreeing = count_output(round, output);
        int order = memcmp(output->bytes, tally.output.bytes, VCH_DIGEST_SIZE);
        if (agreeing < tally.agreeing || (agreeing == tally.agreeing && order >= 0)) continue;
        tally.agreeing = agreeing;
        tally.output = *output;
    }
    tally.needed = majority_of(round->quorum, tally.votes);
    return tally;
}

bool vch_round_is_won(const struct vch_round *round)
{
    struct vch_round_tally tally = vch_round_count(round);

    return tally.agreeing >= tally.needed;
}

static bool has_operator_in(const struct vch_round *round, uint32_t operator_index,
                            enum vch_round_state state)
{
    for (uint32_t i = 0; i < round->candidate_count; i++)
        if (round->candidates[i].operator_index == operator_index &&
            round->candidates[i].state == state)
            return true;
    return false;
}

// The first candidate whose operator has neither voted nor is being asked; of operators that are
// late, only when nobody else is left.
static uint32_t find_candidate(const struct vch_round *round)
{
    uint32_t second_choice = VCH_ROUND_CANDIDATES_MAX;

    for (uint32_t i = 0; i < round->candidate_count; i++) {
        const struct vch_round_candidate *candidate = &round->candidates[i];
        if (candidate->state != VCH_ROUND_UNTRIED) continue;
        if (has_operator_in(round, candidate->operator_index, VCH_ROUND_VOTED)) continue;
        if (has_operator_in(round, candidate->operator_index, VCH_ROUND_ASKED)) continue;
        if (!has_operator_in(round, candidate->operator_index, VCH_ROUND_LATE)) return i;
        if (second_choice == VCH_ROUND_CANDIDATES_MAX) second_choice = i;
    }
    return second_choice;
}

// Would it help to ask one more? Yes while the quorum is not asked, and then while even full
// agreement of those being asked with the leader would be no majority.
static bool wants_more(const struct vch_round *round)
{
    struct vch_round_tally tally = vch_round_count(round);
    uint32_t expected = tally.votes + tally.pending;

    if (tally.agreeing >= tally.needed) return false;
    if (expected + tally.late >= VCH_VOTE_COUNT_MAX) return false;
    if (expected < round->quorum) return true;
    return tally.agreeing + tally.pending < majority_of(round->quorum, expected);
}

uint32_t vch_round_next(const struct vch_round *round)
{
    return wants_more(round) ? find_candidate(round) : VCH_ROUND_CANDIDATES_MAX;
}

bool vch_round_is_lost(const struct vch_round *round)
{
    struct vch_round_tally tally = vch_round_count(round);

    return tally.agreeing < tally.needed && tally.pending == 0 && tally.late == 0 &&
           vch_round_next(round) == VCH_ROUND_CANDIDATES_MAX;
}

void vch_round_ask(struct vch_round *round, uint32_t index)
{
    VCH_ASSERT(index < round->candidate_count);
    VCH_ASSERT(round->candidates[index].state == VCH_ROUND_UNTRIED);
    round->candidates[index].state = VCH_ROUND_ASKED;
}

void vch_round_be_late(struct vch_round *round, uint32_t index)
{
    VCH_ASSERT(index < round->candidate_count);
    if (round->candidates[index].state == VCH_ROUND_ASKED)
        round->candidates[index].state = VCH_ROUND_LATE;
}

bool vch_round_vote(struct vch_round *round, uint32_t index, const struct vch_vote *vote)
{
    VCH_ASSERT(index < round->candidate_count);
    struct vch_round_candidate *candidate = &round->candidates[index];
    bool counts = !has_operator_in(round, candidate->operator_index, VCH_ROUND_VOTED);

    candidate->vote = *vote;
    candidate->state = counts ? VCH_ROUND_VOTED : VCH_ROUND_IGNORED;
    return counts;
}

void vch_round_fault(struct vch_round *round, uint32_t index, enum vch_fault_kind kind,
                     const char *why)
{
    VCH_ASSERT(index < round->candidate_count);
    struct vch_round_candidate *candidate = &round->candidates[index];

    candidate->state = VCH_ROUND_FAULTED;
    candidate->fault = kind;
    (void)snprintf(candidate->why, sizeof candidate->why, "%s", why);
}
