#include "agreement/disputes.h"

#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/jobs.h"
#include "agreement/settle.h"
#include "agreement/windows.h"
#include "crypto/merkle.h"

enum { DISPUTER, DEFENCE };

struct dispute *vch_disputes_find(const struct vch_state *state, const struct vch_digest *id)
{
    const uint64_t hash = vch_table_hash(&state->dispute_table, id->bytes, 0);
    struct vch_table_node *node = vch_table_first(&state->dispute_table, hash);

    for (; node != NULL; node = vch_table_next(node)) {
        struct dispute *dispute = VCH_LIST_THING(node, struct dispute, node);
        if (memcmp(&dispute->is.id, id, sizeof *id) == 0) return dispute;
    }
    return NULL;
}

bool vch_disputes_is_defence(const struct segment *segment, const struct vch_seat *seat)
{
    return vch_settle_has_won(segment, seat);
}

bool vch_disputes_defends(const struct segment *segment, const struct vch_public_key *node)
{
    for (const struct contest *round = segment->contests; round != NULL; round = round->earlier) {
        const struct vch_seat *seat = vch_contests_seat(round, node);
        if (seat != NULL && vch_disputes_is_defence(segment, seat)) return true;
    }
    return false;
}

static bool is_equal(const struct vch_digest *a, const struct vch_digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

// What is between the writer and the segment: no seat, or one that revealed this very answer.
static vch_status check_standing(struct step *step, struct vch_complaint *complaint)
{
    const struct vch_entry *entry = step->entry;
    bool is_seated = false;

    for (const struct contest *round = step->segment->contests; round != NULL;
         round = round->earlier) {
        struct vch_seat *seat = vch_contests_seat(round, &entry->writer);
        if (seat == NULL) continue;
        is_seated = true;
        if (seat->state == VCH_SEAT_REVEALED &&
            is_equal(&seat->output, &entry->dispute_open.output) &&
            is_equal(&seat->trace, &entry->dispute_open.trace))
            step->seat = seat;
    }
    if (!is_seated || (step->seat != NULL && !vch_disputes_defends(step->segment, &entry->writer)))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "a seat of the segment disputes with what it revealed itself, and only if "
                        "that lost");
}

static bool has_disputed(const struct segment *segment, const struct vch_public_key *by)
{
    for (const struct dispute *at = segment->disputes; at != NULL; at = at->next)
        if (memcmp(&at->is.by, by, sizeof *by) == 0) return true;
    return false;
}

static vch_status find_disputed(struct vch_state *state, struct step *step,
                                struct vch_complaint *complaint)
{
    struct job *job = step->job = vch_jobs_find(state, &step->entry->dispute_open.job);

    if (job != NULL && !job->is_trial)
        step->segment = vch_jobs_segment(job, step->entry->dispute_open.segment);
    if (step->segment == NULL || step->segment->is.phase != VCH_JOB_DECIDED)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the ledger knows no such segment with a verdict to dispute");
    if (step->segment->is.is_final || step->now >= step->segment->is.window_ms)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the verdict could be disputed before %llu, and it is %llu",
                            (unsigned long long)step->segment->is.window_ms,
                            (unsigned long long)step->now);
    if (step->segment->is.is_overturned)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the segment is overturned already");
    return VCH_OK;
}

vch_status vch_disputes_check_open(struct vch_state *state, struct step *step,
                                   struct vch_complaint *complaint)
{
    const struct vch_entry *entry = step->entry;
    const uint64_t balance = step->writer != NULL ? step->writer->is.balance : 0;

    VCH_TRY(find_disputed(state, step, complaint));
    if (is_equal(&entry->dispute_open.output, &step->segment->is.output) &&
        is_equal(&entry->dispute_open.trace, &step->segment->is.trace))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the dispute says what the verdict says: there is nothing to settle");
    VCH_TRY(check_standing(step, complaint));
    if (has_disputed(step->segment, &entry->writer))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "an account disputes a segment once, and this one has");
    if (step->seat == NULL && balance < state->parameters.dispute_bond)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a dispute takes a bond of %llu, and the account's balance is %llu",
                            (unsigned long long)state->parameters.dispute_bond,
                            (unsigned long long)balance);
    if (vch_slab_left(&state->disputes) == 0)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "all %u disputes that this ledger keeps are in use: try again",
                            state->disputes.room);
    return vch_contests_check_room(state, step, 1, (uint32_t)state->parameters.referees, false,
                                   complaint);
}

static void send_to_referees(struct vch_state *state, struct dispute *dispute, uint32_t place,
                             const struct vch_digest claims[static 2], const struct step *step)
{
    struct vch_dispute *is = &dispute->is;

    is->phase = VCH_DISPUTE_REFEREES;
    is->place = place;
    is->claims[DISPUTER] = claims[DISPUTER];
    is->claims[DEFENCE] = claims[DEFENCE];
    vch_heap_set(&state->due, &dispute->due, VCH_HEAP_NEVER);
    vch_contests_begin(state, dispute->contests, &is->id, step);
}

static void begin_step(struct vch_state *state, struct dispute *dispute, const struct step *step)
{
    struct vch_dispute *is = &dispute->is;

    if (is->end - is->begin == 1) {
        send_to_referees(state, dispute, is->begin, is->nodes, step);
        return;
    }
    is->step_ms = step->now;
    is->has_moved[DISPUTER] = is->has_moved[DEFENCE] = false;
    vch_heap_set(&state->due, &dispute->due, step->now + state->parameters.move_ms);
}

