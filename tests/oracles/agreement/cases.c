// A random ledger for the second implementation, tests/oracles/agreement_test.py:
//
//     agreement_cases FILE STEPS
//
// writes to FILE what was offered and what came of it; VCH_SEED decides. Lines:
//
//     R <hex>            a SignedRegistry that readers have
//     E +|-|? <hex> <text>  an entry that was offered: taken, refused, or no entry at all, and why
//     T, A, C, J ...     after one that was taken: totals, accounts, contests that are not over,
//                        jobs that are remembered with their segments
#include <stdlib.h>
#include <string.h>

#include "agreement/clerk.h"
#include "base/bytes.h"
#include "harness/test.h"
#include "world.h"

static const char *path;
static uint32_t steps;
static struct world world;

static bool by_chance(uint32_t percent)
{
    return test_below(100) < percent;
}

static struct world_actor *any_actor(void)
{
    uint32_t i = test_below(WORLD_NODES + WORLD_CLIENTS);
    return i < WORLD_NODES ? &world.nodes[i] : &world.clients[i - WORLD_NODES];
}

static bool enter_counted(struct vch_entry *entry, struct world_actor *actor)
{
    entry->number = by_chance(4) ? actor->number : actor->number + 1; // at times one that was there
    bool is_taken = entry->number > 0 && world_enter(&world, entry, &actor->key);
    if (is_taken) actor->number = entry->number;
    return is_taken;
}

static bool enter_by_founder(struct vch_entry *entry)
{
    entry->number = world.founder_number + 1 + (by_chance(10) ? test_below(3) : 0);
    bool is_taken = world_enter(&world, entry, &world.founder);
    if (is_taken) world.founder_number = entry->number;
    return is_taken;
}

// --- accounts

static void deposit(const struct vch_public_key *account, uint64_t amount)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DEPOSIT,
                              .deposit = {.account = *account, .amount = amount}};
    (void)enter_by_founder(&entry);
}

static void enter_registry(uint32_t which)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_REGISTRY};

    entry.registry.digest = world.registries[which].digest;
    entry.registry.serial = world.registries[which].serial;
    (void)enter_by_founder(&entry);
}

static void hold(struct world_actor *actor, uint32_t first, uint32_t last, bool drop)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_HOLD, .hold = {world.model, first, last, drop}};
    (void)enter_counted(&entry, actor);
}

static void move_money(void)
{
    static const enum vch_entry_kind kinds[] = {
        VCH_ENTRY_WITHDRAW, VCH_ENTRY_STAKE, VCH_ENTRY_STAKE, VCH_ENTRY_UNSTAKE, VCH_ENTRY_RELEASE};
    struct vch_entry entry = {.kind = kinds[test_below(5)], .amount = 1 + test_below(400)};
    (void)enter_counted(&entry, any_actor());
}

static void touch_accounts(void)
{
    uint32_t first = test_below(WORLD_OPERATORS), choice = test_below(12);

    if (choice < 2)
        deposit(&any_actor()->key.public_key, 1 + test_below(3000));
    else if (choice < 4)
        hold(any_actor(), first, first + test_below(WORLD_OPERATORS), by_chance(20));
    else if (choice == 4 && by_chance(30))
        hold(any_actor(), 0, WORLD_OPERATORS, by_chance(50));
    else if (choice == 4)
        enter_registry(test_below(WORLD_REGISTRIES));
    else
        move_money();
}

// --- jobs

static void cut_segments(struct vch_job *job)
{
    uint32_t at = 0;

    while (at < WORLD_OPERATORS && job->segment_count < 4) {
        struct vch_job_segment *segment = &job->segments[job->segment_count++];
        uint32_t last = job->segment_count == 4 ? WORLD_OPERATORS : at + 1 + test_below(4);
        segment->first = at;
        segment->last = at = last < WORLD_OPERATORS ? last : WORLD_OPERATORS;
        segment->by = by_chance(60) ? VCH_JOB_BY_NODES : VCH_JOB_BY_CLIENT;
    }
    job->segments[test_below(job->segment_count)].by = VCH_JOB_BY_NODES;
}

