// Random ledgers: bytes as a program of entries, honest ones, lies, and nonsense. Whatever comes,
// invariants hold, a refused entry changes nothing, the clerk's own entries are taken, and when
// everybody has gone home nothing is left in escrow, frozen or remembered.
//
// Signatures are taken as they are, and a VRF is a hash of key and alpha: what is tested is the
// state.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreement/clerk.h"
#include "agreement/seat.h"
#include "agreement/state.h"
#include "base/check.h"
#include "crypto/merkle.h"
#include "entry/entry.h"

enum { PROGRAM_NODES = 14, PROGRAM_ACCOUNTS = 18, PROGRAM_ANSWERS = 3, PROGRAM_OPERATORS = 7 };

struct program {
    const uint8_t *bytes;
    size_t size, at;
    struct vch_arena arena, work;
    struct vch_state *state;
    struct vch_charter charter;
    struct vch_registry registries[3];
    struct vch_member members[3][PROGRAM_ACCOUNTS];
    uint64_t now, jobs;
    uint32_t liars, silent; // nodes, as bits: of those that act when everybody does
    bool are_blind;         // referees get no openings
    struct vch_digest job_ids[256];
    uint64_t taken, refused, kinds[VCH_ENTRY_DISPUTE_DEFAULT + 1]; // kinds: of those taken
    uint64_t results[VCH_DISPUTE_VOID + 1]; // of disputes that a verdict or a default ended
};

static struct program program;

static inline uint32_t program_next(void)
{
    return program.at < program.size ? program.bytes[program.at++] : 0;
}

static inline struct vch_digest program_digest(uint32_t number)
{
    struct vch_digest digest = {{0}};

    memcpy(digest.bytes, &number, sizeof number);
    digest.bytes[31] = 0x42;
    return digest;
}

// Accounts 0 to 13 are nodes, then founder, clerk, client and auditor.
enum { PROGRAM_FOUNDER = PROGRAM_NODES, PROGRAM_CLERK, PROGRAM_CLIENT, PROGRAM_AUDITOR };

static inline struct vch_public_key program_key(uint32_t account)
{
    struct vch_public_key key = {{0}};

    key.bytes[0] = (uint8_t)(account + 1);
    key.bytes[31] = 0x24;
    return key;
}

static inline vch_status program_signature(void *context, const struct vch_entry *entry,
                                           const struct vch_digest *ledger)
{
    (void)context, (void)entry, (void)ledger;
    return VCH_OK;
}

static inline vch_status program_sortition(void *context, struct vch_vrf_beta *out,
                                           const struct vch_vrf_public *key,
                                           const struct vch_digest *alpha,
                                           const struct vch_vrf_proof *proof)
{
    struct vch_hash hash;

    (void)context, (void)proof;
    vch_hash_init(&hash);
    vch_hash_update(&hash, key->bytes, sizeof key->bytes);
    vch_hash_update(&hash, alpha->bytes, sizeof alpha->bytes);
    const struct vch_digest digest = vch_hash_final(&hash);
    memcpy(out->bytes, digest.bytes, sizeof digest.bytes);
    memcpy(out->bytes + sizeof digest.bytes, digest.bytes, sizeof digest.bytes);
    return VCH_OK;
}

static inline vch_status program_cosignature(void *context, const struct vch_charter *charter,
                                             const struct vch_entry_cosignature *cosignature,
                                             uint64_t size, const struct vch_digest *root)
{
    (void)context, (void)charter, (void)cosignature, (void)size, (void)root;
    return VCH_OK;
}

static inline const struct vch_registry *program_registry(void *context,
                                                          const struct vch_digest *digest)
{
    (void)context;
    for (uint32_t i = 0; i < 3; i++)
        if (vch_hash_is_equal(&program.registries[i].digest, digest)) return &program.registries[i];
    return NULL;
}

static inline void program_check(vch_status status, const struct vch_complaint *complaint)
{
    if (vch_is_ok(status)) return;
    (void)fprintf(stderr, "%s\n", complaint->text);
    abort();
}

