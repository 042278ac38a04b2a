// X.opening: what lets its holder show the input and output behind a proof's roots, and begin the
// proof of the next segment where this one ended. Private.
//
// It holds bare numbers: types and shapes are the model's. specs/annex.md is the normative text.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "model/graph.h"

#define VCH_PROOF_OPENING_MAGIC "VOUCHPOP"
#define VCH_PROOF_OPENING_VERSION 1u
#define VCH_PROOF_OPENING_SIZE_MAX ((size_t)1 << 31)
#define VCH_PROOF_OPENING_SEED_SIZE 32

// The values at one end of a range, port by port: little-endian, row-major, sample by sample.
struct vch_proof_boundary {
    uint8_t seed[VCH_PROOF_OPENING_SEED_SIZE]; // of blinds and salts
    uint32_t count;
    struct {
        const void *data;
        size_t size;
    } values[VCH_GRAPH_PORTS_MAX];
};

// A secret: wipe with vch_wipe when done.
struct vch_proof_opening {
    struct vch_digest model;
    uint32_t first, last, batch;
    struct vch_proof_boundary input, output;
};

vch_status vch_proof_opening_encode(uint8_t **out, size_t *size,
                                    const struct vch_proof_opening *opening,
                                    struct vch_arena *arena, struct vch_complaint *complaint);

// Strict; values are borrowed. MALFORMED, TRUNCATED, UNSUPPORTED, LIMIT, each with a complaint.
vch_status vch_proof_opening_decode(struct vch_proof_opening *out, const uint8_t *bytes,
                                    size_t size, struct vch_complaint *complaint);
