// The voucher as a struct: encode what a client received, decode what someone hands you.
//
// Decoding checks form only: canonical bytes, ranges, order, and that the job and the registry
// inside are well-formed ones. What a voucher shows is for voucher/verify.h to say.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "consensus/job.h"
#include "consensus/registry.h"
#include "consensus/vote.h"
#include "crypto/sign.h"

#define VCH_VOUCHER_SIZE_MAX (64u << 20)
#define VCH_VOUCHER_FAULT_COUNT_MAX 1024u // of one segment

struct vch_segment_proof {
    struct vch_digest input_root, output_root; // of the boundaries, as matrices
    const uint8_t *annex, *proof;
    size_t annex_size, proof_size;
};

// What a ledger holds of a segment's contest: specs/voucher.md, section 6.
#define VCH_VOUCHER_LEAVES_MAX 1024u
#define VCH_VOUCHER_CHECKPOINT_MAX 16384u

struct vch_agreement_leaf {
    uint64_t position;
    const uint8_t *entry; // canonical
    size_t entry_size;
    uint32_t path_count;
    const struct vch_digest *path; // from the leaf up
};

struct vch_segment_agreement {
    const uint8_t *checkpoint; // a note
    size_t checkpoint_size;
    uint32_t leaf_count;
    const struct vch_agreement_leaf *leaves; // ascending by position
};

// What a node showed of what it runs, before it got anything of the job: specs/voucher.md, section
// 7.
#define VCH_VOUCHER_ATTESTATIONS_MAX 1024u // of all segments

struct vch_segment_attestation {
    struct vch_public_key node;
    uint8_t salt[32];        // of the nonce that it answered, with the job's
    const uint8_t *block;    // VCH_BINDER_SIZE bytes
    const uint8_t *response; // attest/exchange.h, not looked into yet
    size_t response_size;
    uint64_t time_ms; // when it came
};

struct vch_segment_result {
    uint32_t segment;                              // index into the job's segments; ascending
    uint32_t vote_count, fault_count;              // 0 where the client runs the segment
    const struct vch_vote *votes;                  // ascending by node
    const struct vch_fault *faults;                // ascending by node, then kind
    const struct vch_segment_proof *proof;         // NULL: none
    const struct vch_segment_agreement *agreement; // NULL: none
    uint32_t attestation_count;
    const struct vch_segment_attestation *attestations; // ascending by node, each with a vote here
};

struct vch_voucher {
    const uint8_t *job_bytes; // canonical
    size_t job_size;
    struct vch_public_key owner;
    struct vch_signature owner_signature;
    enum vch_commitment_kind commitment_kind; // the job's
    uint32_t log_columns;
    struct vch_digest output; // commitment
    uint32_t result_count;
    const struct vch_segment_result *results;
    const uint8_t *registry_bytes; // canonical SignedRegistry
    size_t registry_size;
    uint64_t finished_ms;
    struct vch_signature client_signature;

    struct vch_job job; // decoded from job_bytes
    struct vch_digest job_id;
    struct vch_registry registry;    // decoded from registry_bytes
    struct vch_digest signed_digest; // what the client signs: every byte before the signature
};

// Sorts nothing, checks what decode checks, signs as the client. On entry job_bytes and
// registry_bytes are set; job, job_id and registry need not be. REFUSED when `client` is not the
// job's client.
vch_status vch_voucher_encode(uint8_t **out, size_t *size, const struct vch_voucher *voucher,
                              const struct vch_secret_key *client, struct vch_arena *arena,
                              struct vch_complaint *complaint);

// Everything in `out` lives in the arena; nothing is borrowed from `bytes`. Takes at most
// vch_voucher_memory_max(size) from the arena, whatever the bytes say; LIMIT beyond.
vch_status vch_voucher_decode(struct vch_voucher *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_complaint *complaint);

// Heap bytes that decoding a voucher of `size` bytes takes at most: 64 MiB + 16 for each.
size_t vch_voucher_memory_max(size_t size);
