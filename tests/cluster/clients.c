// The founder who sets a network up, clients with their jobs, and the plan that a seed makes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "crypto/transcript.h"

static void make_seed(uint8_t out[static 32], uint64_t seed, const char *what, uint64_t index)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "cluster/seed");
    vch_transcript_absorb_u64(&transcript, "seed", seed);
    vch_transcript_absorb(&transcript, "what", what, strlen(what));
    vch_transcript_absorb_u64(&transcript, "index", index);
    const struct vch_digest digest = vch_transcript_final(&transcript);
    memcpy(out, digest.bytes, 32);
}

static struct vch_secret_key make_key(uint64_t seed, const char *what, uint64_t index)
{
    struct vch_secret_key key;
    uint8_t bytes[32];

    make_seed(bytes, seed, what, index);
    vch_sign_key(&key, bytes);
    return key;
}

static const struct vch_digest MODEL = {{0x4d}};

static uint32_t model_operators(const struct cluster *world)
{
    return 4 + (uint32_t)(world->plan.seed % 9);
}

static struct vch_parameters quick(void)
{
    struct vch_parameters p = vch_charter_default_parameters();

    p.epoch_ms = 1000;
    p.draw_ms = 1500;
    p.commit_ms = 12000;
    p.reveal_ms = 6000;
    p.dispute_ms = 40000;
    p.move_ms = 8000;
    p.unbonding_ms = 200000;
    p.job_ms_max = 120000;
    p.trials = 0;
    p.draw_all = 24;
    p.dispute_bond = 50;
    return p;
}

static void plan_faults(struct cluster_plan *plan, struct cluster_random *random)
{
    plan->drop_permille = cluster_random_below(random, 60);
    plan->twice_permille = cluster_random_below(random, 80);
    plan->delay_ms = 10 + cluster_random_below(random, 300);
    plan->partition_every_ms =
        cluster_random_chance(random, 500) ? 15000 + cluster_random_below(random, 60000) : 0;
    plan->crash_every_ms = cluster_random_chance(random, 700) ? 500 : 0;
    plan->client_permille = cluster_random_below(random, 100);
    plan->audit_permille = cluster_random_below(random, 500);
    plan->censor_permille = cluster_random_chance(random, 250) ? 50 : 0;
    plan->lie_every_ms = 5000;
    plan->is_forking = cluster_random_chance(random, 100);
    plan->has_new_registry = cluster_random_chance(random, 300);
}

struct cluster_plan cluster_plan_of(uint64_t seed, uint32_t jobs, uint32_t nodes)
{
    struct cluster_random random = {cluster_mix(seed, 77)};
    struct cluster_plan plan = {.seed = seed, .jobs = jobs, .parameters = quick()};

    plan.nodes = nodes > 0 ? nodes : 80 + cluster_random_below(&random, 240);
    if (nodes == 0 && seed % 20 == 7) { // thousands, for a part of the jobs
        plan.nodes = 1500 + cluster_random_below(&random, 2500);
        plan.jobs = jobs / 4 + 1;
    }
    if (seed % 10 == 3) { // real signatures: fewer
        plan.is_real = true;
        plan.nodes = plan.nodes > 40 ? 40 : plan.nodes;
        plan.jobs = jobs > 20 ? 20 : jobs;
    }
    plan.groups = 2 + (seed % 4 == 1);
    plan.operators_per_mille = 300 + cluster_random_below(&random, 701);
    plan.dishonest_permille = cluster_random_below(&random, 400);
    plan.quorum = (uint32_t[]){1, 3, 3, 5, 5, 5, 7, 11}[cluster_random_below(&random, 8)];
    plan.job_every_ms = 100 + cluster_random_below(&random, 200);
    plan.roles[CLUSTER_COLLUDE] = true;
    for (uint32_t i = 0; i < CLUSTER_ROLE_COUNT; i++)
        if (cluster_random_chance(&random, 600)) plan.roles[i] = true;
    plan_faults(&plan, &random);
    plan.has_trials = plan.nodes <= 150 && cluster_random_chance(&random, 400);
    plan.parameters.trials = plan.has_trials ? 1 : 0;
    plan.parameters.rounds = 1 + cluster_random_below(&random, 3);
    plan.parameters.referees = (uint32_t[]){3, 5, 7}[cluster_random_below(&random, 3)];
    return plan;
}

