#include "agreement/contests.h"

#include <string.h>

#include "agreement/eligible.h"
#include "agreement/jobs.h"
#include "agreement/roster.h"
#include "base/check.h"

// Of each pool this share is kept for the rounds of what is under way.
enum { KEPT_SHARE = 8 };

uint32_t vch_contests_wanted(uint32_t first, uint32_t round)
{
    uint32_t wanted = first;

    for (uint32_t i = 0; i < round; i++)
        wanted = 2 * wanted + 1;
    return wanted;
}

// Nobody sat in a late round, so that no larger one is called for: else a clerk that keeps anchors
// back would raise what its clients pay.
uint32_t vch_contests_wanted_next(const struct contest *contest)
{
    return vch_contests_wanted(contest->is.wanted, contest->is_late ? 0 : 1);
}

static uint64_t hash_of(const struct vch_state *state, const struct vch_contest_id *id)
{
    const uint64_t place = (uint64_t)id->segment << 32 | id->round;

    return vch_table_hash(&state->contest_table, id->subject.bytes, place);
}

struct contest *vch_contests_find(const struct vch_state *state, const struct vch_contest_id *id)
{
    struct vch_table_node *node = vch_table_first(&state->contest_table, hash_of(state, id));

    for (; node != NULL; node = vch_table_next(node)) {
        struct contest *contest = VCH_LIST_THING(node, struct contest, node);
        const struct vch_contest_id *other = &contest->is.id;
        if (memcmp(&other->subject, &id->subject, sizeof id->subject) == 0 &&
            other->segment == id->segment && other->round == id->round)
            return contest;
    }
    return NULL;
}

static vch_status no_room(const char *what, uint32_t room, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_BUSY,
                        "the ledger has room for %u %s, and too many are in use: try again when "
                        "windows of others have closed",
                        room, what);
}

static bool has_room(uint32_t room, uint32_t used, uint32_t wanted, bool is_new)
{
    const uint32_t kept = is_new ? room / KEPT_SHARE : 0, left = room - used;

    return left >= kept && left - kept >= wanted;
}

void vch_contests_give_room(struct vch_state *state, struct step *step)
{
    while (step->block_count > 0)
        vch_seats_give(&state->seats, step->blocks[--step->block_count]);
}

vch_status vch_contests_check_room(struct vch_state *state, struct step *step, uint32_t contests,
                                   uint32_t wanted, bool is_new, struct vch_complaint *complaint)
{
    VCH_ASSERT(contests <= VCH_INSIDE_BLOCKS_MAX);
    if (!has_room(state->contests.room, state->contests.used, contests, is_new))
        return no_room("contests", state->contests.room, complaint);
    if (!has_room(state->seats.room, state->seats.used, contests * wanted, is_new))
        return no_room("seats", state->seats.room, complaint);
    while (step->block_count < contests) {
        struct vch_seat *block = vch_seats_take(&state->seats, wanted);
        if (block == NULL) {
            vch_contests_give_room(state, step);
            return no_room("seats", state->seats.room, complaint);
        }
        step->blocks[step->block_count++] = block;
    }
    return VCH_OK;
}

struct contest *vch_contests_new(struct vch_state *state, struct segment *segment,
                                 struct dispute *dispute, struct vch_seat *block, uint32_t wanted)
{
    struct contest *contest = vch_slab_take(&state->contests);

    VCH_ASSERT(contest != NULL && block != NULL);
    contest->segment = segment;
    contest->dispute = dispute;
    contest->is = (struct vch_contest){
        .is_dispute = dispute != NULL,
        .is_trial = dispute == NULL && segment->job->is_trial,
        .wanted = wanted,
        .model = segment->job->is.model,
        .first = segment->is.first,
        .last = segment->is.last,
        .fee = dispute == NULL ? segment->job->is.fee
                               : state->parameters.dispute_bond / state->parameters.referees,
        .deadline_ms = dispute == NULL ? segment->job->is.deadline_ms : UINT64_MAX,
        .has_input = dispute != NULL,
        .due_ms = VCH_HEAP_NEVER,
        .seats = block,
    };
    return contest;
}

