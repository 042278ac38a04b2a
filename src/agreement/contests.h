// Contests from their beginning to their verdict: agreement.md, sections 5 and 6.
#pragma once

#include "agreement/inside.h"

struct contest *vch_contests_find(const struct vch_state *state, const struct vch_contest_id *id);
// The seats that a round has, if none before it was late: k_0 = first, k_{r+1} = 2 k_r + 1.
uint32_t vch_contests_wanted(uint32_t first, uint32_t round);
uint32_t vch_contests_wanted_next(const struct contest *contest); // that the round behind it has

// BUSY unless `contests` more may begin with blocks of `wanted` seats each; takes the blocks into
// the step. `is_new`: some room has to stay, for the rounds of what is under way.
vch_status vch_contests_check_room(struct vch_state *state, struct step *step, uint32_t contests,
                                   uint32_t wanted, bool is_new, struct vch_complaint *complaint);
void vch_contests_give_room(struct vch_state *state, struct step *step); // what it took
// A contest with its seats' room, not begun: nobody finds it.
struct contest *vch_contests_new(struct vch_state *state, struct segment *segment,
                                 struct dispute *dispute, struct vch_seat *block, uint32_t wanted);
// It waits for an anchor over the step's entry.
void vch_contests_begin(struct vch_state *state, struct contest *contest,
                        const struct vch_digest *subject, const struct step *step);
// It goes over into that phase.
void vch_contests_enter(struct vch_state *state, struct contest *contest,
                        enum vch_contest_phase phase, uint64_t now);
// It is over: nothing is due any more.
void vch_contests_end(struct vch_state *state, struct contest *contest,
                      enum vch_contest_phase phase, uint64_t now);
// Gives its memory back; abandon: of one that never began.
void vch_contests_free(struct vch_state *state, struct contest *contest);
void vch_contests_abandon(struct vch_state *state, struct contest *contest);
void vch_contests_set_input(struct vch_state *state, struct contest *contest,
                            const struct vch_digest *input, uint64_t now);

// An anchor of that size: contests that wait for it go on.
void vch_contests_anchor(struct vch_state *state, const struct step *step, uint64_t size);

// Whether it is drawn, or will be, and its verdict comes by itself: such a contest keeps its job
// from expiring.
bool vch_contests_is_at_work(const struct contest *contest);
bool vch_contests_has_drawn(const struct vch_state *state, const struct contest *contest,
                            const struct account *account);
// Section 5, "Limit". REFUSED.
vch_status vch_contests_check_limit(const struct vch_state *state, const struct contest *contest,
                                    uint64_t exponent, uint64_t weight, uint64_t now,
                                    struct vch_complaint *complaint);
// What a verdict on it would say now.
struct vch_state_tally vch_contests_tally(const struct contest *contest);
// Whether its seats have earned a better mark by an answer that `agreed` of them gave: one operator
// alone, and one that the lot could not but draw, have only their own word for it.
bool vch_contests_is_earned(const struct contest *contest, uint32_t agreed);
// So few seats that no majority can come of them: they owe nothing.
bool vch_contests_is_hopeless(const struct contest *contest);
// After anything about it changed: what is due, and when.
void vch_contests_refresh(struct vch_state *state, struct contest *contest, uint64_t now);
struct vch_seat *vch_contests_seat(const struct contest *contest,
                                   const struct vch_public_key *node);

vch_inside_check vch_contests_check_sortition, vch_contests_check_draw, vch_contests_check_commit,
    vch_contests_check_close, vch_contests_check_reveal, vch_contests_check_verdict;
vch_inside_take vch_contests_take_sortition, vch_contests_take_draw, vch_contests_take_commit,
    vch_contests_take_close, vch_contests_take_reveal, vch_contests_take_verdict;
