// One entry of each kind, the same every time: for tests of entries and for the vectors of
// specs/ledger.md.
#pragma once

#include <string.h>

#include "entry/entry.h"
#include "harness/test.h"

static inline struct vch_secret_key entries_key(uint8_t fill)
{
    struct vch_secret_key key;
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    memset(seed, fill, sizeof seed);
    vch_sign_key(&key, seed);
    return key;
}

static inline struct vch_digest entries_digest(uint8_t fill)
{
    struct vch_digest digest;

    memset(digest.bytes, fill, sizeof digest.bytes);
    return digest;
}

// Founder 01, clerk 02, witnesses 03 to 06 by their seeds' bytes.
static inline struct vch_charter entries_charter(struct vch_arena *arena)
{
    struct vch_charter charter = {.origin = "clinics.example/ledger",
                                  .founder = entries_key(1).public_key,
                                  .clerk = entries_key(2).public_key,
                                  .witness_count = 4,
                                  .parameters = vch_charter_default_parameters()};
    struct vch_complaint complaint = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    for (uint8_t i = 0; i < 4; i++) { // inserted in the order of their keys
        struct vch_charter_witness witness = {.key = entries_key((uint8_t)(3 + i)).public_key};
        uint32_t at = i;
        memcpy(witness.name, (char[]){'w', (char)('0' + i), '\0'}, 3);
        for (; at > 0 && memcmp(charter.witnesses[at - 1].key.bytes, witness.key.bytes,
                                sizeof witness.key.bytes) > 0;
             at--)
            charter.witnesses[at] = charter.witnesses[at - 1];
        charter.witnesses[at] = witness;
    }
    memset(charter.nonce, 7, sizeof charter.nonce);
    CHECK_OK(vch_charter_encode(&bytes, &size, &charter, arena, &complaint));
    return charter;
}

static inline void entries_job(struct vch_entry_job_open *open, struct vch_arena *arena)
{
    struct vch_complaint complaint = {0};
    uint8_t *bytes = NULL;

    open->job = (struct vch_job){.model = entries_digest(0x10),
                                 .client = entries_key(8).public_key,
                                 .nonce = entries_digest(0x11),
                                 .batch = 1,
                                 .commitment_kind = VCH_COMMITMENT_SHA256,
                                 .input = entries_digest(0x12),
                                 .segment_count = 2,
                                 .segments = {{0, 2, VCH_JOB_BY_CLIENT}, {2, 6, VCH_JOB_BY_NODES}},
                                 .quorum = 3,
                                 .deadline_ms = 1700000060000,
                                 .registry = entries_digest(0x13)};
    for (uint8_t i = 0; i < 3; i++)
        open->job.nonces[i] = entries_digest((uint8_t)(0x14 + i));
    CHECK_OK(vch_job_encode(&bytes, &open->job_size, &open->job, arena, &complaint));
    open->job_bytes = bytes;
    open->job_id = vch_job_id(bytes, open->job_size);
    open->fee = 5;
    open->has_input = true;
    open->input = entries_digest(0x17);
    open->excluded_count = 2;
    open->excluded[0] = "party-0";
    open->excluded[1] = "party-1";
}

static inline void entries_anchor(struct vch_entry *entry)
{
    entry->anchor.size = 300;
    entry->anchor.root = entries_digest(0x26);
    entry->anchor.count = 3;
    for (uint8_t i = 0; i < 3; i++) {
        entry->anchor.cosignatures[i] = (struct vch_entry_cosignature){i, 1700000000, {{0}}};
        memset(entry->anchor.cosignatures[i].signature.bytes, 0x27 + i, 64);
    }
}

static inline const struct vch_entry *entries_draft(const struct vch_digest *ledger, uint8_t fill,
                                                    struct vch_arena *arena)
{
    struct vch_entry *draft = vch_arena_alloc(arena, 1, sizeof *draft);
    const struct vch_secret_key node = entries_key(9);
    struct vch_complaint complaint = {0};

    draft->kind = VCH_ENTRY_COMMIT;
    draft->contest = (struct vch_contest_id){entries_digest(0x18), 1, 0};
    draft->commit.commitment = entries_digest(fill);
    CHECK_OK(vch_entry_sign(draft, ledger, &node, arena, &complaint));
    return draft;
}

static inline void entries_fill_disputes(struct vch_entry *entry)
{
    switch ((int)entry->kind) {
    case VCH_ENTRY_DISPUTE_OPEN:
        entry->dispute_open.job = entries_digest(0x18);
        entry->dispute_open.segment = 1;
        entry->dispute_open.output = entries_digest(0x2c);
        entry->dispute_open.trace = entries_digest(0x2d);
        break;
    case VCH_ENTRY_DISPUTE_MOVE:
        entry->dispute_move.dispute = entries_digest(0x2e);
        entry->dispute_move.step = 2;
        entry->dispute_move.defends = true;
        entry->dispute_move.left = entries_digest(0x2f);
        entry->dispute_move.right = entries_digest(0x30);
        break;
    default: entry->dispute_default = entries_digest(0x2e); break;
    }
}