static inline void program_count(const struct vch_entry *entry)
{
    const struct vch_dispute *dispute = NULL;

    program.taken++;
    program.kinds[entry->kind]++;
    if (entry->kind == VCH_ENTRY_VERDICT)
        dispute = vch_state_dispute(program.state, &entry->contest.subject);
    else if (entry->kind == VCH_ENTRY_DISPUTE_DEFAULT)
        dispute = vch_state_dispute(program.state, &entry->dispute_default);
    if (dispute != NULL) program.results[dispute->result]++;
}

static inline vch_status program_apply(struct vch_entry entry, uint32_t writer)
{
    const struct vch_digest before = vch_state_digest(program.state);
    struct vch_complaint complaint = {0}, broken = {0};
    uint8_t bytes[16] = {0};

    entry.writer = program_key(writer);
    entry.time_ms = program.now;
    if (entry.kind <= VCH_ENTRY_JOB_OPEN && entry.number == 0) {
        const struct vch_account *account = vch_state_account(program.state, &entry.writer);
        entry.number = account != NULL ? account->number + 1 : 1;
    }
    memcpy(bytes, &program.taken, sizeof program.taken);
    const vch_status status =
        vch_state_apply(program.state, &entry, bytes, sizeof bytes, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (vch_is_ok(status)) {
        program_count(&entry);
        program_check(vch_state_check_invariants(program.state, &broken), &broken);
    } else {
        const struct vch_digest after = vch_state_digest(program.state);
        program.refused++;
        VCH_ASSERT(vch_hash_is_equal(&before, &after));
    }
    return status;
}

static inline void program_must(struct vch_entry entry, uint32_t writer)
{
    const vch_status status = program_apply(entry, writer);

    VCH_ASSERT(vch_is_ok(status));
}

// What a clerk has to enter is taken, unless there is no room for a next round.
static inline void program_clerk(void)
{
    struct vch_arena arena;
    struct vch_entry entry;

    vch_arena_init(&arena, 1u << 20);
    for (uint32_t i = 0; vch_clerk_next(&entry, program.state, program.now, &arena); i++) {
        const vch_status status = program_apply(entry, PROGRAM_CLERK);
        VCH_ASSERT(vch_is_ok(status) || status.code == VCH_CODE_BUSY);
        VCH_ASSERT(i < 10000);
        if (!vch_is_ok(status)) break;
    }
    vch_arena_release(&arena);
}

static inline void program_anchor(uint32_t back)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR};
    const uint64_t size = vch_state_size(program.state);

    entry.anchor.size = back < size ? size - back : 1;
    if (!vch_state_root_at(&entry.anchor.root, program.state, entry.anchor.size)) return;
    entry.anchor.count = 1;
    entry.anchor.cosignatures[0].time_s = program.now / 1000;
    (void)program_apply(entry, PROGRAM_CLERK);
}

// The trace of an answer over some operators: all answers have the same first leaf.
static inline void program_leaves(struct vch_digest *leaves, uint32_t answer, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        leaves[i] = program_digest(0x1000 + (i == 0 ? 0 : 16 * answer) + i);
}

static inline struct vch_digest program_trace(uint32_t answer, uint32_t count)
{
    struct vch_digest leaves[PROGRAM_OPERATORS];

    program_leaves(leaves, answer, count);
    return vch_merkle_root(leaves, count);
}

static inline struct vch_digest program_output(uint32_t answer)
{
    return program_digest(0x2000 + answer);
}

// The one with that number among those that are not over; NULL: there are none.
static inline const struct vch_contest *program_contest(uint32_t number)
{
    const struct vch_contest *contest = NULL, *found = NULL;
    uint32_t count = 0;

    while ((contest = vch_state_next_contest(program.state, contest)) != NULL)
        if (count++ <= number) found = contest;
    return found;
}

static inline const struct vch_dispute *program_dispute(uint32_t number)
{
    const struct vch_dispute *dispute = NULL, *found = NULL;

    for (uint32_t i = 0; i <= number; i++) {
        dispute = vch_state_next_dispute(program.state, dispute);
        if (dispute == NULL) break;
        found = dispute;
    }
    return found;
}

