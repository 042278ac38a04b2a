// What must hold after every entry, at times, and at the end: agreement.md, section 11, as far as
// one who knows who is honest can judge it, besides what the state recounts of itself.
#include <string.h>

#include "cluster/cluster.h"

enum { TOTALS_EVERY = 64, ALL_EVERY = 2048 };

static bool computes_right(const struct cluster *world, const struct vch_seat *seat)
{
    const uint32_t index = cluster_find_node(world, &seat->node);

    if (index == UINT32_MAX) return false;
    const enum cluster_role role = world->nodes[index].role;
    return role == CLUSTER_HONEST || role == CLUSTER_FRIVOLOUS || role == CLUSTER_GRIND;
}

static uint32_t count_right(const struct cluster *world, const struct vch_contest *contest)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < contest->seat_count; i++)
        count += computes_right(world, &contest->seats[i]);
    return count;
}

static uint32_t count_equal(const struct vch_contest *contest)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < contest->seat_count; i++) {
        const struct vch_seat *seat = &contest->seats[i];
        count += seat->state == VCH_SEAT_REVEALED &&
                 vch_hash_is_equal(&seat->output, &contest->output) &&
                 (contest->is_dispute || vch_hash_is_equal(&seat->trace, &contest->trace));
    }
    return count;
}

static void excuse(struct cluster *world, const struct vch_public_key *key)
{
    const uint32_t index = cluster_find_node(world, key);
    if (index != UINT32_MAX) world->nodes[index].excused++;
}

// Slashings that follow from referees of whom most are dishonest, or from silence: agreement
// promises nothing against them.
static void excuse_parties(struct cluster *world, const struct vch_state *state,
                           const struct vch_dispute *dispute, bool disputer, bool defence)
{
    if (disputer) excuse(world, &dispute->by);
    for (uint32_t i = 0; defence && i < world->plan.nodes; i++)
        if (vch_state_is_defence(state, dispute, &world->nodes[i].key.public_key))
            world->nodes[i].excused++;
}

static void check_referees(struct cluster *world, const struct vch_state *state,
                           const struct vch_entry *entry)
{
    const struct vch_contest *contest = vch_state_contest(state, &entry->contest);
    const struct vch_dispute *dispute = vch_state_dispute(state, &entry->contest.subject);
    const struct cluster_dispute *known = NULL;

    if (contest == NULL || dispute == NULL || !entry->verdict.has_output) return;
    known = cluster_dispute_of(world, &entry->contest.subject);
    const struct vch_digest right = cluster_referee(known, dispute->place);
    world->figures.overturned += vch_hash_is_equal(&entry->verdict.output, &dispute->claims[0]);
    if (vch_hash_is_equal(&right, &entry->verdict.output)) return;
    if (2 * count_right(world, contest) > contest->wanted)
        cluster_fail(world, "honest referees in majority, and the verdict is another");
    excuse_parties(world, state, dispute, true, true);
}

static void check_verdict(struct cluster *world, const struct vch_state *state,
                          const struct vch_entry *entry)
{
    const struct vch_contest *contest = vch_state_contest(state, &entry->contest);
    const struct cluster_recipe honest = {.lie_at = UINT32_MAX};
    struct cluster_answer right;

    world->figures.verdicts++;
    if (contest == NULL) return; // the last dispute's, after all else was over
    const bool is_full = contest->seat_count == contest->wanted && !contest->is_dispute &&
                         !contest->is_trial && contest->id.round == 0;
    const bool is_captured = 2 * count_right(world, contest) < contest->wanted;
    world->figures.first_rounds += is_full;
    world->figures.first_captured += is_full && is_captured;
    if (!entry->verdict.has_output) {
        world->figures.splits++;
        return;
    }
    if (2 * count_equal(contest) <= contest->wanted)
        cluster_fail(world, "a verdict without its quorum: %u of %u", count_equal(contest),
                     contest->wanted);
    if (contest->is_dispute) return;
    cluster_compute(&right, &contest->id, &contest->input, contest->last - contest->first, &honest);
    if (vch_hash_is_equal(&right.output, &contest->output) &&
        vch_hash_is_equal(&right.trace, &contest->trace))
        return;
    world->figures.wrong++;
    if (2 * count_right(world, contest) > contest->wanted)
        cluster_fail(world, "a wrong verdict though %u of %u were honest",
                     count_right(world, contest), contest->wanted);
    world->figures.captured += is_full;
}

