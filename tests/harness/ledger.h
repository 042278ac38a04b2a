// A network on a ledger, entry by entry: founder, clerk, witnesses, nodes, a client, an auditor.
// Every entry is signed, encoded, decoded and applied to the state, as a clerk would; after each
// the invariants are checked, and after each refusal that nothing changed.
#pragma once

#include <stdio.h>
#include <string.h>

#include "agreement/clerk.h"
#include "agreement/seat.h"
#include "agreement/state.h"
#include "entry/entry.h"
#include "harness/test.h"
#include "tlog/checkpoint.h"

#define LEDGER_NODES_MAX 300u
#define LEDGER_WITNESSES 4u
#define LEDGER_LOG_MAX 8192u
#define LEDGER_START_MS UINT64_C(1700000000000)
#define LEDGER_FEE 10u
#define LEDGER_STAKE 100000u

struct ledger_node {
    struct vch_secret_key key;
    struct vch_seat_keys seat;
};

struct ledger {
    struct vch_arena arena; // of the state, and of what lives as long as it
    struct vch_arena work;  // of one entry
    struct vch_state *state;
    struct vch_complaint complaint; // of the last refusal
    struct vch_charter charter;
    struct vch_registry registries[8];
    uint32_t registry_count;
    struct vch_secret_key founder, clerk, client, auditor, stranger, witnesses[LEDGER_WITNESSES];
    uint32_t node_count;
    struct ledger_node nodes[LEDGER_NODES_MAX];
    uint64_t now;
    uint64_t nonces; // of jobs
    uint32_t log_count;
    struct {
        const uint8_t *bytes;
        size_t size;
    } log[LEDGER_LOG_MAX]; // what was taken
};

static struct ledger ledger; // a test has one

static inline struct vch_secret_key ledger_key(uint32_t number)
{
    struct vch_secret_key key;
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {0};

    memcpy(seed, &number, sizeof number);
    vch_sign_key(&key, seed);
    return key;
}

static inline struct vch_digest ledger_digest(uint32_t number)
{
    struct vch_digest digest;

    memset(digest.bytes, 0x5a, sizeof digest.bytes);
    memcpy(digest.bytes, &number, sizeof number);
    return digest;
}

static inline bool ledger_is_numbered(enum vch_entry_kind kind)
{
    return kind <= VCH_ENTRY_JOB_OPEN;
}

// Signs, encodes, decodes, applies. A number that is 0 where one has to be becomes the next one.
static inline vch_status ledger_try(struct vch_entry entry, const struct vch_secret_key *writer)
{
    const struct vch_account *account = vch_state_account(ledger.state, &writer->public_key);
    const struct vch_digest before = vch_state_digest(ledger.state);
    struct vch_entry decoded;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_release(&ledger.work);
    ledger.complaint.text[0] = '\0';
    entry.time_ms = ledger.now;
    if (ledger_is_numbered(entry.kind) && entry.number == 0)
        entry.number = account != NULL ? account->number + 1 : 1;
    VCH_TRY(vch_entry_sign(&entry, &ledger.charter.id, writer, &ledger.work, &ledger.complaint));
    VCH_TRY(vch_entry_encode(&bytes, &size, &entry, &ledger.work, &ledger.complaint));
    VCH_TRY(vch_entry_decode(&decoded, bytes, size, &ledger.work, &ledger.complaint));
    const vch_status judged = vch_state_judge(ledger.state, &decoded, NULL);
    const struct vch_digest unchanged = vch_state_digest(ledger.state);
    CHECK(vch_hash_is_equal(&before, &unchanged));
    const vch_status status =
        vch_state_apply(ledger.state, &decoded, bytes, size, &ledger.complaint);
    CHECK_EQ(judged.code, status.code);
    if (vch_is_ok(status)) {
        struct vch_complaint broken = {0};
        CHECK(ledger.log_count < LEDGER_LOG_MAX);
        ledger.log[ledger.log_count].bytes =
            (const uint8_t *)vch_arena_string(&ledger.arena, bytes, size);
        ledger.log[ledger.log_count++].size = size;
        if (!vch_is_ok(vch_state_check_invariants(ledger.state, &broken)))
            test_fail(__FILE__, __LINE__, "%s", broken.text);
    } else {
        const struct vch_digest after = vch_state_digest(ledger.state);
        CHECK(ledger.complaint.text[0] != '\0');
        CHECK(vch_hash_is_equal(&before, &after));
    }
    return status;
}