static void make_job(struct vch_job *job, const struct vch_public_key *client, uint32_t quorum)
{
    const struct vch_registry *registry = vch_state_registry_at(world.state, world.now_ms);

    *job = (struct vch_job){.model = world.model,
                            .client = *client,
                            .batch = 1,
                            .commitment_kind = VCH_COMMITMENT_SHA256,
                            .quorum = quorum};
    job->nonce = world_digest("job", world.now_ms, test_below(UINT32_MAX), 0);
    job->input = world_digest("input", vch_get_u64le(job->nonce.bytes), 0, 0);
    job->registry = registry != NULL && !by_chance(3) ? registry->digest : job->nonce;
    job->deadline_ms = world.now_ms + 300 + test_below(by_chance(5) ? 20000 : 4500);
    cut_segments(job);
    for (uint32_t i = 0; i <= job->segment_count; i++)
        job->nonces[i] = world_digest("pin", i, 0, 0);
}

static bool finish_job(struct vch_entry_job_open *open)
{
    uint8_t *bytes = NULL;

    open->has_input = open->job.segments[0].by != VCH_JOB_BY_NODES;
    open->input = world_digest("first input", vch_get_u64le(open->job.nonce.bytes), 0, 0);
    CHECK_OK(vch_job_encode(&bytes, &open->job_size, &open->job, &world.scratch, NULL));
    open->job_bytes = bytes;
    open->job_id = vch_job_id(bytes, open->job_size);
    return true;
}

static void open_one_job(void)
{
    static const uint32_t quorums[] = {1, 1, 3, 3, 3, 5};
    struct world_actor *client =
        by_chance(90) ? &world.clients[test_below(WORLD_CLIENTS)] : any_actor();
    struct vch_entry_job_open *open = VCH_ARENA_NEW(&world.scratch, struct vch_entry_job_open, 1);
    struct vch_entry entry = {.kind = VCH_ENTRY_JOB_OPEN, .job_open = open};

    make_job(&open->job, &client->key.public_key, quorums[test_below(6)]);
    open->fee = world.charter.parameters.fee_min + test_below(20);
    if (by_chance(20)) {
        open->excluded_count = 1;
        open->excluded[0] = by_chance(50) ? "op-1" : "op-9";
    }
    if (finish_job(open)) (void)enter_counted(&entry, client);
}

static struct vch_digest trial_nonce(const struct vch_digest *job)
{
    return world_digest("trial", vch_get_u64le(job->bytes), 0, 0);
}

// What is right in a trial is what an honest node would say: the output of a contest of its own.
static struct vch_digest trial_output(const struct vch_digest *job, uint32_t segment)
{
    struct world honest = {.honest_percent = 100};
    struct vch_contest contest = {.id = {*job, segment, 0}, .first = 0, .last = 1};

    return world_answer(&honest, &contest, 0).output;
}

static void open_trial(void)
{
    struct vch_entry_job_open *open = VCH_ARENA_NEW(&world.scratch, struct vch_entry_job_open, 1);
    struct vch_entry entry = {.kind = VCH_ENTRY_JOB_OPEN, .job_open = open};
    uint32_t index = 0;

    make_job(&open->job, &world.founder.public_key, 1);
    open->job.segment_count = 1;
    open->job.segments[0] = (struct vch_job_segment){0, 1 + test_below(3), VCH_JOB_BY_NODES};
    open->fee = world.charter.parameters.fee_min + test_below(20);
    open->is_trial = true;
    open->excluded_count = by_chance(5);
    open->excluded[0] = "op-1";
    open->trial_node = world.nodes[test_below(WORLD_NODES)].key.public_key;
    (void)finish_job(open);
    struct vch_digest output = trial_output(&open->job_id, index);
    struct vch_digest nonce = trial_nonce(&open->job_id);
    open->trial_expected = vch_entry_trial_expected(&open->job_id, &output, nonce.bytes);
    (void)enter_by_founder(&entry);
}