static void at_least(uint32_t *what, uint32_t least)
{
    if (*what < least) *what = least;
}

void cluster_plan_everything(struct cluster_plan *plan)
{
    for (uint32_t i = 0; i < CLUSTER_ROLE_COUNT; i++)
        plan->roles[i] = true;
    at_least(&plan->dishonest_permille, 150);
    at_least(&plan->drop_permille, 15);
    at_least(&plan->twice_permille, 15);
    at_least(&plan->delay_ms, 60);
    at_least(&plan->client_permille, 30);
    at_least(&plan->audit_permille, 150);
    at_least(&plan->censor_permille, 30);
    at_least(&plan->partition_every_ms, 25000);
    at_least(&plan->crash_every_ms, 500);
    plan->has_new_registry = true;
}

static enum cluster_role role_of(struct cluster *world, uint32_t index)
{
    enum cluster_role role = CLUSTER_HONEST;

    if (world->plan.is_plain) // an exact number of them
        return index < world->plan.nodes * world->plan.dishonest_permille / 1000 ? CLUSTER_COLLUDE
                                                                                 : CLUSTER_HONEST;
    if (!cluster_random_chance(&world->random, world->plan.dishonest_permille))
        return CLUSTER_HONEST;
    do
        role = (enum cluster_role)cluster_random_below(&world->random, CLUSTER_ROLE_COUNT);
    while (role == CLUSTER_HONEST || !world->plan.roles[role]);
    return role;
}

static void make_nodes(struct cluster *world)
{
    const uint32_t n = world->plan.nodes;
    const uint32_t operators = 1 + (n - 1) * world->plan.operators_per_mille / 1000;

    world->by_key_mask = 1;
    while (world->by_key_mask < 4 * n)
        world->by_key_mask *= 2;
    world->by_key = calloc(world->by_key_mask, sizeof *world->by_key);
    world->nodes = calloc(n, sizeof *world->nodes);
    if (world->by_key == NULL || world->nodes == NULL) abort();
    memset(world->by_key, 0xff, world->by_key_mask * sizeof *world->by_key);
    world->by_key_mask--;
    for (uint32_t i = 0; i < n; i++) {
        struct cluster_node *node = &world->nodes[i];
        uint8_t seed[32];
        node->key = make_key(world->plan.seed, "node", i);
        node->seat.node = node->key.public_key;
        make_seed(seed, world->plan.seed, "vrf", i);
        vch_vrf_key(&node->seat.vrf, seed);
        make_seed(node->seat.secret, world->plan.seed, "nonces", i);
        node->role = role_of(world, i);
        node->group = cluster_random_below(&world->random, world->plan.groups);
        node->operator_ = i < operators ? i : cluster_random_below(&world->random, operators);
        node->is_censored = cluster_random_chance(&world->random, world->plan.censor_permille);
        uint32_t at = 0;
        memcpy(&at, node->key.public_key.bytes, sizeof at);
        for (at &= world->by_key_mask; world->by_key[at] != UINT32_MAX;)
            at = (at + 1) & world->by_key_mask;
        world->by_key[at] = i;
    }
}

static void make_charter(struct cluster *world)
{
    struct vch_charter *charter = &world->charter;
    uint8_t *bytes = NULL;
    size_t size = 0;

    *charter = (struct vch_charter){.origin = "cluster.example/ledger",
                                    .founder = world->founder.public_key,
                                    .clerk = world->clerk.public_key,
                                    .witness_count = CLUSTER_WITNESSES,
                                    .parameters = world->plan.parameters};
    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++) {
        struct cluster_witness witness = {.key = make_key(world->plan.seed, "witness", i)};
        uint32_t at = i;
        for (; at > 0 && memcmp(&world->witnesses[at - 1].key.public_key, &witness.key.public_key,
                                sizeof witness.key.public_key) > 0;
             at--)
            world->witnesses[at] = world->witnesses[at - 1];
        world->witnesses[at] = witness;
    }
    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++) {
        struct cluster_witness *witness = &world->witnesses[i];
        (void)snprintf(charter->witnesses[i].name, sizeof charter->witnesses[i].name, "w%u", i);
        charter->witnesses[i].key = witness->key.public_key;
        witness->skew_ms = (int64_t)cluster_random_below(&world->random, 20000) - 10000;
    }
    world->witnesses[cluster_random_below(&world->random, CLUSTER_WITNESSES)].is_dishonest = true;
    if (!vch_is_ok(vch_charter_encode(&bytes, &size, charter, &world->arena, &world->complaint)))
        cluster_fail(world, "charter: %s", world->complaint.text);
}