// An answer: of a referee, a claim or nothing at all.
static inline void program_answer(struct vch_digest *output, struct vch_digest *trace,
                                  const struct vch_contest *contest, uint32_t answer)
{
    const struct vch_dispute *dispute =
        contest->is_dispute ? vch_state_dispute(program.state, &contest->id.subject) : NULL;

    *output = program_output(answer % PROGRAM_ANSWERS);
    *trace = program_trace(answer / 8 % PROGRAM_ANSWERS, contest->last - contest->first);
    if (answer < 128)
        *trace = program_trace(answer % PROGRAM_ANSWERS, contest->last - contest->first);
    if (dispute != NULL)
        *output = answer % 3 < 2 ? dispute->claims[answer % 3] : (struct vch_digest){{0}};
}

static inline void program_nonce(uint8_t nonce[static 32])
{
    memset(nonce, 0x33, 32);
}

static inline struct vch_entry program_commit_of(const struct vch_contest *contest, uint32_t node,
                                                 uint32_t answer)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_COMMIT, .contest = contest->id};
    const struct vch_public_key key = program_key(node);
    struct vch_digest output, trace;
    uint8_t nonce[32];

    program_answer(&output, &trace, contest, answer);
    program_nonce(nonce);
    entry.commit.commitment = vch_entry_commitment(&contest->id, &key, &output,
                                                   contest->is_dispute ? NULL : &trace, nonce);
    return entry;
}

static inline struct vch_entry program_reveal_of(const struct vch_contest *contest, uint32_t answer)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_REVEAL, .contest = contest->id};

    program_answer(&entry.reveal.output, &entry.reveal.trace, contest, answer);
    entry.reveal.has_trace = !contest->is_dispute;
    program_nonce(entry.reveal.nonce);
    return entry;
}

static inline void program_open(void)
{
    static struct vch_entry_job_open open;
    const uint32_t shape = program_next(), more = program_next();
    const struct vch_registry *registry = vch_state_registry_at(program.state, program.now);
    struct vch_job *job = &open.job;

    open = (struct vch_entry_job_open){.fee = 1 + (more & 7)};
    *job = (struct vch_job){.model = program_digest(1),
                            .quorum = 1 + 2 * (shape & 1),
                            .deadline_ms = program.now + 1 + 1000 * program_next()};
    if (registry != NULL) job->registry = registry->digest;
    open.is_trial = (shape & 0x0e) == 0x0e;
    const uint32_t segments = open.is_trial ? 1 : 1 + (shape >> 1 & 3) % 3;
    uint32_t first = 0;
    for (uint32_t i = 0; i < segments; i++) {
        if (shape >> (4 + i) & 1) {
            job->segments[job->segment_count++] =
                (struct vch_job_segment){first, first + 1, VCH_JOB_BY_CLIENT};
            first++;
        }
        const uint32_t count = 1 + (more >> 3) % PROGRAM_OPERATORS;
        job->segments[job->segment_count++] =
            (struct vch_job_segment){first, first + count, VCH_JOB_BY_NODES};
        first += count;
    }
    if (open.is_trial) job->quorum = 1;
    open.has_input = job->segments[0].by == VCH_JOB_BY_CLIENT;
    open.trial_node = program_key(more % PROGRAM_NODES);
    if (shape & 0x80 && !open.is_trial) {
        open.excluded_count = 1;
        open.excluded[0] = "op-1";
    }
    const uint32_t writer = open.is_trial ? PROGRAM_FOUNDER : PROGRAM_CLIENT;
    job->client = program_key(writer);
    open.job_id = program_digest(0x4000 + (uint32_t)program.jobs);
    uint8_t nonce[32];
    program_nonce(nonce);
    const struct vch_digest output = program_output(0);
    open.trial_expected = vch_entry_trial_expected(&open.job_id, &output, nonce);
    program.job_ids[program.jobs % 256] = open.job_id;
    if (vch_is_ok(program_apply((struct vch_entry){.kind = VCH_ENTRY_JOB_OPEN, .job_open = &open},
                                writer)))
        program.jobs++;
}