static uint32_t defender_of(const struct cluster *world, const struct vch_state *state,
                            const struct vch_dispute *dispute, struct vch_contest_id *id)
{
    for (id->round = 0; id->round < VCH_ENTRY_ROUNDS_MAX; id->round++) {
        const struct vch_contest *contest = vch_state_contest(state, id);
        for (uint32_t i = 0; contest != NULL && i < contest->seat_count; i++)
            if (vch_state_is_defence(state, dispute, &contest->seats[i].node))
                return cluster_find_node(world, &contest->seats[i].node);
    }
    return UINT32_MAX;
}

// Remembers what the parties of a dispute ran, so that they can move, and referees can judge.
static void note_dispute(struct cluster *world, const struct vch_state *state,
                         const struct vch_entry *entry)
{
    struct vch_contest_id at = {entry->dispute_open.job, entry->dispute_open.segment, 0};
    const struct vch_digest id =
        vch_entry_dispute_id(&at.subject, at.segment, &entry->writer, &entry->dispute_open.output,
                             &entry->dispute_open.trace);
    struct cluster_dispute *known = cluster_dispute_of(world, &id);
    const struct vch_dispute *dispute = vch_state_dispute(state, &id);

    world->figures.disputes++;
    if (dispute == NULL) return;
    const uint32_t by = cluster_find_node(world, &entry->writer);
    const uint32_t defender = defender_of(world, state, dispute, &at);
    const struct vch_contest *contest = vch_state_contest(state, &at);
    if (by == UINT32_MAX || defender == UINT32_MAX || contest == NULL) {
        cluster_fail(world, "a dispute against nobody");
        return;
    }
    const struct cluster_recipe honest = {.lie_at = UINT32_MAX};
    if (world->nodes[by].role == CLUSTER_HONEST) known->recipes[0] = honest;
    known->recipes[1] = cluster_recipe_of(world, defender, contest);
    known->is_honest[0] = known->recipes[0].lie_at == UINT32_MAX;
    known->is_honest[1] = known->recipes[1].lie_at == UINT32_MAX;
    known->disputer = by;
    known->contest = at;
    known->input = contest->input;
    known->count = contest->last - contest->first;
}

static void note_default(struct cluster *world, const struct vch_state *state,
                         const struct vch_digest *id)
{
    const struct vch_dispute *dispute = vch_state_dispute(state, id);

    world->figures.defaults++;
    if (dispute != NULL)
        excuse_parties(world, state, dispute, !dispute->has_moved[0], !dispute->has_moved[1]);
}

// One operator alone has nobody's word but its own: its marks do not rise, however often it pays
// itself.
static bool is_farmable(const struct vch_contest *contest)
{
    return contest != NULL && !contest->is_trial && !contest->is_dispute && contest->id.round == 0;
}

static void note_marks(struct cluster *world, const struct vch_state *state,
                       const struct vch_entry *entry)
{
    const struct vch_contest *contest = vch_state_contest(state, &entry->contest);

    for (uint32_t i = 0; is_farmable(contest) && i < contest->seat_count; i++)
        world->marks[i] = contest->seats[i].account->correct;
}

static void check_marks(struct cluster *world, const struct vch_contest *contest)
{
    if (!is_farmable(contest) || count_equal(contest) > 1) return;
    for (uint32_t i = 0; i < contest->seat_count; i++)
        if (contest->seats[i].account->correct > world->marks[i])
            cluster_fail(world, "a mark rises by an answer that nobody else gave");
}

static uint32_t count_waiting(const struct vch_state *state, const struct vch_job_record *job)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->segment_count; i++) {
        const struct vch_segment_record *segment = vch_state_segment(state, &job->id, i);
        if (segment == NULL || segment->phase != VCH_JOB_PENDING) continue;
        const struct vch_contest_id id = {job->id, i, segment->round};
        const struct vch_contest *contest = vch_state_contest(state, &id);
        if (contest != NULL && contest->phase == VCH_CONTEST_COMMITTING && !contest->has_input &&
            !vch_state_is_hopeless(contest))
            count += contest->seat_count;
    }
    return count;
}