static void enter_trial_result(const struct vch_contest *contest)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_TRIAL_RESULT};
    struct vch_digest nonce = trial_nonce(&contest->id.subject);

    entry.trial_result.job = contest->id.subject;
    entry.trial_result.output = trial_output(&contest->id.subject, contest->id.segment);
    memcpy(entry.trial_result.nonce, nonce.bytes, sizeof nonce.bytes);
    (void)world_enter(&world, &entry, by_chance(95) ? &world.founder : &world.clerk);
}

static void enter_input(const struct vch_contest *contest)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_INPUT};

    entry.input.job = contest->id.subject;
    entry.input.segment = contest->id.segment;
    entry.input.input = world_digest("input", world.now_ms, 0, 0);
    const struct vch_job_record *job = vch_state_job(world.state, &contest->id.subject);
    if (job == NULL) return;
    const struct world_actor *client = world_node(&world, &job->client);
    if (client == NULL || by_chance(5)) client = any_actor();
    (void)world_enter(&world, &entry, &client->key);
}

// --- contests

static const struct vch_contest *any_contest(void)
{
    const struct vch_contest *chosen = NULL;
    uint32_t count = 0;

    for (const struct vch_contest *it = vch_state_next_contest(world.state, NULL); it != NULL;
         it = vch_state_next_contest(world.state, it))
        if (test_below(++count) == 0) chosen = it;
    return chosen;
}

static uint32_t count_contests(void)
{
    uint32_t count = 0;

    for (const struct vch_contest *it = vch_state_next_contest(world.state, NULL); it != NULL;
         it = vch_state_next_contest(world.state, it))
        count++;
    return count;
}

static void spoil(struct vch_entry *entry)
{
    switch ((int)entry->kind) {
    case VCH_ENTRY_SORTITION: entry->sortition.proof.bytes[test_below(80)] ^= 1; break;
    case VCH_ENTRY_DRAW: entry->draw.weight++; break;
    case VCH_ENTRY_CLOSE: entry->close.commits++; break;
    case VCH_ENTRY_REVEAL: entry->reveal.nonce[0] ^= 1; break; // is taken, and slashed
    case VCH_ENTRY_VERDICT: entry->verdict.agreeing++; break;
    case VCH_ENTRY_DISPUTE_MOVE: entry->dispute_move.right.bytes[0] ^= 1; break;
    default: entry->contest.round ^= 1; break;
    }
}

static void open_job(void)
{
    if (count_contests() < 6) open_one_job();
}

static void act(const struct vch_contest *contest, uint32_t node)
{
    struct vch_seat_answer answer = world_answer(&world, contest, node);
    struct vch_entry entry;

    if (!vch_seat_next(&entry, world.state, contest, &world.nodes[node].seat, &answer,
                       world.now_ms))
        return;
    if (by_chance(3)) spoil(&entry);
    (void)world_enter(&world, &entry, &world.nodes[node].key);
}

static void act_in_contest(void)
{
    const struct vch_contest *contest = any_contest();
    uint32_t choice = test_below(20);

    if (contest == NULL) return;
    struct vch_contest_id id = contest->id;
    if (choice == 0 || (!contest->has_input && choice < 12))
        enter_input(contest);
    else if (contest->is_trial && (choice < 3 || contest->phase == VCH_CONTEST_REVEALING))
        enter_trial_result(contest);
    for (uint32_t i = 0; i < WORLD_NODES; i++) {
        contest = vch_state_contest(world.state, &id); // entries may have ended it
        if (contest != NULL && by_chance(85)) act(contest, i);
    }
}

static void act_as_clerk(void)
{
    struct vch_entry entry;
    uint64_t ahead = by_chance(10) ? test_below(300) : 0; // at times too early

    if (!vch_clerk_next(&entry, world.state, world.now_ms + ahead, &world.scratch)) return;
    if (by_chance(5)) spoil(&entry);
    (void)world_enter(&world, &entry, by_chance(98) ? &world.clerk : &world.founder);
}

