// What others look at.
#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/disputes.h"
#include "agreement/eligible.h"
#include "agreement/jobs.h"
#include "agreement/roster.h"
#include "agreement/state.h"

uint64_t vch_state_size(const struct vch_state *state)
{
    return state->history.tree.size;
}

uint64_t vch_state_time(const struct vch_state *state)
{
    return state->time_ms;
}

struct vch_digest vch_state_root(const struct vch_state *state)
{
    return vch_tree_root(&state->history.tree);
}

bool vch_state_root_at(struct vch_digest *out, const struct vch_state *state, uint64_t size)
{
    return vch_history_root_at(out, &state->history, size);
}

const struct vch_charter *vch_state_charter(const struct vch_state *state)
{
    return state->is_founded ? &state->charter : NULL;
}

uint64_t vch_state_anchored(const struct vch_state *state)
{
    return state->history.anchored;
}

const struct vch_registry *vch_state_registry_at(const struct vch_state *state, uint64_t time_ms)
{
    const struct roster *roster = state->is_founded ? vch_roster_at(state, time_ms) : NULL;

    return roster != NULL ? roster->registry : NULL;
}

const struct vch_account *vch_state_account(const struct vch_state *state,
                                            const struct vch_public_key *key)
{
    const struct account *account = vch_accounts_find(state, key);

    return account != NULL ? &account->is : NULL;
}

uint32_t vch_state_account_count(const struct vch_state *state)
{
    return state->accounts.used;
}

const struct vch_account *vch_state_account_at(const struct vch_state *state, uint32_t index)
{
    return index < state->accounts.used ? &state->account_list[index]->is : NULL;
}

uint64_t vch_state_weight(const struct vch_state *state, const struct vch_account *account)
{
    const struct account copy = {.is = *account};

    (void)state;
    return vch_accounts_weight(&copy);
}

struct vch_state_totals vch_state_totals(const struct vch_state *state)
{
    return state->totals;
}

const struct vch_contest *vch_state_contest(const struct vch_state *state,
                                            const struct vch_contest_id *id)
{
    const struct contest *contest = vch_contests_find(state, id);

    return contest != NULL ? &contest->is : NULL;
}

// Every vch_contest that leaves this module is the beginning of a contest.
static struct contest *inside(const struct vch_contest *contest)
{
    return (struct contest *)(uintptr_t)contest;
}

const struct vch_contest *vch_state_next_contest(const struct vch_state *state,
                                                 const struct vch_contest *after)
{
    const struct vch_list *head = &state->live_contests;
    const struct vch_list *link = after == NULL ? head->next : inside(after)->live.next;

    return link != head ? &VCH_LIST_THING(link, struct contest, live)->is : NULL;
}

bool vch_state_may_draw(const struct vch_state *state, const struct vch_contest *contest,
                        const struct vch_public_key *node)
{
    struct account *account = vch_accounts_find(state, node);

    return account != NULL && contest->phase == VCH_CONTEST_DRAWING && !contest->is_trial &&
           vch_is_ok(vch_eligible_check(state, inside(contest), account, NULL)) &&
           !vch_contests_has_drawn(state, inside(contest), account);
}

bool vch_state_is_within_limit(const struct vch_state *state, const struct vch_contest *contest,
                               const struct vch_public_key *node, const struct vch_vrf_beta *beta,
                               uint64_t now_ms)
{
    const struct account *account = vch_accounts_find(state, node);

    return account != NULL &&
           vch_is_ok(vch_contests_check_limit(state, inside(contest), vch_draw_exponent(beta),
                                              vch_accounts_weight(account), now_ms, NULL));
}

const struct vch_seat *vch_state_seat(const struct vch_contest *contest,
                                      const struct vch_public_key *node)
{
    return vch_contests_seat(inside(contest), node);
}

bool vch_state_is_hopeless(const struct vch_contest *contest)
{
    return vch_contests_is_hopeless(inside(contest));
}

struct vch_state_tally vch_state_tally(const struct vch_state *state,
                                       const struct vch_contest *contest)
{
    (void)state;
    return vch_contests_tally(inside(contest));
}

const struct vch_job_record *vch_state_job(const struct vch_state *state,
                                           const struct vch_digest *id)
{
    const struct job *job = vch_jobs_find(state, id);

    return job != NULL ? &job->is : NULL;
}

const struct vch_job_record *vch_state_next_job(const struct vch_state *state,
                                                const struct vch_job_record *after)
{
    const struct vch_list *head = &state->all_jobs;
    const struct vch_list *link =
        after == NULL ? head->next : ((const struct job *)(const void *)after)->all.next;

    return link != head ? &VCH_LIST_THING(link, struct job, all)->is : NULL;
}

const struct vch_segment_record *vch_state_segment(const struct vch_state *state,
                                                   const struct vch_digest *job, uint32_t index)
{
    const struct job *found = vch_jobs_find(state, job);
    const struct segment *segment = found != NULL ? vch_jobs_segment(found, index) : NULL;

    return segment != NULL ? &segment->is : NULL;
}

const struct vch_dispute *vch_state_dispute(const struct vch_state *state,
                                            const struct vch_digest *id)
{
    const struct dispute *dispute = vch_disputes_find(state, id);

    return dispute != NULL ? &dispute->is : NULL;
}

const struct vch_dispute *vch_state_next_dispute(const struct vch_state *state,
                                                 const struct vch_dispute *after)
{
    const struct vch_list *head = &state->live_disputes;
    const struct vch_list *link =
        after == NULL ? head->next : ((const struct dispute *)(const void *)after)->live.next;

    return link != head ? &VCH_LIST_THING(link, struct dispute, live)->is : NULL;
}

bool vch_state_is_defence(const struct vch_state *state, const struct vch_dispute *dispute,
                          const struct vch_public_key *node)
{
    (void)state;
    return vch_disputes_defends(((const struct dispute *)(const void *)dispute)->segment, node);
}

struct vch_due vch_state_due(const struct vch_state *state)
{
    struct vch_heap_item *first = vch_heap_first(&state->due);
    struct vch_due due = {.time_ms = UINT64_MAX};

    if (first == NULL) return due;
    due.kind = (enum vch_due_kind)first->kind;
    due.time_ms = first->time_ms;
    switch (due.kind) {
    case VCH_DUE_CONTEST: due.contest = &VCH_LIST_THING(first, struct contest, due)->is; break;
    case VCH_DUE_JOB: due.job = &VCH_LIST_THING(first, struct job, due)->is; break;
    case VCH_DUE_DISPUTE: due.dispute = &VCH_LIST_THING(first, struct dispute, due)->is; break;
    case VCH_DUE_NOTHING: break;
    }
    return due;
}
