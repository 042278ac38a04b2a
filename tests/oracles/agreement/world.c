#include "world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "crypto/merkle.h"
#include "crypto/transcript.h"
#include "harness/test.h"

static uint64_t world_seed;

struct vch_digest world_digest(const char *word, uint64_t a, uint64_t b, uint64_t c)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/example/v1");
    vch_transcript_absorb(&transcript, "word", word, strlen(word));
    vch_transcript_absorb_u64(&transcript, "seed", world_seed);
    vch_transcript_absorb_u64(&transcript, "a", a);
    vch_transcript_absorb_u64(&transcript, "b", b);
    vch_transcript_absorb_u64(&transcript, "c", c);
    return vch_transcript_final(&transcript);
}

static struct vch_secret_key key_of(const char *word, uint32_t i)
{
    struct vch_secret_key key;
    struct vch_digest seed = world_digest(word, i, 0, 0);

    vch_sign_key(&key, seed.bytes);
    return key;
}

static void actor_init(struct world_actor *actor, const char *word, uint32_t i)
{
    struct vch_digest vrf = world_digest(word, i, 1, 0), secret = world_digest(word, i, 2, 0);

    actor->key = key_of(word, i);
    actor->seat.node = actor->key.public_key;
    vch_vrf_key(&actor->seat.vrf, vrf.bytes);
    memcpy(actor->seat.secret, secret.bytes, sizeof secret.bytes);
}

struct world_actor *world_node(struct world *world, const struct vch_public_key *key)
{
    FOR_EACH(actor, world->nodes)
    if (memcmp(&actor->key.public_key, key, sizeof *key) == 0) return actor;
    FOR_EACH(actor, world->clients)
    if (memcmp(&actor->key.public_key, key, sizeof *key) == 0) return actor;
    return NULL;
}

// The first registry lacks a node, the second has all, the third has dropped another's VRF key.
static void make_registry(struct world *world, uint32_t which)
{
    struct vch_registry *registry = &world->registries[which];
    struct vch_member *members =
        VCH_ARENA_NEW(&world->arena, struct vch_member, WORLD_NODES + WORLD_CLIENTS);
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < WORLD_NODES; i++) {
        if (which == 0 && i == 1) continue;
        struct vch_member *member = &members[count++];
        member->key = world->nodes[i].key.public_key;
        member->role = VCH_ROLE_NODE;
        (void)snprintf(member->operator_name, sizeof member->operator_name, "op-%u",
                       i < WORLD_PARTIES - 1 ? i : WORLD_PARTIES - 1);
        member->has_vrf = i != WORLD_NODES - 1 && (which != 2 || i != 2);
        if (member->has_vrf) member->vrf = world->nodes[i].seat.vrf.public_key;
    }
    for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
        struct vch_member *member = &members[count++];
        member->key = world->clients[i].key.public_key;
        member->role = VCH_ROLE_CLIENT;
        (void)snprintf(member->operator_name, sizeof member->operator_name, "client-%u", i);
    }
    registry->members = members;
    registry->member_count = count;
    registry->serial = 10 + which;
    (void)snprintf(registry->network, sizeof registry->network, "net");
    CHECK_OK(vch_registry_encode(&bytes, &size, registry, &world->founder, &world->arena, NULL));
    (void)fputs("R ", world->out);
    for (size_t i = 0; i < size; i++)
        (void)fprintf(world->out, "%02x", bytes[i]);
    (void)fputc('\n', world->out);
}

static const struct vch_registry *find_registry(void *context, const struct vch_digest *digest)
{
    struct world *world = context;

    FOR_EACH(registry, world->registries)
    if (vch_hash_is_equal(&registry->digest, digest)) return registry;
    return NULL;
}

// Short times, so that everything happens often.
static void choose_parameters(struct vch_parameters *p)
{
    *p = vch_charter_default_parameters();
    p->epoch_ms = 1 + test_below(2000);
    p->draw_ms = 20 + test_below(300);
    p->commit_ms = 50 + test_below(800);
    p->reveal_ms = 50 + test_below(600);
    p->dispute_ms = 500 + test_below(4000);
    p->move_ms = 100 + test_below(900);
    p->unbonding_ms = p->dispute_ms + test_below(2000);
    p->skew_ms = 1000; // as windows are short
    p->job_ms_max = 5000 + test_below(8000);
    p->rounds = 1 + test_below(3);
    p->draw_all = test_below(3) == 0 ? 1 + test_below(4) : 64;
    p->referees = 3;
    p->trials = test_below(4) == 0;
    p->stake_min = 1 + test_below(test_below(3) == 0 ? 1000 : 200);
    p->fee_min = test_below(5);
    p->dispute_bond = 1 + test_below(200);
    p->slash_permille = 1 + test_below(1000);
    p->bounty_permille = test_below(1001);
    p->fault_factor = 30000 + test_below(35000);
    p->success_factor = 65536 + test_below(20000);
}