static inline void ledger_do(struct vch_entry entry, const struct vch_secret_key *writer)
{
    const vch_status status = ledger_try(entry, writer);

    if (!vch_is_ok(status))
        test_fail(__FILE__, __LINE__, "%s: %s", vch_entry_kind_text(entry.kind),
                  ledger.complaint.text);
}

// Why an entry was refused has to be what the test means: a word of the complaint.
#define LEDGER_REFUSES(entry, writer, word) \
    do { \
        CHECK_FAILS(ledger_try(entry, writer), REFUSED); \
        if (strstr(ledger.complaint.text, word) == NULL) \
            test_fail(__FILE__, __LINE__, "refused, but for: %s", ledger.complaint.text); \
    } while (0)

static inline const struct vch_registry *ledger_find_registry(void *context,
                                                              const struct vch_digest *digest)
{
    (void)context;
    for (uint32_t i = 0; i < ledger.registry_count; i++)
        if (vch_hash_is_equal(&ledger.registries[i].digest, digest)) return &ledger.registries[i];
    return NULL;
}

// A registry of the nodes but those from `count` on, the client and the auditor; nodes i and j are
// of one operator when i / per_operator is the same. Returns its number.
static inline uint32_t ledger_make_registry(uint32_t count, uint32_t per_operator, uint64_t serial)
{
    struct vch_registry registry = {.network = "clinics.example", .serial = serial};
    uint8_t *bytes = NULL;
    size_t size = 0;

    registry.members = VCH_ARENA_NEW(&ledger.arena, struct vch_member, count + 2);
    for (uint32_t i = 0; i < count; i++) {
        struct vch_member *member = &registry.members[registry.member_count++];
        *member = (struct vch_member){.key = ledger.nodes[i].key.public_key,
                                      .role = VCH_ROLE_NODE,
                                      .has_vrf = true,
                                      .vrf = ledger.nodes[i].seat.vrf.public_key};
        (void)snprintf(member->operator_name, sizeof member->operator_name, "op-%03u",
                       i / per_operator);
    }
    registry.members[registry.member_count++] = (struct vch_member){
        .key = ledger.client.public_key, .role = VCH_ROLE_CLIENT, .operator_name = "ward-7"};
    registry.members[registry.member_count++] = (struct vch_member){
        .key = ledger.auditor.public_key, .role = VCH_ROLE_CLIENT, .operator_name = "auditor"};
    CHECK_OK(vch_registry_encode(&bytes, &size, &registry, &ledger.founder, &ledger.arena,
                                 &ledger.complaint));
    ledger.registries[ledger.registry_count] = registry;
    return ledger.registry_count++;
}

static inline void ledger_announce(uint32_t registry)
{
    ledger_do((struct vch_entry){.kind = VCH_ENTRY_REGISTRY,
                                 .registry = {ledger.registries[registry].digest,
                                              ledger.registries[registry].serial}},
              &ledger.founder);
}

static inline void ledger_deposit(const struct vch_secret_key *key, uint64_t amount)
{
    ledger_do((struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .deposit = {key->public_key, amount}},
              &ledger.founder);
}

static inline struct vch_entry ledger_amount(enum vch_entry_kind kind, uint64_t amount)
{
    return (struct vch_entry){.kind = kind, .amount = amount};
}

static inline struct vch_entry ledger_hold(uint32_t first, uint32_t last, bool drop)
{
    return (struct vch_entry){.kind = VCH_ENTRY_HOLD,
                              .hold = {ledger_digest(0x10), first, last, drop}};
}

static inline struct vch_state_limits ledger_limits(void)
{
    return (struct vch_state_limits){.accounts = 400,
                                     .jobs = 64,
                                     .contests = 256,
                                     .seats = 4096,
                                     .disputes = 16,
                                     .candidates = 1024,
                                     .holdings = 1024,
                                     .exclusions = 64,
                                     .registries = 4};
}