static void enter_anchor(void)
{
    uint64_t size = vch_state_size(world.state), back = by_chance(20) ? test_below(5) : 0;

    if (size <= back + 1) return;
    (void)world_anchor(&world, size - back, by_chance(95) ? 3 + test_below(2) : 2);
}

static void commit_twice(void)
{
    const struct vch_contest *contest = any_contest();

    if (contest == NULL || contest->seat_count == 0) return;
    uint32_t i = test_below(WORLD_NODES);
    struct vch_entry drafts[2] = {{0}}, entry = {.kind = VCH_ENTRY_EVIDENCE};
    for (uint32_t j = 0; j < 2; j++) {
        drafts[j].kind = VCH_ENTRY_COMMIT;
        drafts[j].contest = contest->id;
        drafts[j].commit.commitment = world_digest("twice", by_chance(95) ? j : 0, 0, 0);
        CHECK_OK(vch_entry_sign(&drafts[j], &world.charter.id, &world.nodes[i].key, &world.scratch,
                                NULL));
    }
    entry.evidence.first = &drafts[0];
    entry.evidence.second = &drafts[1];
    (void)world_enter(&world, &entry, &any_actor()->key);
}

// --- disputes

// A seat, right or wrong, or somebody else, with an answer of some seat.
static void open_dispute(void)
{
    const struct vch_job_record *chosen = NULL;
    uint32_t count = 0;

    for (const struct vch_job_record *it = vch_state_next_job(world.state, NULL); it != NULL;
         it = vch_state_next_job(world.state, it))
        if (test_below(++count) == 0) chosen = it;
    if (chosen == NULL) return;
    struct vch_contest_id id = {chosen->id, test_below(4), 0};
    const struct vch_segment_record *segment =
        vch_state_segment(world.state, &chosen->id, id.segment);
    if (segment == NULL || (segment->phase != VCH_JOB_DECIDED && by_chance(95))) return;
    id.round = test_below(segment->round + 1);
    const struct vch_contest *contest = vch_state_contest(world.state, &id);
    if (contest == NULL || contest->seat_count == 0) return;
    const struct vch_seat *seat = &contest->seats[test_below(contest->seat_count)];
    struct world_actor *actor = by_chance(70) ? world_node(&world, &seat->node) : any_actor();
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};
    entry.dispute_open.job = chosen->id;
    entry.dispute_open.segment = id.segment;
    entry.dispute_open.output = seat->output;
    entry.dispute_open.trace = seat->trace;
    (void)world_enter(&world, &entry, &actor->key);
}

static void move(struct world_actor *actor, const struct vch_dispute *dispute)
{
    const struct vch_segment_record *segment =
        vch_state_segment(world.state, &dispute->job, dispute->segment);
    struct vch_digest leaves[WORLD_LEAVES_MAX];
    struct vch_entry entry;

    if (segment == NULL) return;
    for (uint32_t side = 0; side < 2; side++) {
        uint32_t count = segment->last - segment->first;
        if (!world_leaves(leaves, &dispute->job, dispute->segment, count, &dispute->trace[side]) ||
            !vch_seat_next_move(&entry, world.state, dispute, &actor->key.public_key, leaves,
                                count))
            continue;
        if (by_chance(5)) spoil(&entry);
        (void)world_enter(&world, &entry, &actor->key);
        return;
    }
}

static void act_in_disputes(void)
{
    const struct vch_dispute *dispute = vch_state_next_dispute(world.state, NULL);

    for (uint32_t skip = test_below(3); skip > 0 && dispute != NULL; skip--)
        dispute = vch_state_next_dispute(world.state, dispute);
    for (uint32_t i = 0; i < 10; i++) // most find nothing to dispute
        open_dispute();
    if (dispute == NULL) return;
    struct vch_digest id = dispute->id;
    for (uint32_t i = 0; i < WORLD_NODES + WORLD_CLIENTS && dispute != NULL; i++) {
        if (dispute->phase == VCH_DISPUTE_MOVING && by_chance(80))
            move(i < WORLD_NODES ? &world.nodes[i] : &world.clients[i - WORLD_NODES], dispute);
        dispute = vch_state_dispute(world.state, &id);
    }
}