// All members but `without` of the nodes, who were dropped.
static void enter_registry(struct cluster *world, uint32_t without)
{
    struct vch_registry *registry = &world->registries[world->registry_count];
    struct vch_entry entry = {.kind = VCH_ENTRY_REGISTRY, .number = ++world->founder_number};
    const uint32_t n = world->plan.nodes;
    uint8_t *bytes = NULL;
    size_t size = 0;

    *registry =
        (struct vch_registry){.network = "cluster.example", .serial = world->registry_count + 1};
    registry->members = VCH_ARENA_NEW(&world->arena, struct vch_member, n + CLUSTER_CLIENTS);
    if (registry->members == NULL) abort();
    for (uint32_t i = without; i < n; i++) {
        struct vch_member *member = &registry->members[registry->member_count++];
        member->key = world->nodes[i].key.public_key;
        member->role = VCH_ROLE_NODE;
        member->has_vrf = true;
        member->vrf = world->nodes[i].seat.vrf.public_key;
        (void)snprintf(member->operator_name, sizeof member->operator_name, "party-%u",
                       world->nodes[i].operator_);
    }
    for (uint32_t i = 0; i < CLUSTER_CLIENTS; i++) {
        struct vch_member *client = &registry->members[registry->member_count++];
        *client = (struct vch_member){.key = world->clients[i].public_key, .role = VCH_ROLE_CLIENT};
        (void)snprintf(client->operator_name, sizeof client->operator_name, "ward-%u", i);
    }
    if (!vch_is_ok(vch_registry_encode(&bytes, &size, registry, &world->founder, &world->arena,
                                       &world->complaint))) {
        cluster_fail(world, "registry: %s", world->complaint.text);
        return;
    }
    world->registry_count++;
    entry.registry.digest = registry->digest;
    entry.registry.serial = registry->serial;
    cluster_append_now(world, &entry, &world->founder);
}

static void deposit(struct cluster *world, const struct vch_public_key *account, uint64_t amount)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DEPOSIT, .number = ++world->founder_number};

    entry.deposit.account = *account;
    entry.deposit.amount = amount;
    cluster_append_now(world, &entry, &world->founder);
}

static void stake_now(struct cluster *world, struct cluster_node *node, uint64_t amount)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_STAKE, .number = ++node->number, .amount = amount};
    cluster_append_now(world, &entry, &node->key);
}

static void hold_now(struct cluster *world, struct cluster_node *node, uint32_t first,
                     uint32_t last)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_HOLD, .number = ++node->number};

    entry.hold = (struct vch_entry_hold){MODEL, first, last, false};
    cluster_append_now(world, &entry, &node->key);
}

static uint64_t first_stake(struct cluster *world)
{
    const uint64_t least = world->plan.parameters.stake_min;

    if (world->plan.is_plain) return least * 1000;
    return least + cluster_random_below(&world->random, (uint32_t)(3 * least));
}

static void endow(struct cluster *world)
{
    for (uint32_t i = 0; i < CLUSTER_CLIENTS; i++)
        deposit(world, &world->clients[i].public_key, UINT64_C(1) << 40);
    deposit(world, &world->founder.public_key, UINT64_C(1) << 40);
    for (uint32_t i = 0; i < world->plan.nodes && !world->is_broken; i++) {
        struct cluster_node *node = &world->nodes[i];
        const uint64_t stake = first_stake(world);
        deposit(world, &node->key.public_key, stake + 2000);
        stake_now(world, node, stake);
        hold_now(world, node, 0, model_operators(world));
    }
}

