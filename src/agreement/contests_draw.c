// Sortitions and the draw: agreement.md, section 5.
#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/eligible.h"

static uint64_t candidate_hash(const struct vch_state *state, const struct contest *contest,
                               const struct account *account)
{
    const struct vch_contest_id *id = &contest->is.id;
    const uint64_t place = (uint64_t)id->segment << 32 | id->round;
    const uint64_t subject = vch_table_hash(&state->candidate_table, id->subject.bytes, place);

    return vch_table_hash(&state->candidate_table, account->is.key.bytes, subject);
}

bool vch_contests_has_drawn(const struct vch_state *state, const struct contest *contest,
                            const struct account *account)
{
    const uint64_t hash = candidate_hash(state, contest, account);
    struct vch_table_node *node = vch_table_first(&state->candidate_table, hash);

    for (; node != NULL; node = vch_table_next(node)) {
        const struct candidate *candidate = VCH_LIST_THING(node, struct candidate, node);
        if (candidate->contest == contest && candidate->account == account) return true;
    }
    return false;
}

vch_status vch_contests_check_limit(const struct vch_state *state, const struct contest *contest,
                                    uint64_t exponent, uint64_t weight, uint64_t now,
                                    struct vch_complaint *complaint)
{
    const struct vch_contest *is = &contest->is;

    if (is->eligible <= state->parameters.draw_all ||
        now >= contest->anchored_ms + state->parameters.draw_ms ||
        vch_draw_is_within(exponent, weight, is->weight, is->wanted))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "of %u nodes that may draw, this one's priority is not among the best: it "
                        "may draw from %llu on, if seats stay empty",
                        is->eligible,
                        (unsigned long long)(contest->anchored_ms + state->parameters.draw_ms));
}

vch_status vch_contests_check_sortition(struct vch_state *state, struct step *step,
                                        struct vch_complaint *complaint)
{
    const struct contest *contest = step->contest;
    const struct vch_state_checks *checks = &state->setup.checks;
    struct vch_vrf_beta beta;

    if (contest->is.phase != VCH_CONTEST_DRAWING || contest->is.is_trial)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "nobody draws for that contest now: it is before its anchor, after its "
                            "draw, or a trial");
    VCH_TRY(vch_eligible_check(state, contest, step->writer, complaint));
    if (vch_contests_has_drawn(state, contest, step->writer))
        return vch_complain(complaint, VCH_CODE_REFUSED, "the node has drawn for that contest");
    if (vch_slab_left(&state->candidates) == 0)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "all %u places for nodes that draw are in use: try again",
                            state->candidates.room);
    if (!vch_is_ok(checks->sortition(checks->context, &beta, &step->writer->member->vrf,
                                     &contest->is.alpha, &step->entry->sortition.proof)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the sortition's proof is not by the node's VRF key over the contest");
    step->weight = vch_accounts_weight(step->writer);
    step->exponent = vch_draw_exponent(&beta);
    return vch_contests_check_limit(state, contest, step->exponent, step->weight, step->now,
                                    complaint);
}

static struct vch_draw_candidate draw_of(const struct vch_seat *seat)
{
    return (struct vch_draw_candidate){
        .node = seat->node, .weight = seat->weight, .exponent = seat->exponent};
}

static bool is_better(const struct vch_seat *a, const struct vch_seat *b)
{
    const struct vch_draw_candidate left = draw_of(a), right = draw_of(b);

    return vch_draw_compare(&left, &right) < 0;
}

static uint32_t find_operator(const struct vch_contest *is, const char *name)
{
    uint32_t i = 0;

    while (i < is->standing && strcmp(is->seats[i].member->operator_name, name) != 0)
        i++;
    return i;
}

// Of each operator the best, of these the best k, in order: the same whatever came first.
static void stand(struct vch_contest *is, const struct vch_seat *seat)
{
    uint32_t place = find_operator(is, seat->member->operator_name);

    if (place < is->standing) {
        if (!is_better(seat, &is->seats[place])) return;
    } else if (is->standing < is->wanted) {
        is->standing++;
    } else {
        place = is->standing - 1;
        if (!is_better(seat, &is->seats[place])) return;
    }
    for (; place > 0 && is_better(seat, &is->seats[place - 1]); place--)
        is->seats[place] = is->seats[place - 1];
    is->seats[place] = *seat;
}

void vch_contests_take_sortition(struct vch_state *state, const struct step *step)
{
    struct contest *contest = step->contest;
    struct account *account = step->writer;
    struct candidate *candidate = vch_slab_take(&state->candidates);
    struct vch_seat seat = {.node = account->is.key,
                            .weight = step->weight,
                            .exponent = step->exponent,
                            .account = &account->is,
                            .member = account->member};

    *candidate =
        (struct candidate){.next = contest->candidates, .contest = contest, .account = account};
    contest->candidates = candidate;
    vch_table_add(&state->candidate_table, &candidate->node,
                  candidate_hash(state, contest, account));
    contest->is.drawn_count++;
    stand(&contest->is, &seat);
    vch_contests_refresh(state, contest, step->now);
}

static bool is_drawn(const struct vch_contest *is, const struct vch_entry *entry)
{
    if (entry->draw.count != is->standing || entry->draw.eligible != is->eligible ||
        entry->draw.weight != is->weight)
        return false;
    for (uint32_t i = 0; i < is->standing; i++) {
        const struct vch_entry_seat *said = &entry->draw.seats[i];
        if (memcmp(&said->node, &is->seats[i].node, sizeof said->node) != 0 ||
            said->weight != is->seats[i].weight)
            return false;
    }
    return true;
}

vch_status vch_contests_check_draw(struct vch_state *state, struct step *step,
                                   struct vch_complaint *complaint)
{
    const struct vch_contest *is = &step->contest->is;

    (void)state;
    if (is->phase != VCH_CONTEST_DRAWING || step->now < is->due_ms)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the draw is not due: it is before the contest's anchor, after its "
                            "draw, or seats and time are left");
    if (!is_drawn(is, step->entry))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the draw is not that of the log: %u seats of %u nodes with weight "
                            "%llu, by their priorities",
                            is->standing, is->eligible, (unsigned long long)is->weight);
    return VCH_OK;
}

void vch_contests_take_draw(struct vch_state *state, const struct step *step)
{
    struct vch_contest *is = &step->contest->is;

    is->seat_count = is->standing;
    is->standing = 0;
    is->drawn = step->position;
    for (uint32_t i = 0; i < is->seat_count; i++)
        vch_accounts_of_seat(&is->seats[i])->is.frozen++;
    vch_contests_enter(state, step->contest, VCH_CONTEST_COMMITTING, step->now);
}
