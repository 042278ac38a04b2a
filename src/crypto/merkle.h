// Merkle trees after RFC 6962, section 2.1: commit to a list of leaves, open one of them later.
//
//     leaf   = SHA-256(0x00 || data)
//     parent = SHA-256(0x01 || left || right)
//     the left subtree of n leaves holds the largest power of two below n
//
// The prefix byte keeps a parent from ever passing for a leaf. The root of no leaves is SHA-256 of
// the empty string.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"

#define VCH_MERKLE_DEPTH_MAX 64

struct vch_digest vch_merkle_leaf(const void *data, size_t size);
struct vch_digest vch_merkle_parent(const struct vch_digest *left, const struct vch_digest *right);

// The root over `leaves[0..count)`, which are leaf digests.
struct vch_digest vch_merkle_root(const struct vch_digest *leaves, size_t count);
// The same, somewhat faster, for leaves that nobody needs any more: they are the scratch.
struct vch_digest vch_merkle_root_in_place(struct vch_digest *leaves, size_t count);

// How many siblings open leaf `index` of `count`.
size_t vch_merkle_path_count(size_t index, size_t count);

// The siblings that open leaf `index`, from the leaf's up. `path` has vch_merkle_path_count room;
// `leaves` are untouched.
void vch_merkle_open(struct vch_digest *path, const struct vch_digest *leaves, size_t count,
                     size_t index);

// VCH_OK exactly when `path` shows `leaf` at `index` among `count` under `root`; BAD_PROOF
// otherwise. Everything but `root` and `count` may come from an adversary.
vch_status vch_merkle_verify(const struct vch_digest *root, const struct vch_digest *leaf,
                             size_t index, size_t count, const struct vch_digest *path,
                             size_t path_count);