static inline void ledger_make_keys(uint32_t nodes)
{
    ledger.founder = ledger_key(1);
    ledger.clerk = ledger_key(2);
    ledger.client = ledger_key(3);
    ledger.auditor = ledger_key(4);
    ledger.stranger = ledger_key(5);
    for (uint32_t i = 0; i < LEDGER_WITNESSES; i++)
        ledger.witnesses[i] = ledger_key(10 + i);
    ledger.node_count = nodes;
    for (uint32_t i = 0; i < nodes; i++) {
        struct ledger_node *node = &ledger.nodes[i];
        uint8_t seed[VCH_VRF_SEED_SIZE] = {0x76};
        memcpy(seed + 1, &i, sizeof i);
        node->key = ledger_key(100 + i);
        node->seat.node = node->key.public_key;
        vch_vrf_key(&node->seat.vrf, seed);
        memcpy(node->seat.secret, seed, sizeof seed);
    }
}

static inline void ledger_make_charter(const struct vch_parameters *parameters)
{
    struct vch_charter *charter = &ledger.charter;
    uint8_t *bytes = NULL;
    size_t size = 0;

    *charter = (struct vch_charter){.origin = "clinics.example/ledger",
                                    .founder = ledger.founder.public_key,
                                    .clerk = ledger.clerk.public_key,
                                    .witness_count = LEDGER_WITNESSES,
                                    .parameters = *parameters};
    for (uint32_t i = 1; i < LEDGER_WITNESSES; i++) // sorted by their keys
        for (uint32_t j = i; j > 0 && memcmp(&ledger.witnesses[j - 1].public_key,
                                             &ledger.witnesses[j].public_key, 32) > 0;
             j--) {
            const struct vch_secret_key kept = ledger.witnesses[j];
            ledger.witnesses[j] = ledger.witnesses[j - 1];
            ledger.witnesses[j - 1] = kept;
        }
    for (uint32_t i = 0; i < LEDGER_WITNESSES; i++) {
        charter->witnesses[i].key = ledger.witnesses[i].public_key;
        (void)snprintf(charter->witnesses[i].name, sizeof charter->witnesses[i].name, "w%u", i);
    }
    CHECK_OK(vch_charter_encode(&bytes, &size, charter, &ledger.arena, &ledger.complaint));
}

static inline void ledger_make_state(const struct vch_state_limits *limits)
{
    const struct vch_state_setup setup = {.limits = *limits,
                                          .checks = vch_state_full_checks(),
                                          .registry = ledger_find_registry,
                                          .seeds = {0x1234, 0x5678}};

    CHECK_OK(vch_state_new(&ledger.state, &setup, &ledger.arena));
}

// Short times, no trials: what a test is not about does not get in its way.
static inline struct vch_parameters ledger_parameters(void)
{
    struct vch_parameters parameters = vch_charter_default_parameters();

    parameters.trials = 0;
    return parameters;
}

// Keys, a charter and an empty state.
static inline void ledger_new(uint32_t nodes, const struct vch_parameters *parameters)
{
    const struct vch_state_limits limits = ledger_limits();

    vch_arena_release(&ledger.arena);
    vch_arena_release(&ledger.work);
    ledger = (struct ledger){.now = LEDGER_START_MS};
    vch_arena_init(&ledger.arena, 1u << 28);
    vch_arena_init(&ledger.work, 1u << 24);
    ledger_make_keys(nodes);
    ledger_make_charter(parameters);
    ledger_make_state(&limits);
}

// The same ledger with its first entries: everybody has money, all nodes stake and hold operators
// 0 to 8 of the model, and the registry is in force.
static inline void ledger_found(uint32_t nodes, uint32_t per_operator,
                                const struct vch_parameters *parameters)
{
    ledger_new(nodes, parameters);
    ledger_do((struct vch_entry){.kind = VCH_ENTRY_CHARTER, .charter = &ledger.charter},
              &ledger.founder);
    ledger_announce(ledger_make_registry(nodes, per_operator, 1));
    ledger_deposit(&ledger.founder, 1000000);
    ledger_deposit(&ledger.client, 1000000);
    ledger_deposit(&ledger.auditor, 10000);
    for (uint32_t i = 0; i < nodes; i++) {
        ledger_deposit(&ledger.nodes[i].key, LEDGER_STAKE);
        ledger_do(ledger_amount(VCH_ENTRY_STAKE, LEDGER_STAKE), &ledger.nodes[i].key);
        ledger_do(ledger_hold(0, 8, false), &ledger.nodes[i].key);
    }
    ledger.now += parameters->epoch_ms;
}