// --- out of turn: what would be right at another time, or from somebody else

static void fill_guess(struct vch_entry *entry, const struct vch_contest *contest, uint32_t node)
{
    struct vch_seat_answer answer = world_answer(&world, contest, node);
    const struct vch_digest *trace = contest->is_dispute ? NULL : &answer.trace;
    uint8_t nonce[32];

    vch_seat_nonce(nonce, &world.nodes[node].seat, &contest->id);
    switch ((int)entry->kind) {
    case VCH_ENTRY_SORTITION:
        vch_vrf_prove(&entry->sortition.proof, &world.nodes[node].seat.vrf, contest->alpha.bytes,
                      sizeof contest->alpha.bytes);
        break;
    case VCH_ENTRY_COMMIT:
        entry->commit.commitment = vch_entry_commitment(
            &contest->id, &world.nodes[node].key.public_key, &answer.output, trace, nonce);
        break;
    default:
        entry->reveal.output = answer.output;
        entry->reveal.has_trace = trace != NULL;
        entry->reveal.trace = answer.trace;
        memcpy(entry->reveal.nonce, nonce, sizeof nonce);
        break;
    }
}

static void act_out_of_turn(void)
{
    static const enum vch_entry_kind kinds[] = {VCH_ENTRY_SORTITION, VCH_ENTRY_SORTITION,
                                                VCH_ENTRY_COMMIT, VCH_ENTRY_REVEAL};
    const struct vch_contest *contest = any_contest();
    uint32_t node = test_below(WORLD_NODES);

    if (contest == NULL) return;
    struct vch_entry entry = {.kind = kinds[test_below(4)], .contest = contest->id};
    fill_guess(&entry, contest, node);
    (void)world_enter(&world, &entry, &world.nodes[node].key);
}

static void fill_ruling(struct vch_entry *entry, const struct vch_contest *contest)
{
    struct vch_entry_seat *seats =
        VCH_ARENA_NEW(&world.scratch, struct vch_entry_seat, contest->standing);
    struct vch_state_tally tally = vch_state_tally(world.state, contest);

    if (entry->kind == VCH_ENTRY_DRAW) {
        for (uint32_t i = 0; i < contest->standing; i++)
            seats[i] = (struct vch_entry_seat){contest->seats[i].node, contest->seats[i].weight};
        entry->draw.count = contest->standing;
        entry->draw.seats = seats;
        entry->draw.eligible = contest->eligible;
        entry->draw.weight = contest->weight;
    } else if (entry->kind == VCH_ENTRY_CLOSE) {
        entry->close.commits = contest->commits;
    } else {
        entry->verdict.has_output = tally.has_output;
        entry->verdict.output = tally.output;
        entry->verdict.agreeing = tally.agreeing;
    }
}

static void rule_out_of_turn(void)
{
    static const enum vch_entry_kind kinds[] = {VCH_ENTRY_DRAW, VCH_ENTRY_CLOSE, VCH_ENTRY_VERDICT,
                                                VCH_ENTRY_EXPIRE, VCH_ENTRY_DISPUTE_DEFAULT};
    const struct vch_contest *contest = any_contest();
    const struct vch_dispute *dispute = vch_state_next_dispute(world.state, NULL);

    if (contest == NULL) return;
    struct vch_entry entry = {.kind = kinds[test_below(5)]};
    if (entry.kind == VCH_ENTRY_EXPIRE)
        entry.expire = contest->id.subject;
    else if (entry.kind == VCH_ENTRY_DISPUTE_DEFAULT)
        entry.dispute_default = dispute != NULL ? dispute->id : contest->id.subject;
    else
        entry.contest = contest->id;
    if (entry.kind <= VCH_ENTRY_VERDICT) fill_ruling(&entry, contest);
    (void)world_enter(&world, &entry, &world.clerk);
}

// --- what nobody should take: what was there, at the wrong time, or with a byte changed

