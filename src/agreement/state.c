#include "agreement/state.h"

#include <string.h>

#include "agreement/accounts.h"
#include "agreement/anchors.h"
#include "agreement/contests.h"
#include "agreement/disputes.h"
#include "agreement/evidence.h"
#include "agreement/holdings.h"
#include "agreement/inside.h"
#include "agreement/jobs.h"
#include "agreement/roster.h"
#include "agreement/windows.h"
#include "base/check.h"

enum writer { BY_ANYONE, BY_FOUNDER, BY_CLERK };

static const struct rule {
    vch_inside_check *check;
    vch_inside_take *take;
    enum writer by;
} rules[] = {
    [VCH_ENTRY_REGISTRY] = {vch_roster_check, vch_roster_take, BY_FOUNDER},
    [VCH_ENTRY_DEPOSIT] = {vch_accounts_check_deposit, vch_accounts_take_deposit, BY_FOUNDER},
    [VCH_ENTRY_WITHDRAW] = {vch_accounts_check_withdraw, vch_accounts_take_withdraw, BY_ANYONE},
    [VCH_ENTRY_STAKE] = {vch_accounts_check_stake, vch_accounts_take_stake, BY_ANYONE},
    [VCH_ENTRY_UNSTAKE] = {vch_accounts_check_unstake, vch_accounts_take_unstake, BY_ANYONE},
    [VCH_ENTRY_RELEASE] = {vch_accounts_check_release, vch_accounts_take_release, BY_ANYONE},
    [VCH_ENTRY_HOLD] = {vch_holdings_check, vch_holdings_take, BY_ANYONE},
    [VCH_ENTRY_JOB_OPEN] = {vch_jobs_check_open, vch_jobs_take_open, BY_ANYONE},
    [VCH_ENTRY_INPUT] = {vch_jobs_check_input, vch_jobs_take_input, BY_ANYONE},
    [VCH_ENTRY_SORTITION] = {vch_contests_check_sortition, vch_contests_take_sortition, BY_ANYONE},
    [VCH_ENTRY_DRAW] = {vch_contests_check_draw, vch_contests_take_draw, BY_CLERK},
    [VCH_ENTRY_COMMIT] = {vch_contests_check_commit, vch_contests_take_commit, BY_ANYONE},
    [VCH_ENTRY_CLOSE] = {vch_contests_check_close, vch_contests_take_close, BY_CLERK},
    [VCH_ENTRY_REVEAL] = {vch_contests_check_reveal, vch_contests_take_reveal, BY_ANYONE},
    [VCH_ENTRY_VERDICT] = {vch_contests_check_verdict, vch_contests_take_verdict, BY_CLERK},
    [VCH_ENTRY_ANCHOR] = {vch_anchors_check, vch_anchors_take, BY_CLERK},
    [VCH_ENTRY_EXPIRE] = {vch_jobs_check_expire, vch_jobs_take_expire, BY_CLERK},
    [VCH_ENTRY_TRIAL_RESULT] = {vch_jobs_check_trial_result, vch_jobs_take_trial_result,
                                BY_FOUNDER},
    [VCH_ENTRY_EVIDENCE] = {vch_evidence_check, vch_evidence_take, BY_ANYONE},
    [VCH_ENTRY_DISPUTE_OPEN] = {vch_disputes_check_open, vch_disputes_take_open, BY_ANYONE},
    [VCH_ENTRY_DISPUTE_MOVE] = {vch_disputes_check_move, vch_disputes_take_move, BY_ANYONE},
    [VCH_ENTRY_DISPUTE_DEFAULT] = {vch_disputes_check_default, vch_disputes_take_default, BY_CLERK},
};

static bool is_numbered(enum vch_entry_kind kind)
{
    return kind <= VCH_ENTRY_JOB_OPEN;
}

// Of the kinds that name a contest.
static bool has_contest(enum vch_entry_kind kind)
{
    return kind >= VCH_ENTRY_SORTITION && kind <= VCH_ENTRY_VERDICT;
}

struct vch_state_limits vch_state_default_limits(void)
{
    return (struct vch_state_limits){
        .accounts = 1u << 15,
        .jobs = 1u << 16,
        .contests = 1u << 17,
        .seats = 1u << 19,
        .disputes = 1u << 12,
        .candidates = 1u << 17,
        .holdings = 1u << 17,
        .exclusions = 1u << 15,
        .registries = 32,
    };
}

