#include "node/appeals.h"

#include "agreement/seat.h"
#include "base/bytes.h"

vch_status vch_appeals_init(struct vch_appeals *appeals, const struct vch_appeals_setup *setup,
                            struct vch_arena *arena)
{
    *appeals = (struct vch_appeals){.setup = *setup};
    appeals->pending = VCH_ARENA_NEW(arena, struct vch_appeals_pending, VCH_APPEALS_PENDING_MAX);
    return appeals->pending != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

void vch_appeals_await(struct vch_appeals *appeals, const struct vch_contest_id *contest,
                       uint64_t seen)
{
    if (appeals->setup.disputes && appeals->pending_count < VCH_APPEALS_PENDING_MAX)
        appeals->pending[appeals->pending_count++] =
            (struct vch_appeals_pending){.contest = *contest, .seen = seen};
}

// The last one in that dispute; it makes place for it.
static struct vch_appeals_move *find_move(struct vch_appeals *appeals,
                                          const struct vch_dispute *dispute)
{
    for (uint32_t i = 0; i < VCH_APPEALS_MOVES_MAX; i++)
        if (appeals->moves[i].is_used &&
            vch_hash_is_equal(&appeals->moves[i].dispute, &dispute->id))
            return &appeals->moves[i];
    struct vch_appeals_move *move = &appeals->moves[appeals->next_move];
    appeals->next_move = (appeals->next_move + 1) % VCH_APPEALS_MOVES_MAX;
    *move =
        (struct vch_appeals_move){.dispute = dispute->id, .step = dispute->step, .is_used = true};
    return move;
}

static bool is_by(const struct vch_appeals *appeals, const struct vch_dispute *dispute)
{
    return vch_is_equal(&dispute->by, &appeals->setup.self, sizeof dispute->by);
}

static void turn_dispute(struct vch_appeals *appeals, const struct vch_state *state,
                         const struct vch_dispute *dispute, uint64_t now_ms)
{
    const struct vch_public_key *self = &appeals->setup.self;
    const unsigned side = is_by(appeals, dispute) ? 0 : 1;
    struct vch_entry entry;
    uint32_t count = 0;

    if (dispute->has_moved[side]) return;
    if (side == 1 && !vch_state_is_defence(state, dispute, self)) return;
    struct vch_appeals_move *move = find_move(appeals, dispute);
    if (move->step != dispute->step)
        *move = (struct vch_appeals_move){
            .dispute = dispute->id, .step = dispute->step, .is_used = true};
    if (!vch_again_is_time(&move->again, now_ms)) return;
    const struct vch_digest *leaves = appeals->setup.leaves(
        appeals->setup.context, &dispute->job, dispute->segment, &dispute->trace[side], &count);
    if (leaves == NULL || !vch_seat_next_move(&entry, state, dispute, self, leaves, count)) return;
    vch_again_note(&move->again, now_ms);
    appeals->setup.send(appeals->setup.context, &entry);
}

static bool has_disputed(const struct vch_appeals *appeals, const struct vch_state *state,
                         const struct vch_contest_id *id)
{
    for (const struct vch_dispute *at = vch_state_next_dispute(state, NULL); at != NULL;
         at = vch_state_next_dispute(state, at))
        if (is_by(appeals, at) && at->segment == id->segment &&
            vch_hash_is_equal(&at->job, &id->subject))
            return true;
    return false;
}

// Against a verdict, for this node's own answer, once its leaves are at hand to show it right.
static void dispute(struct vch_appeals *appeals, struct vch_appeals_pending *pending,
                    const struct vch_seat *own, uint64_t now_ms)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};
    uint32_t count = 0;

    if (!vch_again_is_time(&pending->again, now_ms)) return;
    if (appeals->setup.leaves(appeals->setup.context, &pending->contest.subject,
                              pending->contest.segment, &own->trace, &count) == NULL)
        return;
    entry.dispute_open.job = pending->contest.subject;
    entry.dispute_open.segment = pending->contest.segment;
    entry.dispute_open.output = own->output;
    entry.dispute_open.trace = own->trace;
    vch_again_note(&pending->again, now_ms);
    appeals->setup.send(appeals->setup.context, &entry);
}

// What this node revealed there, where the verdict is for something else; NULL.
static const struct vch_seat *outvoted(const struct vch_appeals *appeals,
                                       const struct vch_state *state,
                                       const struct vch_contest_id *id,
                                       const struct vch_segment_record *segment)
{
    const struct vch_contest *contest = vch_state_contest(state, id);
    const struct vch_seat *own =
        contest != NULL ? vch_state_seat(contest, &appeals->setup.self) : NULL;

    if (own == NULL || contest->is_trial || own->state != VCH_SEAT_REVEALED) return NULL;
    if (vch_hash_is_equal(&own->output, &segment->output) &&
        vch_hash_is_equal(&own->trace, &segment->trace))
        return NULL;
    return own;
}

// True when there is nothing more to wait for.
static bool look_at_verdict(struct vch_appeals *appeals, const struct vch_state *state,
                            struct vch_appeals_pending *pending, uint64_t now_ms)
{
    const struct vch_contest_id *id = &pending->contest;
    const struct vch_segment_record *segment = vch_state_segment(state, &id->subject, id->segment);

    if (segment == NULL) return vch_state_size(state) >= pending->seen;
    if (segment->phase == VCH_JOB_PENDING) return false;
    if (segment->phase == VCH_JOB_FAILED || segment->is_final || segment->is_overturned ||
        vch_state_time(state) >= segment->window_ms)
        return true;
    const struct vch_seat *own = outvoted(appeals, state, id, segment);
    if (own == NULL || has_disputed(appeals, state, id)) return true;
    dispute(appeals, pending, own, now_ms);
    return false;
}

static void turn_verdicts(struct vch_appeals *appeals, const struct vch_state *state,
                          uint64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < appeals->pending_count; i++)
        if (!look_at_verdict(appeals, state, &appeals->pending[i], now_ms))
            appeals->pending[kept++] = appeals->pending[i];
    appeals->pending_count = kept;
}

void vch_appeals_turn(struct vch_appeals *appeals, const struct vch_state *state, uint64_t now_ms)
{
    turn_verdicts(appeals, state, now_ms);
    for (const struct vch_dispute *at = vch_state_next_dispute(state, NULL); at != NULL;
         at = vch_state_next_dispute(state, at))
        if (at->phase == VCH_DISPUTE_MOVING) turn_dispute(appeals, state, at, now_ms);
}

void vch_appeals_forget_sent(struct vch_appeals *appeals)
{
    for (uint32_t i = 0; i < VCH_APPEALS_MOVES_MAX; i++)
        appeals->moves[i].again = (struct vch_again){0};
    for (uint32_t i = 0; i < appeals->pending_count; i++)
        appeals->pending[i].again = (struct vch_again){0};
}