static uint64_t balance_of(const struct vch_state *state, const struct vch_public_key *key)
{
    const struct vch_account *account = vch_state_account(state, key);
    return account != NULL ? account->balance : 0;
}

// Who let seats wait for an input pays each of them.
static void note_expiry(struct cluster *world, const struct vch_state *state,
                        const struct vch_digest *id)
{
    const struct vch_job_record *job = vch_state_job(state, id);

    if (job == NULL) return;
    const uint32_t waiting = count_waiting(state, job);
    world->owed =
        balance_of(state, &job->client) + job->escrow - waiting * world->plan.parameters.fee_min;
    world->figures.waited += waiting;
}

static void check_expiry(struct cluster *world, const struct vch_state *state,
                         const struct vch_digest *id)
{
    const struct vch_job_record *job = vch_state_job(state, id);

    if (job != NULL && balance_of(state, &job->client) != world->owed)
        cluster_fail(world, "a job expires, and its client has not paid those who waited");
}

// What counts as it was before the entry is looked at before it is applied; with the end of a
// dispute the ledger may even forget all that it was about.
void cluster_check_before(struct cluster *world, uint32_t fork, const struct vch_entry *entry)
{
    const struct vch_state *state = world->forks[fork].state;

    if (entry->kind == VCH_ENTRY_SORTITION) cluster_weigh_sortition(world, state, entry);
    if (entry->kind == VCH_ENTRY_VERDICT) check_referees(world, state, entry);
    if (entry->kind == VCH_ENTRY_VERDICT) note_marks(world, state, entry);
    if (entry->kind == VCH_ENTRY_EXPIRE) note_expiry(world, state, &entry->expire);
    if (entry->kind == VCH_ENTRY_DISPUTE_DEFAULT)
        note_default(world, state, &entry->dispute_default);
}

static void check_totals(struct cluster *world, const struct vch_state *state)
{
    const struct vch_state_totals totals = vch_state_totals(state);

    if (totals.accounts + totals.escrow + totals.treasury != totals.deposited - totals.withdrawn)
        cluster_fail(world, "the sum is off after %llu entries",
                     (unsigned long long)vch_state_size(state));
}

static void check_honest(struct cluster *world, const struct vch_state *state)
{
    for (uint32_t i = 0; i < world->plan.nodes; i++) {
        const struct cluster_node *node = &world->nodes[i];
        const struct vch_account *account = vch_state_account(state, &node->key.public_key);
        if (account == NULL || node->role != CLUSTER_HONEST) continue;
        if (account->slashes > node->excused)
            cluster_fail(world, "honest node %u was slashed %llu times, of which %u are excused", i,
                         (unsigned long long)account->slashes, node->excused);
    }
}

// A reveal counts exactly when it opens the commit.
static void check_reveal(struct cluster *world, const struct vch_state *state,
                         const struct vch_entry *entry)
{
    const struct vch_contest *contest = vch_state_contest(state, &entry->contest);
    const struct vch_seat *seat = contest != NULL ? vch_state_seat(contest, &entry->writer) : NULL;

    if (seat == NULL) {
        cluster_fail(world, "a reveal without a seat");
        return;
    }
    const struct vch_digest opened = vch_entry_commitment(
        &entry->contest, &entry->writer, &entry->reveal.output,
        entry->reveal.has_trace ? &entry->reveal.trace : NULL, entry->reveal.nonce);
    const bool is_right = vch_hash_is_equal(&opened, &seat->commitment);
    if (seat->state != (is_right ? VCH_SEAT_REVEALED : VCH_SEAT_FALSE))
        cluster_fail(world, "a reveal that %s its commit is taken for the contrary",
                     is_right ? "opens" : "does not open");
}

static void note_job(struct cluster *world, const struct vch_state *state,
                     const struct vch_digest *id)
{
    const struct vch_job_record *job = vch_state_job(state, id);

    if (job == NULL) return;
    world->figures.decided += job->phase == VCH_JOB_DECIDED;
    world->figures.failed += job->phase == VCH_JOB_FAILED;
}