static inline const struct vch_digest *program_job(void)
{
    return &program.job_ids[program_next() % (program.jobs > 0 ? program.jobs % 257 : 1) % 256];
}

static inline void program_draw_all(void)
{
    const struct vch_contest *contest = program_contest(program_next());
    const uint32_t mask = program_next() | program_next() << 8;

    if (contest == NULL) return;
    for (uint32_t i = 0; i < PROGRAM_NODES; i++)
        if (mask >> i & 1)
            (void)program_apply(
                (struct vch_entry){.kind = VCH_ENTRY_SORTITION, .contest = contest->id}, i);
}

// Every seat does it, each with an answer of its own; 255 is silence.
static inline void program_vote_all(bool is_reveal)
{
    const struct vch_contest *contest = program_contest(program_next());
    struct vch_public_key nodes[64];
    uint32_t count = 0;

    if (contest == NULL) return;
    for (; count < contest->seat_count && count < 64; count++)
        nodes[count] = contest->seats[count].node;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t node = nodes[i].bytes[0] - 1u, answer = program_next();
        if (answer == 255) continue;
        (void)program_apply(is_reveal ? program_reveal_of(contest, answer)
                                      : program_commit_of(contest, node, answer),
                            node);
    }
}

static inline void program_money(void)
{
    static const enum vch_entry_kind kinds[] = {VCH_ENTRY_WITHDRAW, VCH_ENTRY_STAKE,
                                                VCH_ENTRY_UNSTAKE, VCH_ENTRY_RELEASE};
    const uint32_t what = program_next(), account = program_next() % PROGRAM_ACCOUNTS;
    const uint64_t amount = (uint64_t)program_next() << (what >> 4);
    struct vch_entry entry = {.kind = kinds[what % 4], .amount = amount};

    if (what % 8 < 4) {
        (void)program_apply(entry, account);
        return;
    }
    entry =
        (struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .deposit = {program_key(account), amount}};
    (void)program_apply(entry, PROGRAM_FOUNDER);
}

static inline void program_hold(void)
{
    const uint32_t what = program_next();

    (void)program_apply((struct vch_entry){.kind = VCH_ENTRY_HOLD,
                                           .hold = {program_digest(1), what & 1,
                                                    20 + (what >> 1 & 1), (what & 4) != 0}},
                        program_next() % PROGRAM_ACCOUNTS);
}

static inline void program_dispute_open(void)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};
    const struct vch_digest *job = program_job();
    const uint32_t answer = program_next();

    entry.dispute_open.job = *job;
    entry.dispute_open.segment = program_next() % 4;
    const struct vch_segment_record *segment =
        vch_state_segment(program.state, job, entry.dispute_open.segment);
    const uint32_t count = segment != NULL ? segment->last - segment->first : 1;
    entry.dispute_open.output = program_output(answer % PROGRAM_ANSWERS);
    entry.dispute_open.trace = program_trace(answer / 4 % PROGRAM_ANSWERS, count);
    (void)program_apply(entry, program_next() % PROGRAM_ACCOUNTS);
}

static inline void program_evidence(void)
{
    const struct vch_contest *contest = program_contest(program_next());
    const uint32_t node = program_next() % PROGRAM_NODES;
    struct vch_entry drafts[2];

    if (contest == NULL) return;
    for (uint32_t i = 0; i < 2; i++) {
        drafts[i] = program_commit_of(contest, node, program_next());
        drafts[i].writer = program_key(node);
    }
    struct vch_entry entry = {.kind = VCH_ENTRY_EVIDENCE};
    entry.evidence.first = &drafts[0];
    entry.evidence.second = &drafts[1];
    (void)program_apply(entry, program_next() % PROGRAM_ACCOUNTS);
}

