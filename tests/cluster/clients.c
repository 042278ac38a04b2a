// Clients with their jobs, and the founder with trials.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"

struct layout {
    uint32_t ends[4];
    bool by_nodes[4];
    uint32_t count;
};

static struct layout layout_of(struct cluster *world)
{
    const uint32_t n = cluster_model_operators(world);

    switch (world->plan.is_plain ? 0 : cluster_random_below(&world->random, 5)) {
    case 0:
    case 1: return (struct layout){{n}, {true}, 1};
    case 2: return (struct layout){{1, n - 1, n}, {false, true, false}, 3};
    case 3: return (struct layout){{1, n / 2, n}, {false, true, true}, 3};
    default: return (struct layout){{n / 2, n - 1, n}, {true, false, true}, 3};
    }
}

// Several, so that jobs overtake each other without their numbers doing so.
static struct vch_secret_key *client_of(struct cluster *world)
{
    return &world->clients[world->jobs_opened % CLUSTER_CLIENTS];
}

static void fill_job(struct cluster *world, struct vch_entry_job_open *open, uint64_t now_ms)
{
    const struct layout layout = layout_of(world);
    struct vch_job *job = &open->job;
    uint8_t *bytes = NULL;

    *job = (struct vch_job){.model = CLUSTER_MODEL,
                            .client = client_of(world)->public_key,
                            .batch = 1,
                            .commitment_kind = VCH_COMMITMENT_SHA256,
                            .segment_count = layout.count,
                            .quorum = open->is_trial ? 1 : world->plan.quorum};
    cluster_make_seed(job->nonce.bytes, world->plan.seed, "job", world->jobs_opened);
    cluster_make_seed(job->input.bytes, world->plan.seed, "input", world->jobs_opened);
    for (uint32_t i = 0; i < layout.count; i++)
        job->segments[i] =
            (struct vch_job_segment){i == 0 ? 0 : layout.ends[i - 1], layout.ends[i],
                                     layout.by_nodes[i] ? VCH_JOB_BY_NODES : VCH_JOB_BY_CLIENT};
    if (open->is_trial) {
        job->client = world->founder.public_key;
        job->segment_count = 1;
        job->segments[0] =
            (struct vch_job_segment){0, cluster_model_operators(world), VCH_JOB_BY_NODES};
    }
    job->deadline_ms = now_ms + world->plan.parameters.job_ms_max * 3 / 4;
    job->registry = vch_state_registry_at(world->forks[0].state, now_ms)->digest;
    if (!vch_is_ok(vch_job_encode(&bytes, &open->job_size, job, &world->work, &world->complaint))) {
        cluster_fail(world, "job: %s", world->complaint.text);
        return;
    }
    open->job_bytes = bytes;
    open->job_id = vch_job_id(bytes, open->job_size);
    open->fee = world->plan.parameters.fee_min + cluster_random_below(&world->random, 4);
    open->has_input = job->segments[0].by == VCH_JOB_BY_CLIENT;
    cluster_make_seed(open->input.bytes, world->plan.seed, "first", world->jobs_opened);
}

static void exclude(struct cluster *world, struct vch_entry_job_open *open)
{
    static char name[32];
    const struct vch_contest_id first = {open->job_id, 0, 0};
    const uint32_t operator_ = cluster_random_below(&world->random, world->plan.nodes);

    if (open->is_trial || !cluster_random_chance(&world->random, 200)) return;
    (void)snprintf(name, sizeof name, "party-%u", operator_);
    cluster_contest_of(world, &first)->excluded = operator_ + 1;
    open->excluded[0] = name;
    open->excluded_count = 1;
}

static void open_trial(struct cluster *world, struct vch_entry_job_open *open)
{
    const uint32_t index = world->jobs_opened % world->plan.nodes;
    const struct cluster_recipe honest = {.lie_at = UINT32_MAX};
    const struct vch_contest_id id = {open->job_id, 0, 0};
    struct cluster_answer right;
    uint8_t nonce[32];

    open->trial_node = world->nodes[index].key.public_key;
    cluster_compute(&right, &id, &open->job.input, cluster_model_operators(world), &honest);
    cluster_make_seed(nonce, world->plan.seed, "trial", 0);
    open->trial_expected = vch_entry_trial_expected(&open->job_id, &right.output, nonce);
}

// Now and then, while jobs wait for their anchors, nodes are dropped, or come back.
static void renew_registry(struct cluster *world)
{
    static const uint32_t WITHOUT[] = {0, 20, 40, 0}; // one of so many nodes; 0: of none
    const uint32_t count = world->registry_count;

    if (!world->plan.has_new_registry || world->forks[1].exists ||
        count == sizeof WITHOUT / sizeof *WITHOUT ||
        world->jobs_left != world->plan.jobs * (4 - count) / 4)
        return;
    cluster_enter_registry(world, WITHOUT[count] > 0 ? world->plan.nodes / WITHOUT[count] : 0);
}