void vch_contests_begin(struct vch_state *state, struct contest *contest,
                        const struct vch_digest *subject, const struct step *step)
{
    struct vch_contest *is = &contest->is;

    is->id = (struct vch_contest_id){*subject, contest->segment->is.index, 0};
    if (contest->earlier != NULL) is->id.round = contest->earlier->is.id.round + 1;
    is->phase = VCH_CONTEST_OPEN;
    is->phase_ms = step->now;
    is->opened = step->position;
    contest->leaf = step->leaf;
    contest->due = (struct vch_heap_item){
        .subject = &is->id.subject, .segment = is->id.segment, .kind = VCH_DUE_CONTEST};
    vch_table_add(&state->contest_table, &contest->node, hash_of(state, &is->id));
    vch_list_append(&state->live_contests, &contest->live);
    vch_list_append(&state->waiting_contests, &contest->waiting);
}

static void let_go(struct roster **roster)
{
    if (*roster != NULL) (*roster)->users--;
    *roster = NULL;
}

static void end_drawing(struct vch_state *state, struct contest *contest)
{
    while (contest->candidates != NULL) {
        struct candidate *candidate = contest->candidates;
        contest->candidates = candidate->next;
        vch_table_remove(&state->candidate_table, &candidate->node);
        vch_slab_give(&state->candidates, candidate);
    }
    let_go(&contest->roster);
    let_go(&contest->present);
}

void vch_contests_end(struct vch_state *state, struct contest *contest,
                      enum vch_contest_phase phase, uint64_t now)
{
    end_drawing(state, contest);
    contest->is.phase = phase;
    contest->is.phase_ms = now;
    contest->is.due_ms = VCH_HEAP_NEVER;
    contest->is.standing = 0;
    vch_list_remove(&contest->live);
    vch_list_remove(&contest->waiting);
    vch_heap_set(&state->due, &contest->due, VCH_HEAP_NEVER);
}

void vch_contests_free(struct vch_state *state, struct contest *contest)
{
    vch_table_remove(&state->contest_table, &contest->node);
    vch_seats_give(&state->seats, contest->is.seats);
    vch_slab_give(&state->contests, contest);
}

void vch_contests_abandon(struct vch_state *state, struct contest *contest)
{
    vch_seats_give(&state->seats, contest->is.seats);
    vch_slab_give(&state->contests, contest);
}

bool vch_contests_is_hopeless(const struct contest *contest)
{
    return contest->is.seat_count <= contest->is.wanted / 2;
}

bool vch_contests_is_earned(const struct contest *contest, uint32_t agreed)
{
    return agreed >= 2 && contest->operators > contest->is.wanted;
}

bool vch_contests_is_at_work(const struct contest *contest)
{
    switch (contest->is.phase) {
    case VCH_CONTEST_DRAWING: return contest->is.due_ms != VCH_HEAP_NEVER;
    case VCH_CONTEST_COMMITTING: return contest->is.has_input || vch_contests_is_hopeless(contest);
    case VCH_CONTEST_CLOSED:
    case VCH_CONTEST_REVEALING: return true;
    case VCH_CONTEST_OPEN:
    case VCH_CONTEST_DECIDED:
    case VCH_CONTEST_SPLIT:
    case VCH_CONTEST_DROPPED: break;
    }
    return false;
}

// Section 5, "Draw".
static uint64_t draw_due(const struct vch_state *state, const struct contest *contest, uint64_t now)
{
    const struct vch_contest *is = &contest->is;
    const uint64_t draw_ms = state->parameters.draw_ms;
    uint64_t due = contest->anchored_ms + 2 * draw_ms;

    if (is->eligible <= state->parameters.draw_all && is->drawn_count >= is->eligible)
        due = now;
    else if (is->standing == is->wanted)
        due = now > contest->anchored_ms + draw_ms ? now : contest->anchored_ms + draw_ms;
    return due < is->deadline_ms ? due : VCH_HEAP_NEVER;
}