static inline void program_inputs(void)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_INPUT};
    const uint32_t what = program_next();

    if (what & 1) {
        entry = (struct vch_entry){.kind = VCH_ENTRY_TRIAL_RESULT};
        entry.trial_result.job = *program_job();
        entry.trial_result.output = program_output(what & 2 ? 1 : 0);
        program_nonce(entry.trial_result.nonce);
        (void)program_apply(entry, PROGRAM_FOUNDER);
        return;
    }
    entry.input.job = *program_job();
    entry.input.segment = what >> 1 & 7;
    entry.input.input = program_digest(what);
    (void)program_apply(entry, PROGRAM_CLIENT);
}

// What a clerk should not enter.
static inline void program_forge(void)
{
    static const enum vch_entry_kind kinds[] = {
        VCH_ENTRY_DRAW,   VCH_ENTRY_CLOSE,           VCH_ENTRY_VERDICT,
        VCH_ENTRY_EXPIRE, VCH_ENTRY_DISPUTE_DEFAULT, VCH_ENTRY_REGISTRY};
    const uint32_t what = program_next();
    const struct vch_contest *contest = program_contest(program_next());
    struct vch_entry_seat seat = {program_key(what % PROGRAM_NODES), 1};
    struct vch_entry entry = {.kind = kinds[what % 6]};

    if (contest != NULL) entry.contest = contest->id;
    switch (what % 6) {
    case 0:
        entry.draw.count = what >> 7;
        entry.draw.seats = &seat;
        break;
    case 1: entry.close.commits = what >> 4 & 3; break;
    case 2:
        entry.verdict.has_output = what & 64;
        entry.verdict.output = program_output(0);
        entry.verdict.agreeing = what >> 5;
        break;
    case 3: entry.expire = *program_job(); break;
    case 4: {
        const struct vch_dispute *dispute = program_dispute(0);
        if (dispute != NULL) entry.dispute_default = dispute->id;
        break;
    }
    default: {
        const struct vch_registry *registry = &program.registries[what / 6 % 3];
        entry.registry.digest = registry->digest;
        entry.registry.serial = registry->serial;
        (void)program_apply(entry, PROGRAM_FOUNDER);
        return;
    }
    }
    (void)program_apply(entry, what & 128 ? PROGRAM_CLIENT : PROGRAM_CLERK);
}

static inline void program_time(void)
{
    static const uint32_t scales[] = {1, 100, 1000, 10000};
    const uint32_t what = program_next();

    program.now += (uint64_t)(what >> 2) * scales[what & 3];
}

// Everybody does what the contest waits for: the liars give another answer, the silent nothing.
static inline void program_advance(void)
{
    const struct vch_contest *contest = program_contest(program_next());
    struct vch_public_key nodes[64];
    uint32_t count = 0;

    if (contest == NULL) return;
    if (contest->phase == VCH_CONTEST_OPEN || contest->phase == VCH_CONTEST_CLOSED)
        program_anchor(0);
    if (contest->phase == VCH_CONTEST_DRAWING) {
        for (uint32_t i = 0; i < PROGRAM_NODES; i++)
            (void)program_apply(
                (struct vch_entry){.kind = VCH_ENTRY_SORTITION, .contest = contest->id}, i);
        program.now += program.charter.parameters.draw_ms;
        program_clerk();
    }
    for (; count < contest->seat_count && count < 64; count++)
        nodes[count] = contest->seats[count].node;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t node = nodes[i].bytes[0] - 1u;
        const uint32_t answer =
            contest->is_dispute && program.are_blind ? 2 : program.liars >> node & 1;
        if (program.silent >> node & 1) continue;
        if (contest->phase == VCH_CONTEST_COMMITTING)
            (void)program_apply(program_commit_of(contest, node, answer), node);
        else if (contest->phase == VCH_CONTEST_REVEALING)
            (void)program_apply(program_reveal_of(contest, answer), node);
    }
}