// An anchor of that size by the witnesses from `first` to `end`, at a time of theirs.
static inline struct vch_entry ledger_anchor_of(uint64_t size, uint32_t first, uint32_t end,
                                                uint64_t time_s)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR};
    struct vch_checkpoint checkpoint = {.size = size};
    char text[VCH_CHECKPOINT_TEXT_MAX + 1], message[VCH_CHECKPOINT_TEXT_MAX + 64];

    if (!vch_state_root_at(&entry.anchor.root, ledger.state, size))
        entry.anchor.root = ledger_digest(0);
    checkpoint.root = entry.anchor.root;
    memcpy(checkpoint.origin, ledger.charter.origin, sizeof ledger.charter.origin);
    (void)vch_checkpoint_encode(text, &checkpoint);
    const int length = snprintf(message, sizeof message, "cosignature/v1\ntime %llu\n%s",
                                (unsigned long long)time_s, text);
    entry.anchor.size = size;
    for (uint32_t i = first; i < end; i++) {
        struct vch_entry_cosignature *cosignature =
            &entry.anchor.cosignatures[entry.anchor.count++];
        cosignature->witness = i;
        cosignature->time_s = time_s;
        vch_sign_bare_message(&cosignature->signature, &ledger.witnesses[i], message,
                              (size_t)length);
    }
    return entry;
}

static inline void ledger_anchor(void)
{
    ledger_do(ledger_anchor_of(vch_state_size(ledger.state), 0, 3, ledger.now / 1000),
              &ledger.clerk);
}

// What a clerk has to enter now, all of it.
static inline void ledger_clerk(void)
{
    struct vch_arena arena;
    struct vch_entry entry;

    vch_arena_init(&arena, 1u << 20);
    while (vch_clerk_next(&entry, ledger.state, ledger.now, &arena))
        ledger_do(entry, &ledger.clerk);
    vch_arena_release(&arena);
}

// A job of that many segments by nodes of `each` operators, with the client's own between them
// where `gaps` has a bit for the segment before which it stands.
struct ledger_job {
    uint32_t segments, each, gaps, quorum;
    uint64_t fee, lasts_ms;
    uint32_t excluded_count;
    const char *excluded[VCH_ENTRY_EXCLUDED_MAX];
    bool is_trial;
    uint32_t trial_node;
    struct vch_digest trial_output;
};

static inline struct ledger_job ledger_plain_job(uint32_t quorum)
{
    return (struct ledger_job){
        .segments = 1, .each = 4, .quorum = quorum, .fee = LEDGER_FEE, .lasts_ms = 2000000};
}

static inline void ledger_add_segment(struct vch_job *job, uint32_t count, enum vch_job_by by)
{
    const uint32_t first = job->segment_count > 0 ? job->segments[job->segment_count - 1].last : 0;

    job->segments[job->segment_count++] = (struct vch_job_segment){first, first + count, by};
}

static inline void ledger_trial_nonce(uint8_t out[static 32])
{
    memset(out, 0x77, 32);
}

