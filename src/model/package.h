// M.vouch: a model on disk, signed by its owner; or the part of one that a node holds.
//
//     header   | 64 bytes: magic, version, sizes, digest of everything before the data
//     manifest | the canonical public manifest (specs/model.proto), with zstd where that is
//     smaller:
//              | graph, shapes, multipliers, tables, bounds, a salted Merkle root per parameter
//     holder   | protobuf: indices and salts of the parameters in this file (private)
//     owner    | public key and signature over the identity
//     data     | each held parameter, 64-byte aligned, in index order; gaps are zero
//
// The identity of a model is the digest of its manifest and never changes: a segment's file
// carries the same manifest with fewer parameters, and each parameter proves that it belongs by
// hashing to its root. Opening a package checks all of it; nothing that fails is ever used. Where
// data lies follows from which parameters are held, so that no offset in a file can lie.
//
// specs/package.md is the normative text.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"
#include "model/graph.h"

#define VCH_PACKAGE_MAGIC "VOUCHPKG" // first 8 bytes of every package
#define VCH_PACKAGE_VERSION 1u
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
    const uint8_t *manifest; // canonical bytes, in the arena or borrowed from the file's
    size_t manifest_size;
};

// The Merkle root of one parameter's bytes under its salt. Leaf i is the salt of leaf i, then
// chunk i; the salt of leaf i is SHA-256("vouch/leaf-salt/v1": salt, i), so that opening one leaf
// helps to guess no other. Takes size / 128 bytes of `scratch`, which is rewound. NO_MEMORY.
vch_status vch_package_root(struct vch_digest *out, const struct vch_salt *salt, const void *data,
                            size_t size, struct vch_arena *scratch, struct vch_workers *workers);

// Serialises a graph whose parameters are all held: draws nothing, so `salts` (one per parameter,
// random) are the caller's; fills in the parameters' roots; signs. What it writes, decode accepts:
// everything that decode checks is checked here first. Result in the arena. MALFORMED, LIMIT,
// UNSUPPORTED, NO_MEMORY; USAGE when a parameter has no data.
vch_status vch_package_encode(uint8_t **out, size_t *size, struct vch_graph *graph,
                              const struct vch_salt *salts, const struct vch_secret_key *owner,
                              struct vch_arena *arena, struct vch_workers *workers,
                              struct vch_complaint *complaint);

// The package that holds only the parameters of operators [first, last): same manifest, identity
// and signature. USAGE when the range is not one or a parameter of it is not held.
vch_status vch_package_extract(uint8_t **out, size_t *size, const struct vch_package *package,
                               uint32_t first, uint32_t last, struct vch_arena *arena,
                               struct vch_complaint *complaint);

// Checks header, sizes, owner's signature, canonical manifest, graph (vch_graph_check), layout,
// roots, and the held parameters (vch_graph_check_parameters), in this order. A held parameter
// that no operator can use, because another of the operator's parameters is missing, is refused.
// `bytes` must outlive the package and be 64-byte aligned (a memory map is). Takes at most
// vch_package_memory_max(size) from the arena, whatever the bytes say. MALFORMED, TRUNCATED,
// LIMIT, UNSUPPORTED, BAD_PROOF (roots, signature), NO_MEMORY.
vch_status vch_package_decode(struct vch_package *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_workers *workers,
                              struct vch_complaint *complaint);

// Heap bytes that opening a file of `size` bytes takes at most, on top of zstd's own state of some
// 160 KiB: 14 MiB + 8,320 bytes for each of the file's, and never over 3 GiB + 64 bytes for each.
size_t vch_package_memory_max(size_t size);

// Adds to `package` the parameters that `other`, a segment of the same identity, holds; both files'
// bytes must outlive `package`. BAD_PROOF when the identity is another, and as decode for operators
// whose parameters only the two together hold; `package` is then as before. `scratch` is rewound.
vch_status vch_package_merge(struct vch_package *package, const struct vch_package *other,
                             struct vch_arena *scratch, struct vch_complaint *complaint);

// Operators [first, last) that this package can run.
struct vch_package_range {
    uint32_t first, last;
};

// The maximal ranges whose parameters are all held, ascending. Ranges without any parameters are
// left out, but for the whole of a graph that has none. `out` has operator_count room.
void vch_package_ranges(struct vch_package_range *out, uint32_t *count,
                        const struct vch_package *package);

uint32_t vch_package_held_count(const struct vch_package *package); // parameters
uint64_t vch_package_held_size(const struct vch_package *package);  // bytes of them

// One chunk of one parameter, and what shows that it belongs to the model.
struct vch_package_leaf {
    uint64_t index;
    struct vch_salt salt; // of this leaf alone
    const uint8_t *chunk; // borrowed: weights, so shown only to who may see them
    size_t chunk_size;
    size_t path_count;
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX];
};

uint64_t vch_package_leaf_count(const struct vch_parameter *parameter);

// Opens chunk `index` of a held parameter; `chunk` is borrowed from the package. USAGE when the
// parameter is not held or has no such chunk; NO_MEMORY. `scratch` is rewound.
vch_status vch_package_open_leaf(struct vch_package_leaf *out, const struct vch_package *package,
                                 uint32_t parameter, uint64_t index, struct vch_arena *scratch,
                                 struct vch_workers *workers);

// VCH_OK exactly when the leaf is chunk `leaf->index` of that parameter; BAD_PROOF otherwise.
// Everything in `leaf` may come from an adversary; `parameter` from a graph one trusts.
vch_status vch_package_verify_leaf(const struct vch_parameter *parameter,
                                   const struct vch_package_leaf *leaf);

// The identity of canonical manifest bytes, and what the owner signs.
struct vch_digest vch_package_identity(const uint8_t *manifest, size_t size);
struct vch_digest vch_package_signed_digest(const struct vch_digest *identity);
