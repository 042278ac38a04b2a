// Entries of a ledger: who says what, signed. specs/ledger.md is normative; ledger.proto its
// schema.
//
// A decoded entry is well-formed: canonical bytes, every field in its range. Whether it is true, by
// whom it had to be signed, and whether it follows from what was before it is for vch_entry_verify
// and agreement/state.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "consensus/job.h"
#include "consensus/registry.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/signer.h"
#include "crypto/vrf.h"
#include "entry/charter.h"

#define VCH_ENTRY_SIZE_MAX 16384u
#define VCH_ENTRY_CHARTER_SIZE_MAX 65535u
#define VCH_ENTRY_TIME_MAX ((UINT64_C(1) << 53) - 1)
#define VCH_ENTRY_AMOUNT_MAX ((UINT64_C(1) << 53) - 1)
#define VCH_ENTRY_FEE_MAX (UINT64_C(1) << 40)
#define VCH_ENTRY_QUORUM_MAX 31u
#define VCH_ENTRY_SEGMENTS_MAX 16u // of a job, by nodes
#define VCH_ENTRY_ROUNDS_MAX 4u
#define VCH_ENTRY_STEPS_MAX 32u // of a dispute: halving 2^32 operators
#define VCH_ENTRY_EXCLUDED_MAX 16u
#define VCH_ENTRY_SEATS_MAX 319u // of a draw: 31 grows to 63, 127 and 255; 16 KiB hold 319

// The numbers are those of Statement's fields. X(NAME, number, field of the union, text)
#define VCH_ENTRY_KINDS(X) \
    X(CHARTER, 2, charter, "charter") \
    X(REGISTRY, 3, registry, "registry") \
    X(DEPOSIT, 4, deposit, "deposit") \
    X(WITHDRAW, 5, amount, "withdraw") \
    X(STAKE, 6, amount, "stake") \
    X(UNSTAKE, 7, amount, "unstake") \
    X(RELEASE, 8, release, "release") \
    X(HOLD, 9, hold, "hold") \
    X(JOB_OPEN, 10, job_open, "job_open") \
    X(INPUT, 11, input, "input") \
    X(SORTITION, 12, sortition, "sortition") \
    X(DRAW, 13, draw, "draw") \
    X(COMMIT, 14, commit, "commit") \
    X(CLOSE, 15, close, "close") \
    X(REVEAL, 16, reveal, "reveal") \
    X(VERDICT, 17, verdict, "verdict") \
    X(ANCHOR, 18, anchor, "anchor") \
    X(EXPIRE, 19, expire, "expire") \
    X(TRIAL_RESULT, 20, trial_result, "trial_result") \
    X(EVIDENCE, 21, evidence, "evidence") \
    X(DISPUTE_OPEN, 22, dispute_open, "dispute_open") \
    X(DISPUTE_MOVE, 23, dispute_move, "dispute_move") \
    X(DISPUTE_DEFAULT, 24, dispute_default, "dispute_default")

enum vch_entry_kind {
#define X(name, number, field, text) VCH_ENTRY_##name = (number),
    VCH_ENTRY_KINDS(X)
#undef X
};

// Names a contest: the committees' work on one segment, or one dispute, in one round.
struct vch_contest_id {
    struct vch_digest subject; // a job id, or a dispute's
    uint32_t segment, round;
};

struct vch_entry_hold {
    struct vch_digest model;
    uint32_t first, last;
    bool drop;
};

struct vch_entry_job_open {
    struct vch_job job; // decoded
    struct vch_digest job_id;
    const uint8_t *job_bytes; // borrowed
    size_t job_size;
    uint64_t fee;
    bool has_input, is_trial;
    struct vch_digest input;
    uint32_t excluded_count;
    const char *excluded[VCH_ENTRY_EXCLUDED_MAX]; // in the arena, NUL-terminated
    struct vch_public_key trial_node;
    struct vch_digest trial_expected;
};

struct vch_entry_seat {
    struct vch_public_key node;
    uint64_t weight;
};

struct vch_entry_cosignature {
    uint32_t witness; // index into the charter's
    uint64_t time_s;
    struct vch_signature signature;
};