static void make_charter(struct world *world)
{
    struct vch_charter *charter = &world->charter;
    uint8_t *bytes = NULL;
    size_t size = 0;

    *charter = (struct vch_charter){.founder = world->founder.public_key,
                                    .clerk = world->clerk.public_key,
                                    .witness_count = WORLD_WITNESSES};
    (void)snprintf(charter->origin, sizeof charter->origin, "example.net/ledger");
    for (uint32_t i = 1; i < WORLD_WITNESSES; i++) // ascending
        for (uint32_t j = i; j > 0; j--) {
            struct vch_secret_key *a = &world->witnesses[j - 1], kept = *a;
            if (memcmp(&a->public_key, &a[1].public_key, sizeof a->public_key) < 0) break;
            a[0] = a[1];
            a[1] = kept;
        }
    for (uint32_t i = 0; i < WORLD_WITNESSES; i++) {
        charter->witnesses[i].key = world->witnesses[i].public_key;
        (void)snprintf(charter->witnesses[i].name, sizeof charter->witnesses[i].name, "w%u", i);
    }
    choose_parameters(&charter->parameters);
    CHECK_OK(vch_charter_encode(&bytes, &size, charter, &world->arena, NULL));
}

void world_init(struct world *world, FILE *out)
{
    world_seed = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);
    *world = (struct world){.out = out, .now_ms = 1700000000000};
    vch_arena_init(&world->arena, (size_t)1 << 30);
    vch_arena_init(&world->scratch, (size_t)1 << 26);
    world->founder = key_of("founder", 0);
    world->clerk = key_of("clerk", 0);
    for (uint32_t i = 0; i < WORLD_WITNESSES; i++)
        world->witnesses[i] = key_of("witness", i);
    for (uint32_t i = 0; i < WORLD_NODES; i++)
        actor_init(&world->nodes[i], "node", i);
    for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
        actor_init(&world->clients[i], "client", i);
    for (uint32_t i = 0; i < WORLD_REGISTRIES; i++)
        make_registry(world, i);
    make_charter(world);
    world->model = world_digest("model", 0, 0, 0);
    world->honest_percent = 45 + 20 * test_below(3);
    struct vch_state_setup setup = {.limits = vch_state_default_limits(),
                                    .checks = vch_state_full_checks(),
                                    .registry = find_registry,
                                    .context = world};
    CHECK_OK(vch_state_new(&world->state, &setup, &world->arena));
}

void world_release(struct world *world)
{
    vch_arena_release(&world->scratch);
    vch_arena_release(&world->arena);
}

// --- entries

static void put_hex(FILE *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        (void)fprintf(out, "%02x", bytes[i]);
}

static int compare_accounts(const void *a, const void *b)
{
    const struct vch_account *const *left = a, *const *right = b;
    return memcmp((*left)->key.bytes, (*right)->key.bytes, sizeof(*left)->key.bytes);
}

static void put_account(FILE *out, const struct vch_account *a)
{
    const uint64_t numbers[] = {a->balance, a->stake,        a->unbonding, a->unbonding_free_ms,
                                a->number,  a->frozen,       a->trials,    a->correct,
                                a->timely,  a->successes,    a->wrongs,    a->silences,
                                a->slashes, a->disputes_lost};

    (void)fputs("A ", out);
    put_hex(out, a->key.bytes, sizeof a->key.bytes);
    FOR_EACH(number, numbers)
    (void)fprintf(out, " %" PRIu64, *number);
    (void)fputc('\n', out);
}

static void put_contest(FILE *out, const struct vch_contest *contest)
{
    (void)fputs("C ", out);
    put_hex(out, contest->id.subject.bytes, VCH_DIGEST_SIZE);
    (void)fprintf(out, " %u %u %u %u %" PRIu64 " %u %u\n", contest->id.segment, contest->id.round,
                  contest->wanted, contest->eligible, contest->weight, contest->drawn_count,
                  contest->phase == VCH_CONTEST_DRAWING ? 0 : contest->seat_count);
}