static vch_status init_pools(struct vch_state *state, struct vch_arena *arena)
{
    const struct vch_state_limits *limits = &state->setup.limits;
    const uint32_t segments =
        limits->contests < UINT32_MAX / 2 ? 2 * limits->contests : limits->contests;

    VCH_TRY(vch_slab_init(&state->accounts, limits->accounts, sizeof(struct account), arena));
    VCH_TRY(vch_slab_init(&state->holdings, limits->holdings, sizeof(struct holding), arena));
    VCH_TRY(vch_slab_init(&state->models, limits->holdings, sizeof(struct model), arena));
    VCH_TRY(vch_slab_init(&state->exclusions, limits->exclusions, sizeof(struct exclusion), arena));
    VCH_TRY(vch_slab_init(&state->candidates, limits->candidates, sizeof(struct candidate), arena));
    VCH_TRY(vch_slab_init(&state->contests, limits->contests, sizeof(struct contest), arena));
    VCH_TRY(vch_slab_init(&state->segments, segments, sizeof(struct segment), arena));
    VCH_TRY(vch_slab_init(&state->jobs, limits->jobs, sizeof(struct job), arena));
    VCH_TRY(vch_slab_init(&state->disputes, limits->disputes, sizeof(struct dispute), arena));
    return vch_seats_init(&state->seats, limits->seats, arena);
}

static vch_status init_tables(struct vch_state *state, struct vch_arena *arena)
{
    const struct vch_state_limits *limits = &state->setup.limits;
    const uint64_t *seeds = state->setup.seeds;
    const uint64_t due = (uint64_t)limits->contests + limits->jobs + limits->disputes;

    if (due > UINT32_MAX - 1) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_table_init(&state->account_table, limits->accounts, seeds, arena));
    VCH_TRY(vch_table_init(&state->model_table, limits->holdings, seeds, arena));
    VCH_TRY(vch_table_init(&state->candidate_table, limits->candidates, seeds, arena));
    VCH_TRY(vch_table_init(&state->contest_table, limits->contests, seeds, arena));
    VCH_TRY(vch_table_init(&state->job_table, limits->jobs, seeds, arena));
    VCH_TRY(vch_table_init(&state->dispute_table, limits->disputes, seeds, arena));
    VCH_TRY(vch_heap_init(&state->due, (uint32_t)due, arena));
    return vch_heap_init(&state->forgetting, limits->jobs, arena);
}

vch_status vch_state_new(struct vch_state **out, const struct vch_state_setup *setup,
                         struct vch_arena *arena)
{
    struct vch_state *state = VCH_ARENA_NEW(arena, struct vch_state, 1);

    if (state == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_ASSERT(setup->limits.registries >= 3); // one in force, the newest, and one to come
    state->setup = *setup;
    vch_list_init(&state->live_contests);
    vch_list_init(&state->waiting_contests);
    vch_list_init(&state->all_jobs);
    vch_list_init(&state->live_disputes);
    vch_list_init(&state->windows);
    VCH_TRY(vch_history_init(&state->history, arena));
    VCH_TRY(init_pools(state, arena));
    VCH_TRY(init_tables(state, arena));
    state->account_list = VCH_ARENA_NEW(arena, struct account *, setup->limits.accounts);
    if (state->account_list == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_roster_init(state, arena));
    *out = state;
    return VCH_OK;
}

static bool is_key(const struct vch_public_key *a, const struct vch_public_key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static vch_status check_time(const struct vch_state *state, const struct vch_entry *entry,
                             struct vch_complaint *complaint)
{
    if (entry->time_ms >= state->time_ms && entry->time_ms > 0 &&
        entry->time_ms <= VCH_ENTRY_TIME_MAX)
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the entry's time %llu is before the last one's, %llu, or none: the clerk "
                        "gives each its time",
                        (unsigned long long)entry->time_ms, (unsigned long long)state->time_ms);
}

static vch_status check_signature(const struct vch_state *state, const struct vch_entry *entry,
                                  const struct vch_digest *ledger, struct vch_complaint *complaint)
{
    const struct vch_state_checks *checks = &state->setup.checks;

    if (vch_is_ok(checks->signature(checks->context, entry, ledger))) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the %s is not signed by its writer for this ledger",
                        vch_entry_kind_text(entry->kind));
}

static vch_status check_founding(const struct vch_state *state, const struct vch_entry *entry,
                                 struct vch_complaint *complaint)
{
    if (entry->kind != VCH_ENTRY_CHARTER || entry->number != 1 ||
        !is_key(&entry->writer, &entry->charter->founder))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a ledger begins with its charter, number 1, by its founder");
    VCH_TRY(vch_charter_check(entry->charter, complaint));
    VCH_TRY(check_time(state, entry, complaint));
    VCH_TRY(vch_accounts_check_room(state, NULL, complaint));
    return check_signature(state, entry, &entry->charter->id, complaint);
}