struct vch_entry {
    uint64_t time_ms; // 0 in a draft
    struct vch_public_key writer;
    struct vch_signature signature;
    uint64_t number;
    enum vch_entry_kind kind;
    struct vch_contest_id contest; // of kinds SORTITION to VERDICT
    union {
        const struct vch_charter *charter;
        struct {
            struct vch_digest digest;
            uint64_t serial;
        } registry;
        struct {
            struct vch_public_key account;
            uint64_t amount;
        } deposit;
        uint64_t amount;
        struct vch_entry_hold hold;
        const struct vch_entry_job_open *job_open; // in the arena
        struct {
            struct vch_digest job;
            uint32_t segment;
            struct vch_digest input;
        } input;
        struct {
            struct vch_vrf_proof proof;
        } sortition;
        struct {
            uint32_t count, eligible;
            uint64_t weight;
            const struct vch_entry_seat *seats; // in the arena
        } draw;
        struct {
            struct vch_digest commitment;
        } commit;
        struct {
            uint32_t commits;
        } close;
        struct {
            struct vch_digest output, trace; // a referee's trace: absent
            bool has_trace;
            uint8_t nonce[32];
        } reveal;
        struct {
            struct vch_digest output;
            bool has_output;
            uint32_t agreeing;
        } verdict;
        struct {
            uint64_t size;
            struct vch_digest root;
            uint32_t count;
            struct vch_entry_cosignature cosignatures[VCH_CHARTER_WITNESSES_MAX];
        } anchor;
        struct vch_digest expire; // job id
        struct {
            struct vch_digest job, output;
            uint8_t nonce[32];
        } trial_result;
        struct {
            const struct vch_entry *first, *second; // drafts of kind COMMIT, in the arena
        } evidence;
        struct {
            struct vch_digest job;
            uint32_t segment;
            struct vch_digest output, trace;
        } dispute_open;
        struct {
            struct vch_digest dispute;
            uint32_t step;
            bool defends;
            struct vch_digest left, right;
        } dispute_move;
        struct vch_digest dispute_default; // dispute id
    };
    // Of the statement, for signing and verifying: vch_entry_digest under the ledger's id.
    const uint8_t *statement; // canonical, borrowed (decoded) or in the arena (signed)
    size_t statement_size;
};

const char *vch_entry_kind_text(enum vch_entry_kind kind);

// Fills the statement of an entry whose number, kind and fields are set. Complaints as of a decoder
// that would refuse it.
vch_status vch_entry_compose(struct vch_entry *entry, struct vch_arena *arena,
                             struct vch_complaint *complaint);
// The same, and writer and signature. time_ms stays as it is.
vch_status vch_entry_sign(struct vch_entry *entry, const struct vch_digest *ledger,
                          const struct vch_secret_key *writer, struct vch_arena *arena,
                          struct vch_complaint *complaint);
// The same by whoever holds the key; also the codes of vch_signer_sign.
vch_status vch_entry_sign_by(struct vch_entry *entry, const struct vch_digest *ledger,
                             const struct vch_signer *writer, struct vch_arena *arena,
                             struct vch_complaint *complaint);
// Canonical Entry bytes of a signed or decoded entry; with time_ms 0, a draft.
vch_status vch_entry_encode(uint8_t **out, size_t *size, const struct vch_entry *entry,
                            struct vch_arena *arena, struct vch_complaint *complaint);
// TRUNCATED, MALFORMED, LIMIT. `out` borrows `bytes`.
vch_status vch_entry_decode(struct vch_entry *out, const uint8_t *bytes, size_t size,
                            struct vch_arena *arena, struct vch_complaint *complaint);
// The same bytes with another time: what a clerk makes of a draft.
vch_status vch_entry_stamp(uint8_t **out, size_t *size, const uint8_t *draft, size_t draft_size,
                           uint64_t time_ms, struct vch_arena *arena);

struct vch_digest vch_entry_digest(const struct vch_digest *ledger, const uint8_t *statement,
                                   size_t statement_size); // what is signed
// The writer's signature, and no more. BAD_PROOF.
vch_status vch_entry_verify(const struct vch_entry *entry, const struct vch_digest *ledger);

struct vch_digest vch_entry_commitment(const struct vch_contest_id *contest,
                                       const struct vch_public_key *node,
                                       const struct vch_digest *output,
                                       const struct vch_digest *trace, // NULL: a referee
                                       const uint8_t nonce[static 32]);
// What an anchor adds to a draw: its size, root and cosignatures.
struct vch_digest vch_entry_anchor_seed(const struct vch_entry *anchor);
struct vch_digest vch_entry_trial_expected(const struct vch_digest *job,
                                           const struct vch_digest *output,
                                           const uint8_t nonce[static 32]);
struct vch_digest vch_entry_dispute_id(const struct vch_digest *job, uint32_t segment,
                                       const struct vch_public_key *by,
                                       const struct vch_digest *output,
                                       const struct vch_digest *trace);
