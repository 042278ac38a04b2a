// How many entries a second a state takes, signatures and proofs aside: whole jobs of five seats
// over a network of a thousand nodes.
#include "agreement/state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agreement/clerk.h"
#include "base/check.h"
#include "harness/test.h"

enum { NODES = 1000, JOBS = 20000, AT_ONCE = 50, QUORUM = 5 };

static struct vch_arena arena;
static struct vch_state *state;
static struct vch_charter charter;
static struct vch_registry registry;
static struct vch_member members[NODES + 1];
static uint64_t now = 1000000, entries;
static struct vch_digest jobs[JOBS];

static struct vch_public_key key_of(uint32_t number)
{
    struct vch_public_key key = {{0}};

    for (int i = 0; i < 4; i++)
        key.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    return key;
}

enum { FOUNDER = NODES + 1, CLERK, CLIENT };

static vch_status no_signature(void *context, const struct vch_entry *entry,
                               const struct vch_digest *ledger)
{
    (void)context, (void)entry, (void)ledger;
    return VCH_OK;
}

static vch_status no_proof(void *context, struct vch_vrf_beta *out,
                           const struct vch_vrf_public *key, const struct vch_digest *alpha,
                           const struct vch_vrf_proof *proof)
{
    (void)context, (void)key, (void)alpha;
    memcpy(out->bytes, proof->bytes, sizeof out->bytes);
    return VCH_OK;
}

static vch_status no_cosignature(void *context, const struct vch_charter *of,
                                 const struct vch_entry_cosignature *cosignature, uint64_t size,
                                 const struct vch_digest *root)
{
    (void)context, (void)of, (void)cosignature, (void)size, (void)root;
    return VCH_OK;
}

static const struct vch_registry *only_registry(void *context, const struct vch_digest *digest)
{
    (void)context, (void)digest;
    return &registry;
}

static void apply(struct vch_entry entry, uint32_t writer)
{
    static uint8_t bytes[300]; // as many as an entry has
    struct vch_complaint complaint = {0};

    entry.writer = key_of(writer);
    entry.time_ms = now;
    if (entry.kind <= VCH_ENTRY_JOB_OPEN) entry.number = entries + 1;
    memcpy(bytes, &entries, sizeof entries);
    const vch_status status = vch_state_apply(state, &entry, bytes, sizeof bytes, &complaint);
    if (!vch_is_ok(status)) printf("%s: %s\n", vch_entry_kind_text(entry.kind), complaint.text);
    VCH_ASSERT(vch_is_ok(status));
    entries++;
}

static void found(void)
{
    struct vch_state_setup setup = {.limits = vch_state_default_limits(),
                                    .checks = {no_signature, no_proof, no_cosignature, NULL},
                                    .registry = only_registry,
                                    .seeds = {1, 2}};

    vch_arena_init(&arena, (size_t)1 << 31);
    VCH_ASSERT(vch_is_ok(vch_state_new(&state, &setup, &arena)));
    for (uint32_t i = 0; i < NODES; i++) {
        members[i] = (struct vch_member){.key = key_of(i), .role = VCH_ROLE_NODE, .has_vrf = true};
        (void)snprintf(members[i].operator_name, sizeof members[i].operator_name, "op-%u", i);
    }
    members[NODES] = (struct vch_member){.key = key_of(CLIENT), .role = VCH_ROLE_CLIENT};
    registry = (struct vch_registry){
        .serial = 1, .founder = key_of(FOUNDER), .members = members, .member_count = NODES + 1};
    charter = (struct vch_charter){.origin = "bench",
                                   .founder = key_of(FOUNDER),
                                   .clerk = key_of(CLERK),
                                   .witness_count = 1,
                                   .witnesses = {{"w", key_of(9999)}},
                                   .parameters = vch_charter_default_parameters()};
    charter.parameters.trials = 0;
    apply((struct vch_entry){.kind = VCH_ENTRY_CHARTER, .charter = &charter}, FOUNDER);
    apply((struct vch_entry){.kind = VCH_ENTRY_REGISTRY, .registry = {.serial = 1}}, FOUNDER);
    apply((struct vch_entry){.kind = VCH_ENTRY_DEPOSIT,
                             .deposit = {key_of(CLIENT), UINT64_C(1) << 50}},
          FOUNDER);
    for (uint32_t i = 0; i < NODES; i++) {
        apply((struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .deposit = {key_of(i), 100000}},
              FOUNDER);
        apply((struct vch_entry){.kind = VCH_ENTRY_STAKE, .amount = 100000}, i);
        apply((struct vch_entry){.kind = VCH_ENTRY_HOLD, .hold = {{{1}}, 0, 8, false}}, i);
    }
    now += charter.parameters.epoch_ms;
}