static vch_status check_number(const struct step *step, struct vch_complaint *complaint)
{
    const struct vch_entry *entry = step->entry;
    const uint64_t last = step->writer != NULL ? step->writer->is.number : 0;

    if (is_numbered(entry->kind) ? entry->number > last : entry->number == 0) return VCH_OK;
    if (!is_numbered(entry->kind))
        return vch_complain(complaint, VCH_CODE_REFUSED, "a %s has the number 0, not %llu",
                            vch_entry_kind_text(entry->kind), (unsigned long long)entry->number);
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the number %llu is not above the writer's last one, %llu: it counted "
                        "already, or a later one did",
                        (unsigned long long)entry->number, (unsigned long long)last);
}

static vch_status check_writer(const struct vch_state *state, const struct vch_entry *entry,
                               struct vch_complaint *complaint)
{
    const enum writer by = rules[entry->kind].by;

    if (by == BY_FOUNDER && !is_key(&entry->writer, &state->charter.founder))
        return vch_complain(complaint, VCH_CODE_REFUSED, "a %s is by the founder alone",
                            vch_entry_kind_text(entry->kind));
    if (by == BY_CLERK && !is_key(&entry->writer, &state->charter.clerk))
        return vch_complain(complaint, VCH_CODE_REFUSED, "a %s is by the clerk alone",
                            vch_entry_kind_text(entry->kind));
    return VCH_OK;
}

static vch_status find_contest(const struct vch_state *state, struct step *step,
                               struct vch_complaint *complaint)
{
    if (!has_contest(step->entry->kind)) return VCH_OK;
    step->contest = vch_contests_find(state, &step->entry->contest);
    if (step->contest != NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the ledger knows no such contest: its round has not begun, or its window "
                        "is over");
}

static vch_status check(struct vch_state *state, struct step *step, struct vch_complaint *complaint)
{
    const struct vch_entry *entry = step->entry;

    if ((size_t)entry->kind >= sizeof rules / sizeof *rules || rules[entry->kind].check == NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "an entry of kind %u has no place behind the first",
                            (unsigned)entry->kind);
    VCH_TRY(check_time(state, entry, complaint));
    VCH_TRY(check_writer(state, entry, complaint));
    VCH_TRY(check_number(step, complaint));
    VCH_TRY(find_contest(state, step, complaint));
    VCH_TRY(check_signature(state, entry, &state->charter.id, complaint));
    return rules[entry->kind].check(state, step, complaint);
}

static void found(struct vch_state *state, const struct vch_entry *entry)
{
    state->is_founded = true;
    state->charter = *entry->charter;
    state->parameters = entry->charter->parameters;
    (void)vch_accounts_get(state, &entry->writer);
}

static void finish(struct vch_state *state, const struct step *step)
{
    const struct vch_entry *entry = step->entry;
    struct account *writer = vch_accounts_find(state, &entry->writer);

    if (is_numbered(entry->kind) && writer != NULL) writer->is.number = entry->number;
    vch_history_append(&state->history, &step->leaf, entry->kind == VCH_ENTRY_ANCHOR);
    state->time_ms = step->now;
    vch_windows_close(state, step->now);
}

vch_status vch_state_apply(struct vch_state *state, const struct vch_entry *entry,
                           const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    struct step step = {
        .entry = entry, .now = entry->time_ms, .position = state->history.tree.size};

    if (!state->is_founded) {
        VCH_TRY(check_founding(state, entry, complaint));
        step.leaf = vch_merkle_leaf(bytes, size);
        found(state, entry);
    } else {
        step.writer = vch_accounts_find(state, &entry->writer);
        VCH_TRY(check(state, &step, complaint));
        step.leaf = vch_merkle_leaf(bytes, size);
        rules[entry->kind].take(state, &step);
    }
    finish(state, &step);
    return VCH_OK;
}

// A check takes room for what its entry would begin, and here nothing begins: the room goes back,
// so that the state is what it was.
vch_status vch_state_judge(struct vch_state *state, const struct vch_entry *entry,
                           struct vch_complaint *complaint)
{
    struct step step = {
        .entry = entry, .now = entry->time_ms, .position = state->history.tree.size};

    if (!state->is_founded) return check_founding(state, entry, complaint);
    step.writer = vch_accounts_find(state, &entry->writer);
    vch_status status = check(state, &step, complaint);
    vch_contests_give_room(state, &step);
    return status;
}