void cluster_check_entry(struct cluster *world, uint32_t fork, const struct vch_entry *entry)
{
    const struct vch_state *state = world->forks[fork].state;
    const uint64_t size = vch_state_size(state);

    if (entry->kind == VCH_ENTRY_VERDICT) {
        check_verdict(world, state, entry);
        check_marks(world, vch_state_contest(state, &entry->contest));
        note_job(world, state, &entry->contest.subject);
    }
    if (entry->kind == VCH_ENTRY_SORTITION && fork == 0)
        cluster_note_sortition(world, state, entry);
    if ((entry->kind == VCH_ENTRY_STAKE || entry->kind == VCH_ENTRY_HOLD) && fork == 0)
        cluster_note_growth(world, state, entry);
    if (entry->kind == VCH_ENTRY_DRAW && fork == 0) cluster_check_draw(world, state, entry);
    if (entry->kind == VCH_ENTRY_REVEAL) check_reveal(world, state, entry);
    if (entry->kind == VCH_ENTRY_EXPIRE) {
        check_expiry(world, state, &entry->expire);
        note_job(world, state, &entry->expire);
    }
    if (entry->kind == VCH_ENTRY_JOB_OPEN)
        world->figures.opened += fork == 0 && !entry->job_open->is_trial;
    if (entry->kind == VCH_ENTRY_DISPUTE_OPEN) note_dispute(world, state, entry);
    if (entry->kind == VCH_ENTRY_EVIDENCE) world->figures.evidence++;
    if (entry->kind == VCH_ENTRY_TRIAL_RESULT) world->figures.trials++;
    if (size % TOTALS_EVERY == 0) check_totals(world, state);
    if (size % ALL_EVERY == 0) cluster_check_all(world);
}

void cluster_check_all(struct cluster *world)
{
    for (uint32_t i = 0; i < CLUSTER_FORKS && !world->is_broken; i++) {
        const struct vch_state *state = world->forks[i].state;
        struct vch_complaint complaint = {0};
        if (state == NULL) continue;
        if (!vch_is_ok(vch_state_check_invariants(state, &complaint)))
            cluster_fail(world, "invariant: %s", complaint.text);
        check_honest(world, state);
    }
}

static void count_results(struct cluster *world, const struct vch_state *state)
{
    const struct vch_job_record *job = NULL;

    while ((job = vch_state_next_job(state, job)) != NULL)
        world->figures.liveness_misses += job->phase == VCH_JOB_PENDING;
    for (uint32_t i = 0; i < vch_state_account_count(state); i++)
        world->figures.slashes += vch_state_account_at(state, i)->slashes;
}

// Whoever comes late, or lost its state, has the log alone.
static void check_replay(struct cluster *world, const struct cluster_fork *fork)
{
    struct vch_arena arena;
    struct vch_state *state = cluster_new_state(world, &arena);

    if (!world->is_broken && cluster_replay(world, state, &fork->log, fork->log.count)) {
        const struct vch_digest again = vch_state_digest(state);
        const struct vch_digest first = vch_state_digest(fork->state);
        if (!vch_hash_is_equal(&again, &first))
            cluster_fail(world, "the log replayed gives another state");
    }
    vch_arena_release(&arena);
}

// When messages got through for long enough every job ended, and all who follow agree.
void cluster_check_end(struct cluster *world)
{
    const struct cluster_fork *fork = &world->forks[0];

    cluster_check_all(world);
    if (world->is_broken) return;
    count_results(world, fork->state);
    if (world->forks[1].exists) return; // two logs: neither need go on
    if (world->figures.liveness_misses > 0)
        cluster_fail(world, "%llu jobs never ended",
                     (unsigned long long)world->figures.liveness_misses);
    const struct vch_digest theirs = vch_state_digest(fork->state);
    for (uint32_t i = 0; i < world->plan.groups && !world->is_broken; i++) {
        struct vch_state *state = world->replicas[i].state;
        if (!cluster_replay(world, state, &fork->log, fork->log.count)) return;
        const struct vch_digest mine = vch_state_digest(state);
        if (!vch_hash_is_equal(&mine, &theirs)) cluster_fail(world, "replicas differ at the end");
    }
    if (world->plan.seed % 5 == 0 && !world->is_broken) check_replay(world, fork);
}
