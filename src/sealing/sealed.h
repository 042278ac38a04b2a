// The manifest of sealed weights: which model, which release of it, how many bytes, under which
// key, and the root over the sealed chunks, signed by the owner (specs/sealing.md, section 2).
//
// Sealed weights are the same bytes for everybody, so that anybody may keep and pass them on.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#define VCH_SEALED_MANIFEST_SIZE 296
#define VCH_SEALED_KEY_SIZE 32         // the data key
#define VCH_SEALED_START_SIZE 24       // random bytes that start the stream, once for each sealing
#define VCH_SEALED_CHUNK_SIZE 1048576u // check: 1 << 20
#define VCH_SEALED_TAG_SIZE 17         // a sealed chunk is so much longer
#define VCH_SEALED_CHUNKS_MAX 1048576u // check: 1 << 20

struct vch_sealed {
    struct vch_digest model;   // identity of the model's package
    uint64_t counter;          // of the owner's releases of this model: never falls
    uint64_t size;             // of the weights, in bytes; not zero
    struct vch_digest licence; // of the licence's text; zero: none
    struct vch_public_key owner;
    struct vch_digest key_check; // which data key, without telling it
    uint8_t start[VCH_SEALED_START_SIZE];
    struct vch_digest root; // Merkle root over the sealed chunks
    struct vch_signature signature;
};

uint64_t vch_sealed_chunk_count(const struct vch_sealed *sealed);

// How many bytes of weights chunk `index` holds.
size_t vch_sealed_chunk_size(const struct vch_sealed *sealed, uint64_t index);

// M.sealed: the manifest, then the sealed chunks in order, and nothing else.
uint64_t vch_sealed_file_size(const struct vch_sealed *sealed);
uint64_t vch_sealed_file_offset(uint64_t index); // of a sealed chunk

struct vch_digest vch_sealed_key_check(const uint8_t key[static VCH_SEALED_KEY_SIZE]);

// What is known before anything is sealed, with the data key and the start but without the root:
// every chunk is sealed under it.
struct vch_digest vch_sealed_head(const struct vch_sealed *sealed);

// What the owner signs, and what a release of the key names: all but the signature.
struct vch_digest vch_sealed_digest(const struct vch_sealed *sealed);

// Fills in `owner` before the head is taken, `signature` when the root is there. USAGE: the size
// is zero or too much, the counter zero.
vch_status vch_sealed_sign(struct vch_sealed *sealed, const struct vch_secret_key *owner);

void vch_sealed_encode(uint8_t out[static VCH_SEALED_MANIFEST_SIZE],
                       const struct vch_sealed *sealed);

// The one encoding, signed by the owner that it names. TRUNCATED, MALFORMED, LIMIT or BAD_PROOF.
vch_status vch_sealed_decode(struct vch_sealed *out, const void *bytes, size_t size,
                             struct vch_complaint *complaint);

// What a node asks of a manifest before it opens anything: that it is of this model and this owner,
// and not older than the last one it opened. `counter` is what the node remembers, 0 for nothing;
// whoever can set a node's disk back can set this back, so the owner or a ledger remembers too.
// REFUSED.
vch_status vch_sealed_check(const struct vch_sealed *sealed, const struct vch_digest *model,
                            const struct vch_public_key *owner, uint64_t counter,
                            struct vch_complaint *complaint);
