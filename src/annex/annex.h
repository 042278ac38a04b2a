// M.annex: the public half of what lets a model be proven, signed by the model's owner.
//
//     base     which parameters, how they are laid out in oracle 0, its root, a proof that each is
//     in
//              its range, the owner's signature over all of it
//     links    each: another root, and a proof that it holds the same numbers as the one before
//
// The owner's word binds the root to the model's identity: the identity holds salted hashes of the
// parameters, which no proof opens. A link needs nobody's word. Every prefix of an annex that ends
// with a link is an annex, and a proof names the digest of the one it was made under: so a longer
// annex serves for all earlier proofs.
//
// specs/annex.md is the normative text.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#define VCH_ANNEX_MAGIC "VOUCHANX" // first 8 bytes of every annex
#define VCH_ANNEX_VERSION 1u
#define VCH_ANNEX_SIZE_MAX ((size_t)1 << 30)
#define VCH_ANNEX_LINKS_MAX 65536u
#define VCH_ANNEX_OPENINGS(log_columns) ((1u << (log_columns)) / 150u) // specs/proof.md, section 10

struct vch_annex_link {
    struct vch_digest root;
    const uint8_t *proof;
    size_t proof_size;
};

struct vch_annex {
    struct vch_digest model; // identity
    uint32_t log_columns, rows;
    uint32_t openings; // of one root: VCH_ANNEX_OPENINGS(log_columns)
    uint32_t epoch;    // of the base's root; each link adds one
    uint32_t parameter_count;
    const uint32_t *parameters; // indices, ascending
    struct vch_digest root;
    const uint8_t *ranges; // the proof
    size_t ranges_size;
    struct vch_public_key owner;
    struct vch_signature signature;
    uint32_t link_count;
    const struct vch_annex_link *links;

    // Filled in by encode and decode:
    struct vch_digest signed_digest;
    const struct vch_digest *digests; // link_count + 1: of each prefix, the last is the annex's own
};

// Signs and serialises a base: all fields from `model` to `ranges_size`. Result in the arena.
// LIMIT, NO_MEMORY.
vch_status vch_annex_encode(uint8_t **out, size_t *size, const struct vch_annex *annex,
                            const struct vch_secret_key *owner, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// `annex` with one more link, in the arena.
vch_status vch_annex_extend(uint8_t **out, size_t *size, const uint8_t *annex, size_t annex_size,
                            const struct vch_annex_link *link, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// Strict: exactly these bytes and no others. Checks form alone; vch_annex_verify checks the rest.
// Proofs are borrowed from `bytes`. MALFORMED, TRUNCATED, UNSUPPORTED (version), LIMIT, NO_MEMORY.
vch_status vch_annex_decode(struct vch_annex *out, const uint8_t *bytes, size_t size,
                            struct vch_arena *arena, struct vch_complaint *complaint);

// The root and the digest after `links` links, at most link_count.
const struct vch_digest *vch_annex_root(const struct vch_annex *annex, uint32_t links);

// How many links the annex with this digest has, of which this one is a continuation; BAD_PROOF
// when it is none.
vch_status vch_annex_find(uint32_t *links, const struct vch_annex *annex,
                          const struct vch_digest *digest);