static struct dispute *new_dispute(struct vch_state *state, const struct step *step)
{
    const struct vch_entry *entry = step->entry;
    struct segment *segment = step->segment;
    struct dispute *dispute = vch_slab_take(&state->disputes);

    dispute->is = (struct vch_dispute){
        .id = vch_entry_dispute_id(&step->job->is.id, segment->is.index, &entry->writer,
                                   &entry->dispute_open.output, &entry->dispute_open.trace),
        .job = step->job->is.id,
        .segment = segment->is.index,
        .by = entry->writer,
        .is_seat = step->seat != NULL,
        .end = segment->is.last - segment->is.first,
        .nodes = {entry->dispute_open.trace, segment->is.trace},
        .trace = {entry->dispute_open.trace, segment->is.trace},
        .output = {entry->dispute_open.output, segment->is.output},
    };
    dispute->segment = segment;
    dispute->by = step->writer;
    dispute->due = (struct vch_heap_item){
        .subject = &dispute->is.id, .segment = segment->is.index, .kind = VCH_DUE_DISPUTE};
    dispute->next = segment->disputes;
    segment->disputes = dispute;
    segment->is.open_disputes++;
    return dispute;
}

void vch_disputes_take_open(struct vch_state *state, const struct step *step)
{
    struct dispute *dispute = new_dispute(state, step);
    struct vch_dispute *is = &dispute->is;

    if (!is->is_seat) {
        dispute->bond = state->parameters.dispute_bond;
        vch_accounts_charge(state, dispute->by, dispute->bond);
        state->totals.escrow += dispute->bond;
    }
    dispute->contests = vch_contests_new(state, step->segment, dispute, step->blocks[0],
                                         (uint32_t)state->parameters.referees);
    vch_table_add(&state->dispute_table, &dispute->node,
                  vch_table_hash(&state->dispute_table, is->id.bytes, 0));
    vch_list_append(&state->live_disputes, &dispute->live);
    if (is_equal(&is->trace[DISPUTER], &is->trace[DEFENCE]))
        send_to_referees(state, dispute, VCH_DISPUTE_OUTPUT, is->output, step);
    else
        begin_step(state, dispute, step);
}

static vch_status find_moving(struct vch_state *state, struct step *step,
                              const struct vch_digest *id, struct vch_complaint *complaint)
{
    step->dispute = vch_disputes_find(state, id);
    if (step->dispute != NULL && step->dispute->is.phase == VCH_DISPUTE_MOVING) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the ledger knows no such dispute in which sides move");
}

vch_status vch_disputes_check_move(struct vch_state *state, struct step *step,
                                   struct vch_complaint *complaint)
{
    const struct vch_entry *entry = step->entry;
    const uint32_t side = entry->dispute_move.defends ? DEFENCE : DISPUTER;

    VCH_TRY(find_moving(state, step, &entry->dispute_move.dispute, complaint));
    const struct vch_dispute *is = &step->dispute->is;
    const bool may_move = side == DEFENCE
                              ? vch_disputes_defends(step->dispute->segment, &entry->writer)
                              : memcmp(&is->by, &entry->writer, sizeof is->by) == 0;
    if (!may_move)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the writer is not on the side for which it moves");
    if (entry->dispute_move.step != is->step || is->has_moved[side])
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the dispute is at step %u, and the move is for step %u, or this side "
                            "has moved",
                            is->step, entry->dispute_move.step);
    const struct vch_digest parent =
        vch_merkle_parent(&entry->dispute_move.left, &entry->dispute_move.right);
    if (!is_equal(&parent, &is->nodes[side]))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the move's two nodes are not the children of this side's node");
    return VCH_OK;
}

// The left subtree holds the largest power of two below the count (crypto/merkle.h).
static uint32_t left_count(uint32_t count)
{
    uint32_t left = 1;

    while (left < count - left)
        left *= 2;
    return left;
}

static void descend(struct dispute *dispute)
{
    struct vch_dispute *is = &dispute->is;
    const uint32_t middle = is->begin + left_count(is->end - is->begin);
    const bool is_left = !is_equal(&dispute->left[DISPUTER], &dispute->left[DEFENCE]);
    const struct vch_digest *children = is_left ? dispute->left : dispute->right;

    is->nodes[DISPUTER] = children[DISPUTER];
    is->nodes[DEFENCE] = children[DEFENCE];
    if (is_left)
        is->end = middle;
    else
        is->begin = middle;
    is->step++;
}

void vch_disputes_take_move(struct vch_state *state, const struct step *step)
{
    struct dispute *dispute = step->dispute;
    const uint32_t side = step->entry->dispute_move.defends ? DEFENCE : DISPUTER;

    dispute->left[side] = step->entry->dispute_move.left;
    dispute->right[side] = step->entry->dispute_move.right;
    dispute->is.has_moved[side] = true;
    if (!dispute->is.has_moved[DISPUTER] || !dispute->is.has_moved[DEFENCE]) return;
    descend(dispute);
    begin_step(state, dispute, step);
}

vch_status vch_disputes_check_default(struct vch_state *state, struct step *step,
                                      struct vch_complaint *complaint)
{
    VCH_TRY(find_moving(state, step, &step->entry->dispute_default, complaint));
    const uint64_t end = step->dispute->is.step_ms + state->parameters.move_ms;
    if (step->now >= end) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "both sides have until %llu to move, and it is %llu",
                        (unsigned long long)end, (unsigned long long)step->now);
}

void vch_disputes_free(struct vch_state *state, struct dispute *dispute)
{
    vch_table_remove(&state->dispute_table, &dispute->node);
    vch_slab_give(&state->disputes, dispute);
}
