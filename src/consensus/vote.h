// Votes: each node's signed word on what a segment's output is, and the majority among them.
//
// With direct votes the client is the one who asks and counts. Every vote is signed, so a voucher's
// reader recounts them alone; that votes were not left out is the client's word until a ledger
// stands behind it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "consensus/job.h"
#include "consensus/registry.h"
#include "crypto/sign.h"
#include "crypto/signer.h"

#define VCH_VOTE_COUNT_MAX 301u

struct vch_vote {
    struct vch_public_key node;
    struct vch_digest input, output; // commitments
    struct vch_signature signature;
};

// What a client says of nodes that left no vote to count, or no proof of what they voted for.
#define VCH_FAULTS(X) \
    X(UNREACHABLE, 1, "could not be reached") \
    X(SILENT, 2, "did not answer in time") \
    X(REFUSED, 3, "refused") \
    X(MALFORMED, 4, "sent a malformed answer") \
    X(BAD_SIGNATURE, 5, "sent a vote whose signature is wrong") \
    X(BAD_TENSOR, 6, "sent a tensor that does not match its vote") \
    X(BAD_INPUT, 7, "voted on another input than it was given") \
    X(NO_PROOF, 8, "did not prove its segment") \
    X(BAD_PROOF, 9, "sent a proof that shows nothing")

enum vch_fault_kind {
#define X(name, value, text) VCH_FAULT_##name = (value),
    VCH_FAULTS(X)
#undef X
};

struct vch_fault {
    struct vch_public_key node;
    enum vch_fault_kind kind;
};

const char *vch_vote_fault_text(enum vch_fault_kind kind);

void vch_vote_sign(struct vch_vote *vote, const struct vch_digest *job_id, uint32_t segment,
                   const struct vch_secret_key *node); // fills node and signature
// The same by whoever holds the key. The codes of vch_signer_sign.
vch_status vch_vote_sign_by(struct vch_vote *vote, const struct vch_digest *job_id,
                            uint32_t segment, const struct vch_signer *node);
vch_status vch_vote_verify(const struct vch_vote *vote, const struct vch_digest *job_id,
                           uint32_t segment);

struct vch_tally {
    uint32_t counted;  // votes that count: verified, by a node of the registry, one per operator
    uint32_t needed;   // more than half of max(quorum, counted)
    uint32_t agreeing; // for the leading output
    struct vch_digest output; // the leading output; ties to the smallest digest
};

// Verifies and counts votes on `input`. A vote whose signature is wrong, by a key that is no node
// of the registry, a second one of the same operator, or on another input makes the whole list
// BAD_PROOF: whoever assembles a list leaves such votes out. VCH_OK exactly when agreeing >=
// needed; BAD_PROOF otherwise, with a complaint and `out` filled as far as it got.
vch_status vch_vote_tally(struct vch_tally *out, const struct vch_vote *votes, uint32_t count,
                          const struct vch_digest *job_id, uint32_t segment,
                          const struct vch_digest *input, uint32_t quorum,
                          const struct vch_registry *registry, struct vch_complaint *complaint);