static void open_job(uint32_t number)
{
    static struct vch_entry_job_open open;

    open.job = (struct vch_job){.model = {{1}},
                                .client = key_of(CLIENT),
                                .segment_count = 1,
                                .segments = {{0, 8, VCH_JOB_BY_NODES}},
                                .quorum = QUORUM,
                                .deadline_ms = now + 100000};
    open.job_id = jobs[number] = vch_hash_bytes(&number, sizeof number);
    open.fee = 1;
    apply((struct vch_entry){.kind = VCH_ENTRY_JOB_OPEN, .job_open = &open}, CLIENT);
}

static void anchor(void)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR};

    entry.anchor.size = vch_state_size(state);
    entry.anchor.root = vch_state_root(state);
    entry.anchor.count = 1;
    entry.anchor.cosignatures[0].time_s = now / 1000;
    apply(entry, CLERK);
}

static void clerk(void)
{
    struct vch_arena work;
    struct vch_entry entry;

    vch_arena_init(&work, 1u << 24);
    while (vch_clerk_next(&entry, state, now, &work))
        apply(entry, CLERK);
    vch_arena_release(&work);
}

// Ten nodes draw, with small exponents.
static void draw(const struct vch_contest_id *id, uint32_t number)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_SORTITION, .contest = *id};

    for (uint32_t i = 0; i < 10; i++) {
        memset(entry.sortition.proof.bytes, 0xff, 16);
        entry.sortition.proof.bytes[14] = (uint8_t)i;
        apply(entry, (number * 10 + i) % NODES);
    }
}

static void vote(const struct vch_contest_id *id, bool is_reveal)
{
    const struct vch_contest *contest = vch_state_contest(state, id);
    struct vch_entry entry = {.kind = is_reveal ? VCH_ENTRY_REVEAL : VCH_ENTRY_COMMIT,
                              .contest = *id};
    const struct vch_digest answer = {{7}};
    uint8_t nonce[32] = {0};

    for (uint32_t i = 0; i < contest->seat_count; i++) {
        const struct vch_public_key *node = &contest->seats[i].node;
        const uint32_t writer = (uint32_t)node->bytes[2] << 8 | node->bytes[3];
        if (is_reveal) {
            entry.reveal.output = entry.reveal.trace = answer;
            entry.reveal.has_trace = true;
            memset(entry.reveal.nonce, 0, sizeof entry.reveal.nonce);
        } else {
            entry.commit.commitment = vch_entry_commitment(id, node, &answer, &answer, nonce);
        }
        apply(entry, writer);
    }
}

static void run_jobs(uint32_t first)
{
    struct vch_contest_id ids[AT_ONCE];

    for (uint32_t i = 0; i < AT_ONCE; i++) {
        open_job(first + i);
        ids[i] = (struct vch_contest_id){jobs[first + i], 0, 0};
    }
    anchor();
    for (uint32_t i = 0; i < AT_ONCE; i++)
        draw(&ids[i], first + i);
    now += charter.parameters.draw_ms;
    clerk();
    for (uint32_t i = 0; i < AT_ONCE; i++)
        vote(&ids[i], false);
    clerk();
    anchor();
    for (uint32_t i = 0; i < AT_ONCE; i++)
        vote(&ids[i], true);
    clerk();
}

int main(void)
{
    found();
    const uint64_t before = entries;
    const clock_t begun = clock();
    for (uint32_t i = 0; i < JOBS; i += AT_ONCE)
        run_jobs(i);
    const double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    printf("%llu entries of %d jobs over %d nodes: %.2f us each, %.0f a second\n",
           (unsigned long long)(entries - before), JOBS, NODES,
           1e6 * seconds / (double)(entries - before), (double)(entries - before) / seconds);
    vch_arena_release(&arena);
    return 0;
}