static void disturb_one(void)
{
    uint32_t which = test_below(world.taken);
    size_t size = world.log[which].size;
    uint8_t *bytes = vch_arena_alloc(&world.scratch, size + 1, 1);

    memcpy(bytes, world.log[which].bytes, size);
    // Most of an entry is keys and digests, which can be anything; its beginning is structure.
    uint32_t reach = by_chance(50) || size < 32 ? (uint32_t)size : 32;
    for (uint32_t i = test_below(3); i > 0; i--) {
        uint32_t at = test_below(reach);
        bytes[at] =
            by_chance(70) ? bytes[at] ^ (uint8_t)(1u << test_below(8)) : (uint8_t)test_below(256);
    }
    if (by_chance(20)) size -= 1 + (by_chance(30) ? test_below((uint32_t)size - 1) : 0);
    (void)world_offer(&world, bytes, size);
}

static void disturb(void)
{
    for (uint32_t i = 0; i < 10; i++)
        disturb_one();
}

static void replay(void)
{
    uint32_t which = test_below(world.taken);
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct vch_entry entry;

    CHECK_OK(vch_entry_decode(&entry, world.log[which].bytes, world.log[which].size, &world.scratch,
                              NULL));
    entry.time_ms = world.now_ms - (by_chance(20) ? test_below(50) : 0);
    CHECK_OK(vch_entry_encode(&bytes, &size, &entry, &world.scratch, NULL));
    (void)world_offer(&world, bytes, size);
}

static void step(void)
{
    static const struct {
        uint32_t share;
        void (*run)(void);
    } actions[] = {{6, touch_accounts},  {5, open_job},         {2, open_trial},
                   {30, act_in_contest}, {12, act_as_clerk},    {12, enter_anchor},
                   {1, commit_twice},    {16, act_in_disputes}, {2, disturb},
                   {2, replay},          {4, act_out_of_turn},  {8, rule_out_of_turn}};
    uint32_t at = test_below(100);
    struct vch_arena_mark mark = vch_arena_mark(&world.scratch);

    if (by_chance(40)) world.now_ms += test_below(by_chance(1) ? 2000 : 40);
    FOR_EACH(action, actions)
    {
        if (at < action->share) {
            action->run();
            break;
        }
        at -= action->share;
    }
    vch_arena_rewind(&world.scratch, mark);
}

static void found(void)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_CHARTER, .number = 1, .charter = &world.charter};

    CHECK(world_enter(&world, &entry, &world.founder));
    world.founder_number = 1;
    enter_registry(0);
    deposit(&world.founder.public_key, 100000);
    for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
        deposit(&world.clients[i].key.public_key, 100000);
    for (uint32_t i = 0; i < WORLD_NODES; i++) {
        struct vch_entry stake = {.kind = VCH_ENTRY_STAKE, .amount = 1000 + test_below(1000)};
        deposit(&world.nodes[i].key.public_key, 3000);
        (void)enter_counted(&stake, &world.nodes[i]);
        hold(&world.nodes[i], 0, WORLD_OPERATORS, false);
    }
    world.now_ms += world.charter.parameters.epoch_ms;
}

TEST(agreement_cases)
{
    FILE *out = fopen(path, "w");

    CHECK(out != NULL);
    world_init(&world, out);
    found();
    for (uint32_t i = 0; i < steps; i++)
        step();
    printf("# %u entries taken, %u refused:", world.taken, world.refused);
    for (uint32_t i = 2; i < sizeof world.kinds / sizeof *world.kinds; i++)
        printf(" %s %u", vch_entry_kind_text((enum vch_entry_kind)i), world.kinds[i]);
    putchar('\n');
    world_release(&world);
    CHECK(fclose(out) == 0);
}

// The harness's own argument is the name of a test, so these come in before main.
__attribute__((constructor)) static void take_arguments(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: agreement_cases FILE STEPS\n");
        exit(2);
    }
    path = argv[1];
    steps = (uint32_t)strtoul(argv[2], NULL, 10);
    argv[1] = NULL;
}
