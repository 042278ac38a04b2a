// A job: what a client fixes before it asks anyone. Its digest, the job id, binds every vote.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/commitment.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#define VCH_JOB_SEGMENTS_MAX 256u
#define VCH_JOB_QUORUM_MAX 101u
#define VCH_JOB_BATCH_MAX 4096u // model/tensor.h has the same
#define VCH_JOB_SIZE_MAX 65536u

enum vch_job_by { VCH_JOB_BY_CLIENT = 1, VCH_JOB_BY_NODES = 2 };

struct vch_job_segment {
    uint32_t first, last; // operators [first, last)
    enum vch_job_by by;
};

struct vch_job {
    struct vch_digest model;
    struct vch_public_key client;
    struct vch_digest nonce;
    uint32_t batch;
    enum vch_commitment_kind commitment_kind; // of every boundary
    uint32_t log_columns;                     // of kind 2; else 0
    struct vch_digest input;                  // commitment
    uint32_t segment_count;
    struct vch_job_segment segments[VCH_JOB_SEGMENTS_MAX]; // contiguous from operator 0
    uint32_t quorum;
    uint64_t deadline_ms;
    struct vch_digest registry;
    // vch_commitment_pin of every boundary's nonce. Nodes use no other nonce, so that two honest
    // votes on one input never differ, and a vote against the majority convicts its node.
    struct vch_digest nonces[VCH_JOB_SEGMENTS_MAX + 1];
};

// UNSUPPORTED unless commitments of that kind can have that many columns. `whose` is for the
// complaint: "job's".
vch_status vch_job_check_commitments(enum vch_commitment_kind kind, uint32_t log_columns,
                                     const char *whose, struct vch_complaint *complaint);

// The kind with that number; 0, which is none, for others.
enum vch_commitment_kind vch_job_commitment_kind(uint32_t kind);

vch_status vch_job_encode(uint8_t **out, size_t *size, const struct vch_job *job,
                          struct vch_arena *arena, struct vch_complaint *complaint);
// Canonical form and every range; segments contiguous, non-empty, starting at 0, at least one by
// nodes. Against which model they make sense is the caller's check.
vch_status vch_job_decode(struct vch_job *out, const uint8_t *bytes, size_t size,
                          struct vch_arena *arena, struct vch_complaint *complaint);
struct vch_digest vch_job_id(const uint8_t *bytes, size_t size);

// Boundary b lies before segment b; boundary segment_count is the output. The nonce of boundary b
// is vch_commitment_nonce(job secret, b).