static inline void entries_fill_contest(struct vch_entry *entry, struct vch_arena *arena)
{
    entry->contest = (struct vch_contest_id){entries_digest(0x18), 1, 0};
    switch ((int)entry->kind) {
    case VCH_ENTRY_SORTITION: memset(entry->sortition.proof.bytes, 0x1a, 80); break;
    case VCH_ENTRY_DRAW: {
        struct vch_entry_seat *seats = vch_arena_alloc(arena, 2, sizeof *seats);
        seats[0] = (struct vch_entry_seat){entries_key(9).public_key, 1000};
        seats[1] = (struct vch_entry_seat){entries_key(10).public_key, 900};
        entry->draw.count = 2;
        entry->draw.seats = seats;
        entry->draw.eligible = 7;
        entry->draw.weight = 7100;
        break;
    }
    case VCH_ENTRY_COMMIT: entry->commit.commitment = entries_digest(0x1b); break;
    case VCH_ENTRY_CLOSE: entry->close.commits = 2; break;
    case VCH_ENTRY_REVEAL:
        entry->reveal.output = entries_digest(0x1c);
        entry->reveal.trace = entries_digest(0x1d);
        entry->reveal.has_trace = true;
        memset(entry->reveal.nonce, 0x1e, sizeof entry->reveal.nonce);
        break;
    default:
        entry->verdict.output = entries_digest(0x1c);
        entry->verdict.has_output = true;
        entry->verdict.agreeing = 2;
        break;
    }
}

static inline void entries_fill(struct vch_entry *entry, const struct vch_charter *charter,
                                struct vch_arena *arena)
{
    if (entry->kind >= VCH_ENTRY_SORTITION && entry->kind <= VCH_ENTRY_VERDICT) {
        entries_fill_contest(entry, arena);
        return;
    }
    entry->number = entry->kind == VCH_ENTRY_CHARTER    ? 1
                    : entry->kind <= VCH_ENTRY_JOB_OPEN ? 9
                                                        : 0;
    switch ((int)entry->kind) {
    case VCH_ENTRY_CHARTER: entry->charter = charter; break;
    case VCH_ENTRY_REGISTRY:
        entry->registry.digest = entries_digest(0x13);
        entry->registry.serial = 4;
        break;
    case VCH_ENTRY_DEPOSIT:
        entry->deposit.account = entries_key(8).public_key;
        entry->deposit.amount = 1000000;
        break;
    case VCH_ENTRY_RELEASE: break;
    case VCH_ENTRY_HOLD:
        entry->hold = (struct vch_entry_hold){entries_digest(0x10), 0, 6, true};
        break;
    case VCH_ENTRY_JOB_OPEN: {
        struct vch_entry_job_open *open = vch_arena_alloc(arena, 1, sizeof *open);
        entries_job(open, arena);
        entry->job_open = open;
        break;
    }
    case VCH_ENTRY_INPUT:
        entry->input.job = entries_digest(0x18);
        entry->input.segment = 1;
        entry->input.input = entries_digest(0x19);
        break;
    case VCH_ENTRY_ANCHOR: entries_anchor(entry); break;
    case VCH_ENTRY_EXPIRE: entry->expire = entries_digest(0x18); break;
    case VCH_ENTRY_TRIAL_RESULT:
        entry->trial_result.job = entries_digest(0x18);
        entry->trial_result.output = entries_digest(0x1c);
        memset(entry->trial_result.nonce, 0x2a, sizeof entry->trial_result.nonce);
        break;
    case VCH_ENTRY_EVIDENCE:
        entry->evidence.first = entries_draft(&charter->id, 0x1b, arena);
        entry->evidence.second = entries_draft(&charter->id, 0x2b, arena);
        break;
    case VCH_ENTRY_WITHDRAW:
    case VCH_ENTRY_STAKE:
    case VCH_ENTRY_UNSTAKE: entry->amount = 250; break;
    default: entries_fill_disputes(entry); break;
    }
}

// A signed entry of that kind with a time; its writer is the key of seed bytes 09, whoever would
// have to write it. The charter's is the founder.
static inline struct vch_entry entries_example(enum vch_entry_kind kind,
                                               const struct vch_charter *charter,
                                               struct vch_arena *arena)
{
    struct vch_entry entry = {.kind = kind, .time_ms = 1700000000000};
    const struct vch_secret_key writer = entries_key(kind == VCH_ENTRY_CHARTER ? 1 : 9);
    struct vch_complaint complaint = {0};

    entries_fill(&entry, charter, arena);
    CHECK_OK(vch_entry_sign(&entry, &charter->id, &writer, arena, &complaint));
    return entry;
}