static inline struct vch_entry ledger_job_entry(const struct ledger_job *plan)
{
    struct vch_entry_job_open *open = VCH_ARENA_NEW(&ledger.arena, struct vch_entry_job_open, 1);
    const struct vch_registry *registry = vch_state_registry_at(ledger.state, ledger.now);
    struct vch_job *job = &open->job;
    uint8_t *bytes = NULL;
    uint8_t nonce[32];

    *job = (struct vch_job){.model = ledger_digest(0x10),
                            .client = plan->is_trial ? ledger.founder.public_key
                                                     : ledger.client.public_key,
                            .nonce = ledger_digest((uint32_t)(0x100 + ledger.nonces++)),
                            .batch = 1,
                            .commitment_kind = VCH_COMMITMENT_SHA256,
                            .input = ledger_digest(0x11),
                            .quorum = plan->quorum,
                            .deadline_ms = ledger.now + plan->lasts_ms};
    if (registry != NULL) job->registry = registry->digest;
    for (uint32_t i = 0; i < plan->segments; i++) {
        if (plan->gaps >> i & 1) ledger_add_segment(job, 1, VCH_JOB_BY_CLIENT);
        ledger_add_segment(job, plan->each, VCH_JOB_BY_NODES);
    }
    CHECK_OK(vch_job_encode(&bytes, &open->job_size, job, &ledger.arena, &ledger.complaint));
    open->job_bytes = bytes;
    open->job_id = vch_job_id(bytes, open->job_size);
    open->fee = plan->fee;
    open->has_input = job->segments[0].by == VCH_JOB_BY_CLIENT;
    open->input = open->has_input ? ledger_digest(0x12) : (struct vch_digest){0};
    open->excluded_count = plan->excluded_count;
    memcpy(open->excluded, plan->excluded, sizeof open->excluded);
    if (plan->is_trial) {
        ledger_trial_nonce(nonce);
        open->is_trial = true;
        open->trial_node = ledger.nodes[plan->trial_node].key.public_key;
        open->trial_expected = vch_entry_trial_expected(&open->job_id, &plan->trial_output, nonce);
    }
    return (struct vch_entry){.kind = VCH_ENTRY_JOB_OPEN, .job_open = open};
}

static inline struct vch_digest ledger_open(const struct ledger_job *plan)
{
    const struct vch_entry entry = ledger_job_entry(plan);

    ledger_do(entry, plan->is_trial ? &ledger.founder : &ledger.client);
    return entry.job_open->job_id;
}

static inline const struct vch_contest *ledger_contest(const struct vch_contest_id *id)
{
    const struct vch_contest *contest = vch_state_contest(ledger.state, id);

    CHECK(contest != NULL);
    return contest;
}

static inline struct vch_entry ledger_sortition(const struct vch_contest_id *id, uint32_t node)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_SORTITION, .contest = *id};
    const struct vch_digest alpha = ledger_contest(id)->alpha;

    vch_vrf_prove(&entry.sortition.proof, &ledger.nodes[node].seat.vrf, alpha.bytes,
                  sizeof alpha.bytes);
    return entry;
}

// Anchors what is there, lets every node draw that may, and the clerk enter the draw.
static inline void ledger_draw(const struct vch_contest_id *id)
{
    ledger_anchor();
    for (uint32_t i = 0; i < ledger.node_count; i++) {
        struct vch_entry entry;
        const struct vch_seat_answer none = {0};
        if (vch_seat_next(&entry, ledger.state, ledger_contest(id), &ledger.nodes[i].seat, &none,
                          ledger.now))
            ledger_do(entry, &ledger.nodes[i].key);
    }
    ledger_clerk();
    if (ledger_contest(id)->phase == VCH_CONTEST_DRAWING) {
        ledger.now += ledger.charter.parameters.draw_ms;
        ledger_clerk();
    }
    CHECK_EQ(ledger_contest(id)->phase, VCH_CONTEST_COMMITTING);
}

static inline uint32_t ledger_node_of(const struct vch_public_key *key)
{
    uint32_t i = 0;

    while (i < ledger.node_count && memcmp(&ledger.nodes[i].key.public_key, key, 32) != 0)
        i++;
    CHECK(i < ledger.node_count);
    return i;
}

// The node on that seat.
static inline uint32_t ledger_seat(const struct vch_contest_id *id, uint32_t seat)
{
    CHECK(seat < ledger_contest(id)->seat_count);
    return ledger_node_of(&ledger_contest(id)->seats[seat].node);
}

static inline const struct vch_secret_key *ledger_seat_key(const struct vch_contest_id *id,
                                                           uint32_t seat)
{
    return &ledger.nodes[ledger_seat(id, seat)].key;
}