static void put_job(const struct world *world, const struct vch_job_record *job)
{
    const struct vch_segment_record *segment = NULL;

    (void)fputs("J ", world->out);
    put_hex(world->out, job->id.bytes, VCH_DIGEST_SIZE);
    (void)fprintf(world->out, " %d %" PRIu64, job->phase, job->escrow);
    for (uint32_t i = 0; i < job->segment_count; i++) {
        segment = vch_state_segment(world->state, &job->id, i);
        if (segment == NULL) continue; // the client's
        (void)fprintf(world->out, " %u %d %u %" PRIu64 " %u %d %d", i, segment->phase,
                      segment->round, segment->window_ms, segment->open_disputes,
                      segment->is_overturned, segment->is_final);
    }
    (void)fputc('\n', world->out);
}

static void put_jobs(const struct world *world)
{
    for (const struct vch_job_record *job = vch_state_next_job(world->state, NULL); job != NULL;
         job = vch_state_next_job(world->state, job))
        put_job(world, job);
}

static void put_state(struct world *world)
{
    struct vch_state_totals totals = vch_state_totals(world->state);
    uint32_t count = vch_state_account_count(world->state);
    const struct vch_account **accounts =
        VCH_ARENA_NEW(&world->scratch, const struct vch_account *, count);

    (void)fprintf(world->out, "T %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", totals.escrow,
                  totals.treasury, totals.deposited, totals.withdrawn);
    for (uint32_t i = 0; i < count; i++)
        accounts[i] = vch_state_account_at(world->state, i);
    qsort(accounts, count, sizeof(const struct vch_account *), compare_accounts);
    for (uint32_t i = 0; i < count; i++)
        put_account(world->out, accounts[i]);
    for (const struct vch_contest *contest = vch_state_next_contest(world->state, NULL);
         contest != NULL; contest = vch_state_next_contest(world->state, contest))
        put_contest(world->out, contest);
    put_jobs(world);
}

static void keep(struct world *world, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = vch_arena_alloc(&world->arena, size, 1);

    CHECK(copy != NULL && world->taken < WORLD_ENTRIES_MAX);
    memcpy(copy, bytes, size);
    world->log[world->taken].bytes = copy;
    world->log[world->taken].size = size;
    world->taken++;
}

bool world_offer(struct world *world, const uint8_t *bytes, size_t size)
{
    struct vch_entry entry;
    struct vch_complaint complaint = {0};
    vch_status status = vch_entry_decode(&entry, bytes, size, &world->scratch, &complaint);
    char verdict = vch_is_ok(status) ? '-' : '?';

    if (vch_is_ok(status)) status = vch_state_apply(world->state, &entry, bytes, size, &complaint);
    if (vch_is_ok(status)) verdict = '+';
    CHECK(status.code != VCH_CODE_BUSY && status.code != VCH_CODE_NO_MEMORY);
    (void)fprintf(world->out, "E %c ", verdict);
    put_hex(world->out, bytes, size);
    (void)fprintf(world->out, " %s\n", complaint.text);
    if (!vch_is_ok(status)) {
        world->refused++;
        return false;
    }
    world->kinds[entry.kind]++;
    keep(world, bytes, size);
    put_state(world);
    CHECK_OK(vch_state_check_invariants(world->state, NULL));
    return true;
}

bool world_enter(struct world *world, struct vch_entry *entry, const struct vch_secret_key *writer)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    entry->time_ms = world->now_ms;
    if (!vch_is_ok(vch_entry_sign(entry, &world->charter.id, writer, &world->scratch, NULL)) ||
        !vch_is_ok(vch_entry_encode(&bytes, &size, entry, &world->scratch, NULL)))
        return false; // what cannot even be written: chance made it so
    return world_offer(world, bytes, size);
}

bool world_anchor(struct world *world, uint64_t size, uint32_t count)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR, .anchor.size = size, .anchor.count = count};
    char root[VCH_BASE64_SIZE(VCH_DIGEST_SIZE) + 1], text[512];

    if (!vch_state_root_at(&entry.anchor.root, world->state, size)) return false;
    (void)vch_base64_encode(root, entry.anchor.root.bytes, VCH_DIGEST_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        struct vch_entry_cosignature *mark = &entry.anchor.cosignatures[i];
        mark->witness = i + WORLD_WITNESSES - count;
        mark->time_s = world->now_ms / 1000 + (test_below(40) == 0 ? test_below(4) : 0);
        int length =
            snprintf(text, sizeof text, "cosignature/v1\ntime %" PRIu64 "\n%s\n%" PRIu64 "\n%s\n",
                     mark->time_s, world->charter.origin, size, root);
        vch_sign_bare_message(&mark->signature, &world->witnesses[mark->witness], text,
                              (size_t)length);
    }
    return world_enter(world, &entry, &world->clerk);
}