void cluster_found(struct cluster *world)
{
    const struct cluster_plan *plan = &world->plan;
    struct vch_entry entry = {.kind = VCH_ENTRY_CHARTER, .number = ++world->founder_number};

    world->founder = make_key(plan->seed, "founder", 0);
    world->clerk = make_key(plan->seed, "clerk", 0);
    for (uint32_t i = 0; i < CLUSTER_CLIENTS; i++)
        world->clients[i] = make_key(plan->seed, "client", i);
    if (!plan->is_plain)
        world->clerk_skew_ms = (int64_t)cluster_random_below(&world->random, 10000) - 5000;
    make_nodes(world);
    make_charter(world);
    world->forks[0].exists = true;
    world->forks[0].state = cluster_new_state(world, &world->forks[0].arena);
    for (uint32_t i = 0; i < plan->groups && !world->is_broken; i++)
        world->replicas[i].state = cluster_new_state(world, &world->replicas[i].arena);
    if (world->is_broken) return;
    entry.charter = &world->charter;
    cluster_append_now(world, &entry, &world->founder);
    enter_registry(world, 0);
    world->now_ms += 2 * plan->parameters.epoch_ms;
    endow(world);
}

// Who lost most of its stake gets some more, and stays in the game.
void cluster_restock(struct cluster *world, const struct cluster_event *event)
{
    const uint64_t least = world->plan.parameters.stake_min;

    for (uint32_t i = 0; i < world->plan.nodes && !world->is_broken && !world->plan.is_plain; i++) {
        struct cluster_node *node = &world->nodes[i];
        const struct vch_account *account =
            vch_state_account(world->forks[0].state, &node->key.public_key);
        if (account == NULL || account->stake >= least || world->forks[1].exists) continue;
        if (vch_registry_find(&world->registries[world->registry_count - 1],
                              &node->key.public_key) == NULL)
            continue;
        deposit(world, &node->key.public_key, least);
        stake_now(world, node, least);
    }
    if (world->jobs_left > 0) cluster_at(world, world->now_ms + 20000, *event);
}

struct layout {
    uint32_t ends[4];
    bool by_nodes[4];
    uint32_t count;
};

static struct layout layout_of(struct cluster *world)
{
    const uint32_t n = model_operators(world);

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

    *job = (struct vch_job){.model = MODEL,
                            .client = client_of(world)->public_key,
                            .batch = 1,
                            .commitment_kind = VCH_COMMITMENT_SHA256,
                            .segment_count = layout.count,
                            .quorum = open->is_trial ? 1 : world->plan.quorum};
    make_seed(job->nonce.bytes, world->plan.seed, "job", world->jobs_opened);
    make_seed(job->input.bytes, world->plan.seed, "input", world->jobs_opened);
    for (uint32_t i = 0; i < layout.count; i++)
        job->segments[i] =
            (struct vch_job_segment){i == 0 ? 0 : layout.ends[i - 1], layout.ends[i],
                                     layout.by_nodes[i] ? VCH_JOB_BY_NODES : VCH_JOB_BY_CLIENT};
    if (open->is_trial) {
        job->client = world->founder.public_key;
        job->segment_count = 1;
        job->segments[0] = (struct vch_job_segment){0, model_operators(world), VCH_JOB_BY_NODES};
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
    make_seed(open->input.bytes, world->plan.seed, "first", world->jobs_opened);
}

static void exclude(struct cluster *world, struct vch_entry_job_open *open)
{
    static char name[32];

    if (!cluster_random_chance(&world->random, 100)) return;
    (void)snprintf(name, sizeof name, "party-%u",
                   cluster_random_below(&world->random, world->plan.nodes));
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
    cluster_compute(&right, &id, &open->job.input, model_operators(world), &honest);
    make_seed(nonce, world->plan.seed, "trial", 0);
    open->trial_expected = vch_entry_trial_expected(&open->job_id, &right.output, nonce);
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
    if (world->plan.has_new_registry && world->jobs_left == world->plan.jobs / 2 &&
        world->registry_count == 1 && !world->forks[1].exists)
        enter_registry(world, world->plan.nodes / 20);
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
    make_seed(entry.trial_result.nonce, world->plan.seed, "trial", 0);
    cluster_send(world, group, &entry, &world->founder, 50);
}
