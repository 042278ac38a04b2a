// Everything that later entries can depend on, in one digest.
//
// Things are visited in an order that the log alone gives: accounts as they came, jobs as they were
// opened, with their segments, rounds, seats and disputes. Where things lie in memory is not in it.
#include "agreement/disputes.h"
#include "agreement/inside.h"
#include "base/bytes.h"

static void absorb(struct vch_hash *hash, uint64_t number)
{
    uint8_t bytes[8];

    vch_put_u64le(bytes, number);
    vch_hash_update(hash, bytes, sizeof bytes);
}

static void absorb_digest(struct vch_hash *hash, const struct vch_digest *digest)
{
    vch_hash_update(hash, digest->bytes, sizeof digest->bytes);
}

#define ABSORB_ALL(hash, ...) \
    do { \
        const uint64_t numbers_[] = {__VA_ARGS__}; \
        for (size_t i_ = 0; i_ < sizeof numbers_ / sizeof *numbers_; i_++) \
            absorb(hash, numbers_[i_]); \
    } while (0)

static void absorb_account(struct vch_hash *hash, const struct account *account)
{
    const struct vch_account *is = &account->is;

    vch_hash_update(hash, is->key.bytes, sizeof is->key.bytes);
    ABSORB_ALL(hash, is->balance, is->stake, is->unbonding, is->unbonding_free_ms, is->number,
               is->frozen, is->trials, is->correct, is->timely, is->successes, is->wrongs,
               is->silences, is->slashes, is->disputes_lost, account->grown,
               account->holding_count);
    for (const struct vch_list *link = account->holdings.next; link != &account->holdings;
         link = link->next) {
        const struct holding *holding = VCH_LIST_THING(link, struct holding, of_account);
        absorb_digest(hash, &holding->model->id);
        ABSORB_ALL(hash, holding->first, holding->last);
    }
}

static void absorb_seat(struct vch_hash *hash, const struct vch_seat *seat)
{
    vch_hash_update(hash, seat->node.bytes, sizeof seat->node.bytes);
    ABSORB_ALL(hash, seat->weight, seat->exponent, (uint64_t)seat->state, seat->is_convicted);
    absorb_digest(hash, &seat->commitment);
    absorb_digest(hash, &seat->output);
    absorb_digest(hash, &seat->trace);
}

static void absorb_contest(struct vch_hash *hash, const struct contest *contest)
{
    const struct vch_contest *is = &contest->is;

    absorb_digest(hash, &is->id.subject);
    absorb_digest(hash, &is->input);
    absorb_digest(hash, &is->alpha);
    absorb_digest(hash, &is->output);
    absorb_digest(hash, &is->trace);
    absorb_digest(hash, &contest->leaf);
    ABSORB_ALL(hash, is->id.segment, is->id.round, (uint64_t)is->phase, is->wanted, is->has_input,
               is->eligible, is->weight, is->drawn_count, is->opened, is->anchored, is->drawn,
               is->closed, is->phase_ms, is->due_ms, contest->due.slot != 0, is->standing,
               is->seat_count, is->commits, is->reveals, is->agreeing, contest->anchored_ms,
               contest->is_wide, contest->is_late, vch_list_is_in(&contest->live),
               vch_list_is_in(&contest->waiting),
               contest->roster != NULL ? contest->roster->generation : 0,
               contest->present != NULL ? contest->present->generation : 0);
    for (const struct candidate *at = contest->candidates; at != NULL; at = at->next)
        vch_hash_update(hash, at->account->is.key.bytes, sizeof at->account->is.key.bytes);
    for (uint32_t i = 0; i < is->seat_count + is->standing; i++)
        absorb_seat(hash, &is->seats[i]);
}

static void absorb_rounds(struct vch_hash *hash, const struct contest *contest)
{
    for (; contest != NULL; contest = contest->earlier)
        absorb_contest(hash, contest);
    absorb(hash, UINT64_MAX); // their end
}

static void absorb_dispute(struct vch_hash *hash, const struct dispute *dispute)
{
    const struct vch_dispute *is = &dispute->is;

    absorb_digest(hash, &is->id);
    ABSORB_ALL(hash, (uint64_t)is->phase, (uint64_t)is->result, is->step, is->begin, is->end,
               is->step_ms, is->has_moved[0], is->has_moved[1], is->place, dispute->bond,
               dispute->due.slot != 0);
    for (unsigned side = 0; side < 2; side++) {
        absorb_digest(hash, &is->nodes[side]);
        absorb_digest(hash, &is->claims[side]);
        absorb_digest(hash, &dispute->left[side]);
        absorb_digest(hash, &dispute->right[side]);
    }
    absorb_rounds(hash, dispute->contests);
}

static void absorb_segment(struct vch_hash *hash, const struct segment *segment)
{
    const struct vch_segment_record *is = &segment->is;

    ABSORB_ALL(hash, is->index, (uint64_t)is->phase, is->round, is->decided_ms, is->window_ms,
               is->open_disputes, is->is_overturned, is->is_final, segment->is_overdue,
               vch_list_is_in(&segment->window));
    absorb_digest(hash, &is->output);
    absorb_digest(hash, &is->trace);
    absorb_rounds(hash, segment->contests);
    for (const struct dispute *at = segment->disputes; at != NULL; at = at->next)
        absorb_dispute(hash, at);
    absorb(hash, UINT64_MAX); // their end
}

static void absorb_job(struct vch_hash *hash, const struct job *job)
{
    absorb_digest(hash, &job->is.id);
    ABSORB_ALL(hash, (uint64_t)job->is.phase, job->is.position, job->is.deadline_ms, job->is.fee,
               job->is.escrow, job->pending, job->unfinished, (uint64_t)job->trial_result,
               job->roster != NULL ? job->roster->generation : 0, job->due.slot != 0,
               job->due.slot != 0 ? job->due.time_ms : 0);
    for (const struct exclusion *at = job->exclusions; at != NULL; at = at->next)
        vch_hash_update(hash, at->name, sizeof at->name);
    for (const struct segment *at = job->segments; at != NULL; at = at->next)
        absorb_segment(hash, at);
}

static void absorb_room(struct vch_hash *hash, const struct vch_state *state)
{
    ABSORB_ALL(hash, state->accounts.used, state->holdings.used, state->models.used,
               state->exclusions.used, state->candidates.used, state->contests.used,
               state->segments.used, state->jobs.used, state->disputes.used, state->seats.used,
               state->due.count, state->forgetting.count);
}

struct vch_digest vch_state_digest(const struct vch_state *state)
{
    const struct vch_digest root = vch_tree_root(&state->history.tree);
    const struct vch_state_totals *totals = &state->totals;
    struct vch_hash hash;

    vch_hash_init(&hash);
    absorb_digest(&hash, &root);
    ABSORB_ALL(&hash, state->history.tree.size, state->history.anchored, state->history.uncovered,
               state->time_ms, state->serial, state->generations, totals->escrow, totals->treasury,
               totals->deposited, totals->withdrawn, totals->accounts);
    absorb_room(&hash, state);
    for (uint32_t i = 0; i < state->accounts.used; i++)
        absorb_account(&hash, state->account_list[i]);
    for (const struct vch_list *link = state->all_jobs.next; link != &state->all_jobs;
         link = link->next)
        absorb_job(&hash, VCH_LIST_THING(link, struct job, all));
    return vch_hash_final(&hash);
}
