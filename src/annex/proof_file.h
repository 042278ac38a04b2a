// X.proof: what one proof of a run is about, and the proof. Public.
//
// Nothing here is believed: a reader makes the statement anew from the model's manifest, the annex
// and these numbers, and the proof shows that one statement or nothing. specs/annex.md is the
// normative text.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"

#define VCH_PROOF_FILE_MAGIC "VOUCHPRF" // first 8 bytes
#define VCH_PROOF_FILE_VERSION 1u
#define VCH_PROOF_FILE_HEAD_SIZE 192 // check: 8 + 4 + 4 * 3 + 5 * 32 + 8
#define VCH_PROOF_FILE_SIZE_MAX ((size_t)1 << 30)

struct vch_proof_file {
    uint32_t first, last; // operators
    uint32_t batch;       // samples
    struct vch_digest model;
    struct vch_digest annex;         // digest of the annex it was made under
    struct vch_digest job;           // what it was made for: 32 bytes of anyone's choice
    struct vch_digest input, output; // roots of the boundaries
    const uint8_t *proof;
    size_t proof_size;
};

vch_status vch_proof_file_encode(uint8_t **out, size_t *size, const struct vch_proof_file *file,
                                 struct vch_arena *arena, struct vch_complaint *complaint);

// Strict; the proof is borrowed. MALFORMED, TRUNCATED, UNSUPPORTED, LIMIT, each with a complaint.
vch_status vch_proof_file_decode(struct vch_proof_file *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);