// A dispute of what a segment was decided on, with another answer.
static inline void program_dispute_well(void)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};
    const struct vch_digest *job = program_job();

    for (uint32_t i = 0; i < 6; i++) {
        const struct vch_segment_record *segment = vch_state_segment(program.state, job, i);
        if (segment == NULL || segment->phase != VCH_JOB_DECIDED) continue;
        const uint32_t count = segment->last - segment->first;
        const struct vch_digest right = program_output(0);
        const uint32_t answer = vch_hash_is_equal(&segment->output, &right);
        entry.dispute_open.job = *job;
        entry.dispute_open.segment = i;
        entry.dispute_open.output = program_output(answer);
        entry.dispute_open.trace = program_trace(answer, count);
    }
    (void)program_apply(entry, program_next() % PROGRAM_ACCOUNTS);
}

static inline bool program_move_of(const struct vch_dispute *dispute, uint32_t account)
{
    const struct vch_public_key key = program_key(account);
    const struct vch_segment_record *segment =
        vch_state_segment(program.state, &dispute->job, dispute->segment);
    struct vch_digest leaves[PROGRAM_OPERATORS];
    struct vch_entry entry;

    for (uint32_t answer = 0; answer < PROGRAM_ANSWERS; answer++) {
        program_leaves(leaves, answer, segment->last - segment->first);
        if (vch_seat_next_move(&entry, program.state, dispute, &key, leaves,
                               segment->last - segment->first))
            return vch_is_ok(program_apply(entry, account));
    }
    return false;
}

// Both sides of a dispute move as far as they can.
static inline void program_move_all(void)
{
    const struct vch_dispute *dispute = program_dispute(program_next() & 3);
    bool has_moved = dispute != NULL;

    while (has_moved && dispute->phase == VCH_DISPUTE_MOVING) {
        has_moved = false;
        for (uint32_t i = 0; i < PROGRAM_ACCOUNTS && dispute->phase == VCH_DISPUTE_MOVING; i++)
            if (!(program.silent >> i & 1)) has_moved = program_move_of(dispute, i) || has_moved;
    }
}

static inline void program_step(void)
{
    switch (program_next() % 24) {
    case 16: program.liars = program_next() | program_next() << 8; break;
    case 17: program.silent = program_next() & program_next(); break;
    case 18:
    case 19:
    case 20: program_advance(); break;
    case 21: program_dispute_well(); break;
    case 22: program_move_all(); break;
    case 23: program.are_blind = !program.are_blind; break;
    case 0: program_time(); break;
    case 1: program_clerk(); break;
    case 2: program_anchor(0); break;
    case 3: program_anchor(program_next()); break;
    case 4: program_money(); break;
    case 5: program_hold(); break;
    case 6: program_open(); break;
    case 7: program_draw_all(); break;
    case 8: program_vote_all(false); break;
    case 9: program_vote_all(true); break;
    case 10: program_dispute_open(); break;
    case 11: {
        const struct vch_dispute *dispute = program_dispute(program_next() & 3);
        const uint32_t account = program_next() % PROGRAM_ACCOUNTS;
        if (dispute != NULL) (void)program_move_of(dispute, account);
        break;
    }
    case 12: program_evidence(); break;
    case 13: program_inputs(); break;
    case 14: program_forge(); break;
    default:
        program_anchor(0);
        program_clerk();
        break;
    }
}

static inline void program_make_registries(void)
{
    for (uint32_t r = 0; r < 3; r++) {
        struct vch_registry *registry = &program.registries[r];
        *registry = (struct vch_registry){.serial = 1 + r,
                                          .members = program.members[r],
                                          .digest = program_digest(0x100 + r),
                                          .founder = program_key(PROGRAM_FOUNDER)};
        for (uint32_t i = 0; i < PROGRAM_ACCOUNTS; i++) {
            struct vch_member *member = &program.members[r][registry->member_count];
            if (i == PROGRAM_FOUNDER || i == PROGRAM_CLERK || (r == 2 && i % 5 == 0)) continue;
            *member =
                (struct vch_member){.key = program_key(i),
                                    .role = i < PROGRAM_NODES ? VCH_ROLE_NODE : VCH_ROLE_CLIENT,
                                    .has_vrf = i < PROGRAM_NODES};
            memcpy(member->vrf.bytes, member->key.bytes, sizeof member->vrf.bytes);
            (void)snprintf(member->operator_name, sizeof member->operator_name, "op-%u",
                           r == 1 ? i / 2 : i);
            registry->member_count++;
        }
    }
}

