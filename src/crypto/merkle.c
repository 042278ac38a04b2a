#include "crypto/merkle.h"

#include "base/check.h"

struct vch_digest vch_merkle_leaf(const void *data, size_t size)
{
    static const uint8_t prefix = 0x00;
    struct vch_hash hash;

    vch_hash_init(&hash);
    vch_hash_update(&hash, &prefix, 1);
    vch_hash_update(&hash, data, size);
    return vch_hash_final(&hash);
}

struct vch_digest vch_merkle_parent(const struct vch_digest *left, const struct vch_digest *right)
{
    static const uint8_t prefix = 0x01;
    struct vch_hash hash;

    vch_hash_init(&hash);
    vch_hash_update(&hash, &prefix, 1);
    vch_hash_update(&hash, left->bytes, VCH_DIGEST_SIZE);
    vch_hash_update(&hash, right->bytes, VCH_DIGEST_SIZE);
    return vch_hash_final(&hash);
}

// The root of leaves that must stay: a stack of perfect subtrees, as a binary counter of leaves.
struct vch_digest vch_merkle_root(const struct vch_digest *leaves, size_t count)
{
    struct vch_digest stack[VCH_MERKLE_DEPTH_MAX + 1];
    size_t height = 0;

    if (count == 0) return vch_hash_bytes(NULL, 0);
    for (size_t i = 0; i < count; i++) {
        stack[height++] = leaves[i];
        for (size_t done = i + 1; done % 2 == 0; done /= 2, height--)
            stack[height - 2] = vch_merkle_parent(&stack[height - 2], &stack[height - 1]);
    }
    for (; height > 1; height--)
        stack[height - 2] = vch_merkle_parent(&stack[height - 2], &stack[height - 1]);
    return stack[0];
}

// Pairing neighbours level by level, an odd last one rising unchanged, gives the RFC's tree: its
// left subtrees are perfect, so only the right edge is ever odd.
struct vch_digest vch_merkle_root_in_place(struct vch_digest *leaves, size_t count)
{
    if (count == 0) return vch_hash_bytes(NULL, 0);

    while (count > 1) {
        size_t pairs = count / 2;
        for (size_t i = 0; i < pairs; i++)
            leaves[i] = vch_merkle_parent(&leaves[2 * i], &leaves[2 * i + 1]);
        if (count % 2 == 1) leaves[pairs] = leaves[count - 1];
        count -= pairs;
    }
    return leaves[0];
}

// The largest power of two below `count`, which is at least 2.
static size_t left_count(size_t count)
{
    size_t left = 1;

    VCH_ASSERT(count >= 2);
    while (left < count - left)
        left *= 2;
    return left;
}

// One step down towards a leaf: what remains of the tree, and what was left beside it.
struct descent {
    size_t first, count; // the subtree that holds the leaf
    size_t beside_first, beside_count;
};

static void descend(struct descent *at, size_t index)
{
    size_t left = left_count(at->count);

    if (index < at->first + left) {
        at->beside_first = at->first + left;
        at->beside_count = at->count - left;
        at->count = left;
        return;
    }
    at->beside_first = at->first;
    at->beside_count = left;
    at->first += left;
    at->count -= left;
}

size_t vch_merkle_path_count(size_t index, size_t count)
{
    struct descent at = {.count = count};
    size_t depth = 0;

    VCH_ASSERT(index < count);
    for (; at.count > 1; depth++)
        descend(&at, index);
    return depth;
}

void vch_merkle_open(struct vch_digest *path, const struct vch_digest *leaves, size_t count,
                     size_t index)
{
    struct descent at = {.count = count};

    for (size_t i = vch_merkle_path_count(index, count); i > 0; i--) {
        descend(&at, index);
        path[i - 1] = vch_merkle_root(leaves + at.beside_first, at.beside_count);
    }
}

// RFC 9162, section 2.1.3.2: `node` and `last` are this level's positions of our ancestor and of
// the right edge. An ancestor on the right edge without a sibling rises until it has one.
vch_status vch_merkle_verify(const struct vch_digest *root, const struct vch_digest *leaf,
                             size_t index, size_t count, const struct vch_digest *path,
                             size_t path_count)
{
    struct vch_digest digest = *leaf;

    if (index >= count) return VCH_FAIL(BAD_PROOF);
    size_t node = index, last = count - 1;
    for (size_t i = 0; i < path_count; i++) {
        if (last == 0) return VCH_FAIL(BAD_PROOF); // more siblings than levels
        while (node % 2 == 0 && node == last) {
            node /= 2;
            last /= 2;
        }
        digest = node % 2 == 1 ? vch_merkle_parent(&path[i], &digest)
                               : vch_merkle_parent(&digest, &path[i]);
        node /= 2;
        last /= 2;
    }
    if (last != 0) return VCH_FAIL(BAD_PROOF); // fewer siblings than levels
    return vch_hash_is_equal(&digest, root) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}