static uint64_t close_due(const struct vch_state *state, const struct contest *contest,
                          uint64_t now)
{
    const struct vch_contest *is = &contest->is;

    if (vch_contests_is_hopeless(contest)) return now;
    if (!is->has_input) return VCH_HEAP_NEVER;
    return is->commits == is->seat_count ? now : is->phase_ms + state->parameters.commit_ms;
}

// A trial's answer waits for its result, or the deadline.
static uint64_t verdict_due(const struct vch_state *state, const struct contest *contest,
                            uint64_t now)
{
    const struct vch_contest *is = &contest->is;

    if (is->reveals < is->commits) return is->phase_ms + state->parameters.reveal_ms;
    const bool waits = is->is_trial && is->seats[0].state == VCH_SEAT_REVEALED &&
                       contest->segment->job->trial_result == TRIAL_UNKNOWN;
    return waits && now < is->deadline_ms ? is->deadline_ms : now;
}

static uint64_t due_of(const struct vch_state *state, const struct contest *contest, uint64_t now)
{
    switch (contest->is.phase) {
    case VCH_CONTEST_DRAWING: return draw_due(state, contest, now);
    case VCH_CONTEST_COMMITTING: return close_due(state, contest, now);
    case VCH_CONTEST_CLOSED: return contest->is.commits == 0 ? now : VCH_HEAP_NEVER;
    case VCH_CONTEST_REVEALING: return verdict_due(state, contest, now);
    case VCH_CONTEST_OPEN:
    case VCH_CONTEST_DECIDED:
    case VCH_CONTEST_SPLIT:
    case VCH_CONTEST_DROPPED: break;
    }
    return VCH_HEAP_NEVER;
}

// What became possible stays so, since the time at which it did.
void vch_contests_refresh(struct vch_state *state, struct contest *contest, uint64_t now)
{
    if (contest->is.due_ms > now) contest->is.due_ms = due_of(state, contest, now);
    vch_heap_set(&state->due, &contest->due, contest->is.due_ms);
    if (contest->dispute == NULL) vch_jobs_refresh(state, contest->segment->job);
}

void vch_contests_enter(struct vch_state *state, struct contest *contest,
                        enum vch_contest_phase phase, uint64_t now)
{
    contest->is.phase = phase;
    contest->is.phase_ms = now;
    contest->is.due_ms = VCH_HEAP_NEVER;
    if (phase == VCH_CONTEST_COMMITTING) end_drawing(state, contest);
    if (phase == VCH_CONTEST_CLOSED && contest->is.commits > 0)
        vch_list_append(&state->waiting_contests, &contest->waiting);
    vch_contests_refresh(state, contest, now);
}

// The input is the segment's: rounds that were hopeless before it came have it as well. Who answers
// for the segment may sit in one of them, and referees look there.
void vch_contests_set_input(struct vch_state *state, struct contest *contest,
                            const struct vch_digest *input, uint64_t now)
{
    struct contest *round = contest;

    do {
        round->is.has_input = true;
        round->is.input = *input;
        round = round->earlier;
    } while (round != NULL);
    if (contest->is.phase == VCH_CONTEST_COMMITTING) contest->is.phase_ms = now;
    vch_contests_refresh(state, contest, now);
}

struct vch_seat *vch_contests_seat(const struct contest *contest, const struct vch_public_key *node)
{
    for (uint32_t i = 0; i < contest->is.seat_count; i++)
        if (memcmp(&contest->is.seats[i].node, node, sizeof *node) == 0)
            return &contest->is.seats[i];
    return NULL;
}