static inline struct vch_entry ledger_reveal_entry(const struct vch_contest_id *id, uint32_t node,
                                                   const struct vch_digest *output,
                                                   const struct vch_digest *trace)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_REVEAL, .contest = *id};

    entry.reveal.output = *output;
    entry.reveal.has_trace = trace != NULL;
    if (trace != NULL) entry.reveal.trace = *trace;
    vch_seat_nonce(entry.reveal.nonce, &ledger.nodes[node].seat, id);
    return entry;
}

static inline struct vch_entry ledger_commit_entry(const struct vch_contest_id *id, uint32_t node,
                                                   const struct vch_digest *output,
                                                   const struct vch_digest *trace)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_COMMIT, .contest = *id};
    uint8_t nonce[32];

    vch_seat_nonce(nonce, &ledger.nodes[node].seat, id);
    entry.commit.commitment =
        vch_entry_commitment(id, &ledger.nodes[node].key.public_key, output, trace, nonce);
    return entry;
}

// What a seat says; SILENT: nothing at all, MUTE: it commits and does not reveal, FALSE: it
// reveals something else than it committed to.
enum { LEDGER_SILENT = 0x7fff0000, LEDGER_MUTE, LEDGER_FALSE };

static inline bool ledger_is_answer(uint32_t answer)
{
    return answer < LEDGER_SILENT;
}

// An answer's output and trace: equal answers are equal in both.
static inline struct vch_digest ledger_output(uint32_t answer)
{
    return ledger_digest(0x20000 + (answer & 0xffff));
}

static inline struct vch_digest ledger_trace(uint32_t answer)
{
    return ledger_digest(0x30000 + (answer & 0xffff));
}

static inline void ledger_commit_all(const struct vch_contest_id *id, const uint32_t *answers)
{
    const struct vch_contest *contest = ledger_contest(id);

    for (uint32_t i = 0; i < contest->seat_count; i++) {
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): as many as seats
        const struct vch_digest output = ledger_output(answers[i]);
        const struct vch_digest trace = ledger_trace(answers[i]);
        if (answers[i] == LEDGER_SILENT) continue;
        ledger_do(ledger_commit_entry(id, ledger_seat(id, i), &output,
                                      contest->is_dispute ? NULL : &trace),
                  ledger_seat_key(id, i));
    }
}

static inline void ledger_reveal_all(const struct vch_contest_id *id, const uint32_t *answers)
{
    const struct vch_contest *contest = ledger_contest(id);

    for (uint32_t i = 0; i < contest->seat_count; i++) {
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): as many as seats
        const struct vch_digest output = ledger_output(answers[i]);
        const struct vch_digest trace = ledger_trace(answers[i]);
        struct vch_entry entry = ledger_reveal_entry(id, ledger_seat(id, i), &output,
                                                     contest->is_dispute ? NULL : &trace);
        if (answers[i] == LEDGER_SILENT || answers[i] == LEDGER_MUTE) continue;
        if (answers[i] == LEDGER_FALSE) entry.reveal.nonce[0] ^= 1;
        ledger_do(entry, ledger_seat_key(id, i));
    }
}

// From the draw to the verdict, with one answer for each seat, and no fewer.
static inline void ledger_vote(const struct vch_contest_id *id, const uint32_t *answers)
{
    ledger_commit_all(id, answers);
    ledger_clerk();
    if (ledger_contest(id)->phase == VCH_CONTEST_COMMITTING) {
        ledger.now += ledger.charter.parameters.commit_ms;
        ledger_clerk();
    }
    if (ledger_contest(id)->phase == VCH_CONTEST_SPLIT) return; // nobody committed
    ledger_anchor();
    ledger_reveal_all(id, answers);
    ledger_clerk();
    const struct vch_contest *contest = vch_state_contest(ledger.state, id);
    if (contest != NULL && contest->phase == VCH_CONTEST_REVEALING) {
        ledger.now += ledger.charter.parameters.reveal_ms;
        ledger_clerk();
    }
}

static inline const struct vch_account *ledger_account(const struct vch_secret_key *key)
{
    const struct vch_account *account = vch_state_account(ledger.state, &key->public_key);

    CHECK(account != NULL);
    return account;
}

// Something happens, so that windows that are over close.
static inline void ledger_tick(void)
{
    ledger_deposit(&ledger.founder, 1);
}
