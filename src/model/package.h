// M.vouch: a model on disk, signed by its owner; or the part of one that a node holds.
//
//     header   | 64 bytes, see specs/package.md
//     manifest | zstd of the canonical public manifest (specs/model.proto): graph, shapes,
//              | multipliers, tables, bounds, a salted Merkle root per parameter
//     holder   | protobuf: salts and tight bounds of the parameters in this file (private)
//     owner    | public key and signature over the identity
//     data     | each held parameter, 64-byte aligned, in index order; gaps are zero
//
// The identity of a model is the digest of its manifest and never changes: a segment's file
// carries the same manifest with fewer parameters, and each parameter proves that it belongs by
// hashing to its root. Opening a package checks all of it; nothing that fails is ever used.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "model/graph.h"

#define VCH_PACKAGE_MAGIC "VOUCHPKG" // first 8 bytes of every package
#define VCH_PACKAGE_MANIFEST_SIZE_MAX (1u << 28)
#define VCH_PACKAGE_SALT_SIZE 32
#define VCH_PACKAGE_CHUNK_SIZE 4096 // bytes under one Merkle leaf

struct vch_salt {
    uint8_t bytes[VCH_PACKAGE_SALT_SIZE];
};

struct vch_package {
    struct vch_digest identity;
    struct vch_graph *graph; // in the arena; parameter data borrowed from the file's bytes
    struct vch_salt *salts;  // per parameter; zero where not held
    struct vch_public_key owner;
    struct vch_signature signature;
    const uint8_t *manifest; // canonical bytes, in the arena
    size_t manifest_size;
};

// The Merkle root of one parameter's bytes under its salt. Leaf i is the chunk i under
// SHA-256("vouch/leaf-salt/v1": salt, i), so that opening one leaf helps to guess no other.
struct vch_digest vch_package_root(const struct vch_salt *salt, const void *data, size_t size,
                                   struct vch_arena *scratch, struct vch_workers *workers);

// Serialises a graph whose parameters are all held: draws nothing, so `salts` (one per parameter,
// random) are the caller's; fills in the parameters' roots; signs. Result in the arena.
vch_status vch_package_encode(uint8_t **out, size_t *size, struct vch_graph *graph,
                              const struct vch_salt *salts, const struct vch_secret_key *owner,
                              struct vch_arena *arena, struct vch_workers *workers,
                              struct vch_complaint *complaint);

// The package that holds only the parameters of operators [first, last).
vch_status vch_package_extract(uint8_t **out, size_t *size, const struct vch_package *package,
                               uint32_t first, uint32_t last, struct vch_arena *arena,
                               struct vch_complaint *complaint);

// Checks header, sizes, canonical manifest, graph (vch_graph_check), roots, salts, parameter
// ranges, tree structure, tight accumulator bounds and the owner's signature. `bytes` must outlive
// the package and be 64-byte aligned (a memory map is). MALFORMED, TRUNCATED, LIMIT, BAD_PROOF.
vch_status vch_package_decode(struct vch_package *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_workers *workers,
                              struct vch_complaint *complaint);

// Adds to `package` the parameters that `other`, a segment of the same identity, holds.
vch_status vch_package_merge(struct vch_package *package, const struct vch_package *other,
                             struct vch_complaint *complaint);

// The identity of canonical manifest bytes, and what the owner signs.
struct vch_digest vch_package_identity(const uint8_t *manifest, size_t size);
struct vch_digest vch_package_signed_digest(const struct vch_digest *identity);