static struct eligible count_eligible(struct vch_state *state, struct contest *contest,
                                      const struct roster *roster, uint64_t position)
{
    struct eligible_memo *memo = &state->memo;
    const struct vch_contest *is = &contest->is;

    if (contest->dispute != NULL) {
        struct eligible eligible = vch_eligible_count(state, contest, roster);
        contest->is_wide = eligible.operators < is->wanted;
        return contest->is_wide ? vch_eligible_count(state, contest, roster) : eligible;
    }
    if (contest->segment->job->exclusions != NULL)
        return vch_eligible_count(state, contest, roster);
    if (memo->position != position || memo->generation != roster->generation ||
        memo->first != is->first || memo->last != is->last || memo->fee != is->fee ||
        memcmp(&memo->model, &is->model, sizeof is->model) != 0)
        *memo = (struct eligible_memo){position,
                                       roster->generation,
                                       is->model,
                                       is->first,
                                       is->last,
                                       is->fee,
                                       vch_eligible_count(state, contest, roster)};
    return memo->eligible;
}

static void seat_trial(struct contest *contest, const struct roster *roster)
{
    struct account *account = contest->segment->job->trial_node;
    const struct vch_member *member = vch_roster_member(roster, account);

    if (member == NULL || !vch_eligible_is_present(contest, account)) return;
    contest->is.standing = 1;
    contest->is.seats[0] =
        (struct vch_seat){.node = account->is.key, .account = &account->is, .member = member};
}

// For so long a clerk may try which of the trees that it has cosigned suits its friends. Referees
// it may keep waiting: that a dispute came to nothing would suit them better.
static bool is_late(const struct vch_state *state, const struct contest *contest, uint64_t now)
{
    const struct vch_contest *is = &contest->is;

    return contest->dispute == NULL && !is->is_trial &&
           now - is->phase_ms > vch_charter_anchor_ms(&state->charter);
}

// A job and all its contests are under one registry, which its id names: so whoever has the job can
// say who could be drawn, whatever the founder signs meanwhile.
static void start_drawing(struct vch_state *state, struct contest *contest, const struct step *step)
{
    struct roster *present = vch_roster_at(state, step->now);
    struct roster *roster = contest->dispute == NULL ? contest->segment->job->roster : present;
    struct vch_contest *is = &contest->is;
    struct vch_draw_contest draw = {.ledger = state->charter.id,
                                    .entry = contest->leaf,
                                    .anchor = vch_entry_anchor_seed(step->entry),
                                    .subject = is->id.subject,
                                    .segment = is->id.segment,
                                    .round = is->id.round};

    VCH_ASSERT(roster != NULL && present != NULL); // else no job was opened
    draw.registry = roster->registry->digest;
    contest->roster = roster;
    contest->present = present;
    roster->users++;
    present->users++;
    is->alpha = vch_draw_alpha(&draw);
    is->anchored = step->position;
    contest->anchored_ms = step->now;
    contest->is_late = is_late(state, contest, step->now);
    if (is->is_trial) {
        seat_trial(contest, roster);
    } else if (!contest->is_late) {
        struct eligible eligible = count_eligible(state, contest, roster, step->position);
        contest->operators = eligible.operators;
        is->eligible = eligible.nodes;
        is->weight = eligible.weight;
    }
    vch_contests_enter(state, contest, VCH_CONTEST_DRAWING, step->now);
}

static uint64_t awaited(const struct contest *contest)
{
    return contest->is.phase == VCH_CONTEST_OPEN ? contest->is.opened : contest->is.closed;
}

// They stand in the order of the positions that they wait for.
void vch_contests_anchor(struct vch_state *state, const struct step *step, uint64_t size)
{
    while (!vch_list_is_empty(&state->waiting_contests)) {
        struct contest *contest =
            VCH_LIST_THING(state->waiting_contests.next, struct contest, waiting);
        if (awaited(contest) >= size) return;
        vch_list_remove(&contest->waiting);
        if (contest->is.phase == VCH_CONTEST_OPEN)
            start_drawing(state, contest, step);
        else
            vch_contests_enter(state, contest, VCH_CONTEST_REVEALING, step->now);
    }
}