// A job for whoever waits; with trials, each node first has one of its own.
void cluster_open_job(struct cluster *world, const struct cluster_event *event)
{
    const uint64_t now_ms = vch_state_time(world->forks[0].state);
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);
    struct vch_entry_job_open *open = VCH_ARENA_NEW(&world->work, struct vch_entry_job_open, 1);
    struct vch_entry entry = {.kind = VCH_ENTRY_JOB_OPEN};

    if (open == NULL) abort();
    const uint32_t group = cluster_random_below(&world->random, world->plan.groups);
    open->is_trial = world->plan.has_trials && world->jobs_opened < world->plan.nodes;
    fill_job(world, open, now_ms > world->now_ms ? now_ms : world->now_ms);
    if (!world->is_broken) {
        if (open->is_trial) open_trial(world, open);
        exclude(world, open);
        entry.number = open->is_trial
                           ? ++world->founder_number
                           : ++world->client_numbers[world->jobs_opened % CLUSTER_CLIENTS];
        entry.job_open = open;
        cluster_send_until_open(world, group, &entry,
                                open->is_trial ? &world->founder : client_of(world), &open->job_id);
        if (cluster_random_chance(&world->random, world->plan.client_permille)) // and once more
            cluster_send(world, group, &entry, client_of(world), 300);
        if (!open->is_trial) world->jobs_left--;
        world->jobs_opened++;
        world->figures.jobs += !open->is_trial;
    }
    vch_arena_rewind(&world->work, mark);
    if (world->jobs_left == 0 || world->is_broken) return;
    renew_registry(world);
    cluster_at(world,
               world->now_ms + 1 +
                   cluster_random_below(&world->random, 2 * world->plan.job_every_ms),
               *event);
}

static bool misbehaves(const struct cluster *world, const struct vch_digest *job, uint32_t what)
{
    uint64_t word = 0;

    memcpy(&word, job->bytes, sizeof word);
    return cluster_mix(word, what) % 1000 < world->plan.client_permille;
}

// A client may send an input that does not match, or none, to a part of the nodes.
bool cluster_has_input(const struct cluster *world, uint32_t node,
                       const struct vch_contest *contest)
{
    if (contest->is_trial || !misbehaves(world, &contest->id.subject, 1)) return true;
    return cluster_mix(cluster_hash_contest(&contest->id), node) % 3 == 0;
}

void cluster_give_input(struct cluster *world, uint32_t group, const struct vch_contest *contest)
{
    const struct vch_state *state = world->replicas[group].state;
    const struct vch_segment_record *before = NULL;
    struct vch_entry entry = {.kind = VCH_ENTRY_INPUT};

    if (misbehaves(world, &contest->id.subject, 2) || contest->id.segment < 2) return;
    before = vch_state_segment(state, &contest->id.subject, contest->id.segment - 1);
    if (before != NULL) return; // by nodes: its output is the input
    before = vch_state_segment(state, &contest->id.subject, contest->id.segment - 2);
    if (before == NULL || before->phase != VCH_JOB_DECIDED) return;
    if (!cluster_sends(world, cluster_mix(cluster_hash_contest(&contest->id), 4), 1500)) return;
    entry.input.job = contest->id.subject;
    entry.input.segment = contest->id.segment;
    entry.input.input = before->output;
    entry.input.input.bytes[0] ^= 1;
    const struct vch_job_record *job = vch_state_job(state, &contest->id.subject);
    for (uint32_t i = 0; job != NULL && i < CLUSTER_CLIENTS; i++)
        if (memcmp(&world->clients[i].public_key, &job->client, sizeof job->client) == 0)
            cluster_send(world, group, &entry, &world->clients[i], 50);
}

void cluster_tell_trial(struct cluster *world, uint32_t group, const struct vch_contest *contest)
{
    const struct cluster_recipe honest = {.lie_at = UINT32_MAX};
    struct vch_entry entry = {.kind = VCH_ENTRY_TRIAL_RESULT};
    struct cluster_answer right;

    if (contest->phase != VCH_CONTEST_REVEALING || contest->seat_count == 0 ||
        contest->seats[0].state != VCH_SEAT_REVEALED)
        return;
    if (!cluster_sends(world, cluster_mix(cluster_hash_contest(&contest->id), 5), 1500)) return;
    cluster_compute(&right, &contest->id, &contest->input, contest->last - contest->first, &honest);
    entry.trial_result.job = contest->id.subject;
    entry.trial_result.output = right.output;
    cluster_make_seed(entry.trial_result.nonce, world->plan.seed, "trial", 0);
    cluster_send(world, group, &entry, &world->founder, 50);
}