// --- what nodes compute

enum { RIGHT, WRONG, WRONG_TOO, WRONG_OUTPUT, WRONG_TRACE, WAYS }; // and nothing at all

static void fill_leaves(struct vch_digest *leaves, const struct vch_digest *job, uint32_t segment,
                        uint32_t count, uint32_t way)
{
    uint64_t name = vch_get_u64le(job->bytes);
    bool is_wrong = way == WRONG || way == WRONG_TOO || way == WRONG_TRACE;
    struct vch_digest chance = world_digest("from", name, segment, way);
    uint32_t from = is_wrong ? chance.bytes[0] % count : count;

    for (uint32_t i = 0; i < count; i++)
        leaves[i] = world_digest("leaf", name ^ segment, i, i < from ? RIGHT : way);
}

static struct vch_digest output_of(const struct vch_digest *job, uint32_t segment, uint32_t way)
{
    bool is_right = way == RIGHT || way == WRONG_TRACE;
    return world_digest("output", vch_get_u64le(job->bytes), segment, is_right ? RIGHT : way);
}

bool world_leaves(struct vch_digest leaves[static WORLD_LEAVES_MAX], const struct vch_digest *job,
                  uint32_t segment, uint32_t count, const struct vch_digest *root)
{
    for (uint32_t way = 0; way < WAYS; way++) {
        fill_leaves(leaves, job, segment, count, way);
        struct vch_digest found = vch_merkle_root(leaves, count);
        if (vch_hash_is_equal(&found, root)) return true;
    }
    return false;
}

static uint32_t way_of(const struct world *world, const struct vch_contest *contest, uint32_t node)
{
    struct vch_digest chance = world_digest("way", vch_get_u64le(contest->id.subject.bytes),
                                            contest->id.segment * 8u + contest->id.round, node);
    uint32_t percent = vch_get_u32le(chance.bytes) % 100;

    if (percent < world->honest_percent) return RIGHT;
    // Most who are wrong are so together.
    struct vch_digest lie = world_digest("lie", vch_get_u64le(contest->id.subject.bytes), 0, 0);
    if (chance.bytes[9] % 4 != 0) return 1 + lie.bytes[0] % (WAYS - 1);
    return 1 + chance.bytes[8] % WAYS; // WAYS: silent
}

static struct vch_seat_answer referee(struct world *world, const struct vch_contest *contest,
                                      uint32_t way)
{
    const struct vch_dispute *dispute = vch_state_dispute(world->state, &contest->id.subject);
    struct vch_digest leaves[WORLD_LEAVES_MAX];

    if (way == WRONG_OUTPUT) return (struct vch_seat_answer){true, dispute->claims[0], {{0}}};
    if (way == WRONG_TRACE) return (struct vch_seat_answer){true, {{0}}, {{0}}};
    if (way != RIGHT) return (struct vch_seat_answer){true, dispute->claims[1], {{0}}};
    if (dispute->place == VCH_DISPUTE_OUTPUT)
        return (struct vch_seat_answer){
            true, output_of(&dispute->job, dispute->segment, RIGHT), {{0}}};
    fill_leaves(leaves, &dispute->job, dispute->segment, contest->last - contest->first, RIGHT);
    return (struct vch_seat_answer){true, leaves[dispute->place], {{0}}};
}

struct vch_seat_answer world_answer(struct world *world, const struct vch_contest *contest,
                                    uint32_t node)
{
    uint32_t way = way_of(world, contest, node), count = contest->last - contest->first;
    struct vch_digest leaves[WORLD_LEAVES_MAX];

    if (way == WAYS) return (struct vch_seat_answer){0};
    if (contest->is_dispute) return referee(world, contest, way);
    fill_leaves(leaves, &contest->id.subject, contest->id.segment, count, way);
    return (struct vch_seat_answer){true, output_of(&contest->id.subject, contest->id.segment, way),
                                    vch_merkle_root(leaves, count)};
}