static inline void program_begin(const uint8_t *bytes, size_t size)
{
    struct vch_state_setup setup = {
        .limits = {.accounts = 20,
                   .jobs = 12,
                   .contests = 40,
                   .seats = 1024,
                   .disputes = 6,
                   .candidates = 64,
                   .holdings = 64,
                   .exclusions = 8,
                   .registries = 3},
        .checks = {program_signature, program_sortition, program_cosignature, NULL},
        .registry = program_registry};

    program = (struct program){.bytes = bytes, .size = size, .now = 1000000};
    vch_arena_init(&program.arena, 1u << 26);
    const vch_status status = vch_state_new(&program.state, &setup, &program.arena);
    VCH_ASSERT(vch_is_ok(status));
    program_make_registries();
    program.charter = (struct vch_charter){.origin = "program",
                                           .founder = program_key(PROGRAM_FOUNDER),
                                           .clerk = program_key(PROGRAM_CLERK),
                                           .witness_count = 1,
                                           .witnesses = {{"w", program_key(100)}},
                                           .parameters = vch_charter_default_parameters(),
                                           .id = program_digest(7)};
    struct vch_parameters *parameters = &program.charter.parameters;
    const uint32_t kind = program_next();
    parameters->trials = kind & 1;
    parameters->stake_min = 10;
    parameters->dispute_bond = 7;
    parameters->draw_all = kind & 2 ? 4 : 64;
    parameters->referees = 3;
    parameters->rounds = 1 + (kind >> 2) % 3;
    parameters->dispute_ms = kind & 16 ? 1000 : 600000;
    parameters->unbonding_ms = parameters->dispute_ms;
    program_must((struct vch_entry){.kind = VCH_ENTRY_CHARTER, .charter = &program.charter},
                 PROGRAM_FOUNDER);
    program_must((struct vch_entry){.kind = VCH_ENTRY_REGISTRY,
                                    .registry = {program.registries[0].digest, 1}},
                 PROGRAM_FOUNDER);
    for (uint32_t i = 0; i < PROGRAM_ACCOUNTS; i++)
        program_must(
            (struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .deposit = {program_key(i), 100000}},
            PROGRAM_FOUNDER);
    for (uint32_t i = 0; i < PROGRAM_NODES; i++) {
        program_must((struct vch_entry){.kind = VCH_ENTRY_STAKE, .amount = 1000 + i}, i);
        program_must(
            (struct vch_entry){.kind = VCH_ENTRY_HOLD, .hold = {program_digest(1), 0, 40, false}},
            i);
    }
    program.now += parameters->epoch_ms;
}

// Everybody has gone home: with time, anchors and a clerk everything comes to its end.
static inline void program_end(void)
{
    for (uint32_t i = 0; vch_state_next_job(program.state, NULL) != NULL; i++) {
        VCH_ASSERT(i < 1000);
        program_anchor(0);
        program.now += 600000;
        program_clerk();
        program_must((struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .deposit = {program_key(0), 1}},
                     PROGRAM_FOUNDER);
    }
    VCH_ASSERT(vch_state_next_contest(program.state, NULL) == NULL);
    VCH_ASSERT(vch_state_next_dispute(program.state, NULL) == NULL);
    VCH_ASSERT(vch_state_due(program.state).kind == VCH_DUE_NOTHING);
    VCH_ASSERT(vch_state_totals(program.state).escrow == 0);
    for (uint32_t i = 0; i < vch_state_account_count(program.state); i++)
        VCH_ASSERT(vch_state_account_at(program.state, i)->frozen == 0);
}

static inline void program_run(const uint8_t *bytes, size_t size)
{
    program_begin(bytes, size);
    while (program.at < program.size)
        program_step();
    program_end();
    vch_arena_release(&program.arena);
    vch_arena_release(&program.work);
}
