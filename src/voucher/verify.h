// What does this voucher show, to a reader who trusts only the keys they name?
//
// Every claim gets its own verdict and reason; nothing is blended into one word. A claim is SHOWN
// only when it follows from signatures, digests or recomputation checked here, under keys that the
// reader named. A claim that is present but rests on a key the reader did not name is NOT_SHOWN,
// and the reason prints the key: nothing of the statement comes from whoever made the voucher.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/package.h"
#include "voucher/attested.h"
#include "voucher/opening.h"
#include "voucher/voucher.h"

enum vch_verdict {
    VCH_VERDICT_NOT_CLAIMED, // the voucher does not speak of it
    VCH_VERDICT_NOT_SHOWN,   // claimed, but not shown to this reader
    VCH_VERDICT_SHOWN,
    VCH_VERDICT_FALSE,
};

#define VCH_CLAIMS(X) \
    X(CLIENT, "client", "one client signed the whole voucher") \
    X(MODEL, "model", "the model's identity, signed by its owner") \
    X(INPUT, "input", "the input that the client fixed before it asked anyone") \
    X(OUTPUT, "output", "the output that the client received") \
    X(SPLIT, "split", "which node answered for which segment") \
    X(QUORUM, "quorum", "independent operators agree on every segment") \
    X(ENDS, "ends", "the client's own segments join input, votes and output") \
    X(PROOF, "proof", "a zero-knowledge proof of the run") \
    X(ATTESTED, "attested", "evidence of the hardware that ran it")

enum vch_claim {
#define X(name, text, meaning) VCH_CLAIM_##name,
    VCH_CLAIMS(X)
#undef X
        VCH_CLAIM_COUNT
};

#define VCH_VERIFY_REASON_SIZE 1024u // a committee takes some 700 characters to describe

struct vch_finding {
    enum vch_verdict verdict;
    char reason[VCH_VERIFY_REASON_SIZE];
};

#define VCH_VERIFY_KEYS_MAX 64

// What the reader requires and whom they trust. Zeroed: no keys named, default requirements.
struct vch_policy {
    uint32_t founder_count, owner_count, client_count, ledger_count, attest_signer_count;
    struct vch_public_key founders[VCH_VERIFY_KEYS_MAX]; // networks whose registries count
    struct vch_public_key owners[VCH_VERIFY_KEYS_MAX];   // owners whose models count
    struct vch_public_key clients[VCH_VERIFY_KEYS_MAX];  // empty: any; else client must be shown
    // Empty: any, or none at all; else a quorum is shown by agreements on one of these alone.
    struct vch_digest ledgers[VCH_VERIFY_KEYS_MAX];
    struct vch_public_key attest_signers[VCH_VERIFY_KEYS_MAX]; // whose rules for evidence count
    bool has_attest_class;
    enum vch_rules_class attest_class; // what machines have to be fit for; zeroed: prompts
    bool has_requirements;             // false, or none named: model, input, output, and quorum (or
    bool requires[VCH_CLAIM_COUNT];    // proof, or attested) must be shown
    uint32_t quorum_min;               // least k of the job; 0: VCH_VERIFY_QUORUM_MIN
    uint64_t at_ms; // the reader's clock, against vouchers from the future; 0: not checked
};

// One vote agrees with nobody: whoever is content with it says so with `quorum 1`.
#define VCH_VERIFY_QUORUM_MIN 2u

// Clocks differ: a voucher may be finished this much later than the reader's now.
#define VCH_VERIFY_SKEW_MAX_MS 300000u // check: 5 * 60 * 1000

struct vch_verify_input {
    const struct vch_voucher *voucher;
    const struct vch_package *package; // NULL, or the model the reader holds: its identity counts
                                       // as named, and allows recomputation
    const struct vch_opening *opening; // NULL, or the client's opening
    const struct vch_policy *policy;   // never NULL
    const struct vch_kernels *kernels; // for running and checking; NULL only where package is
    struct vch_workers *workers;
    const struct vch_rules *rules; // NULL, or what the reader takes as evidence of hardware
    int64_t evidence_at_s;         // when evidence is judged; 0: when the voucher was finished
};

struct vch_verify_report {
    struct vch_finding findings[VCH_CLAIM_COUNT];
    // Nodes with a signed vote against their segment's majority, the first VCH_VOTE_COUNT_MAX of
    // them. The job pins every nonce, so honest votes on one input are equal: either these signed a
    // wrong result, or the majority did. Where the registry's founder is not one that the reader
    // named, they are only what an unknown network's keys say of each other.
    uint32_t dissenter_count;
    struct {
        struct vch_public_key node;
        uint32_t segment;
    } dissenters[VCH_VOTE_COUNT_MAX];
    // What nodes showed of what they run, each judged by itself, the first VCH_VOTE_COUNT_MAX.
    uint32_t attested_count;
    struct vch_attested_node attested[VCH_VOTE_COUNT_MAX];
};

const char *vch_verify_claim_name(enum vch_claim claim);
const char *vch_verify_claim_meaning(enum vch_claim claim);
const char *vch_verify_verdict_text(enum vch_verdict verdict); // "shown", "not claimed", ...

// VCH_OK exactly when nothing is FALSE and the policy's requirements are all SHOWN; BAD_PROOF
// otherwise, with a complaint that says which claim decided. The report is filled in either case.
// With package and opening the whole model is run again and every boundary compared. `arena` is
// rewound.
vch_status vch_verify_voucher(struct vch_verify_report *report,
                              const struct vch_verify_input *input, struct vch_arena *arena,
                              struct vch_complaint *complaint);
