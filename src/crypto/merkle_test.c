// The certificate-transparency tree, a recursive oracle, and every lie about an opening.
#include "crypto/merkle.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

enum { COUNT_MAX = 67 };

// The leaves that certificate transparency implementations test with, and the roots of the first
// one, two, ... of them.
static const struct {
    const char *leaf, *root;
} known[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

TEST(merkle_root_agrees_with_certificate_transparency)
{
    struct vch_digest leaves[8], scratch[8];

    for (size_t i = 0; i < 8; i++) {
        uint8_t data[16];
        size_t size = strlen(known[i].leaf) / 2;
        CHECK_OK(vch_hex_decode(data, size, known[i].leaf));
        leaves[i] = vch_merkle_leaf(data, size);
        memcpy(scratch, leaves, sizeof scratch);
        const struct vch_digest kept = vch_merkle_root(scratch, i + 1);
        struct vch_digest root = vch_merkle_root_in_place(scratch, i + 1);
        CHECK_HEX(root.bytes, sizeof root.bytes, known[i].root);
        CHECK_HEX(kept.bytes, sizeof kept.bytes, known[i].root);
    }
}

TEST(merkle_root_of_nothing_is_the_empty_hash)
{
    struct vch_digest root = vch_merkle_root_in_place(NULL, 0), empty = vch_hash_bytes("", 0);
    const struct vch_digest kept = vch_merkle_root(NULL, 0);
    CHECK(vch_hash_is_equal(&root, &empty));
    CHECK(vch_hash_is_equal(&kept, &empty));
}

// RFC 6962, section 2.1, word for word: slow, recursive.
static struct vch_digest oracle_root(const struct vch_digest *leaves, size_t count)
{
    size_t k = 1;

    if (count == 1) return leaves[0];
    while (2 * k < count)
        k *= 2;
    struct vch_digest left = oracle_root(leaves, k), right = oracle_root(leaves + k, count - k);
    return vch_merkle_parent(&left, &right);
}

// RFC 6962, section 2.1.1; returns how many siblings it wrote.
static size_t oracle_path(struct vch_digest *path, const struct vch_digest *leaves, size_t count,
                          size_t index)
{
    size_t k = 1;

    if (count == 1) return 0;
    while (2 * k < count)
        k *= 2;
    bool is_left = index < k;
    size_t below = is_left ? oracle_path(path, leaves, k, index)
                           : oracle_path(path, leaves + k, count - k, index - k);
    path[below] = is_left ? oracle_root(leaves + k, count - k) : oracle_root(leaves, k);
    return below + 1;
}

struct tree {
    struct vch_digest leaves[COUNT_MAX], root;
    size_t count;
};

static void plant(struct tree *tree, size_t count)
{
    struct vch_digest scratch[COUNT_MAX];

    tree->count = count;
    for (size_t i = 0; i < count; i++)
        tree->leaves[i] = vch_merkle_leaf(&i, sizeof i);
    memcpy(scratch, tree->leaves, sizeof scratch);
    tree->root = vch_merkle_root_in_place(scratch, count);
}

TEST(merkle_opens_every_leaf_of_every_tree_as_the_oracle_does)
{
    struct tree tree = {0};
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX], expected[VCH_MERKLE_DEPTH_MAX];

    for (size_t count = 1; count <= COUNT_MAX; count++) {
        plant(&tree, count);
        struct vch_digest root = oracle_root(tree.leaves, count);
        CHECK(vch_hash_is_equal(&tree.root, &root));
        for (size_t index = 0; index < count; index++) {
            size_t depth = oracle_path(expected, tree.leaves, count, index);
            CHECK_EQ(vch_merkle_path_count(index, count), depth);
            vch_merkle_open(path, tree.leaves, count, index);
            CHECK(memcmp(path, expected, depth * sizeof *path) == 0);
            CHECK_OK(vch_merkle_verify(&tree.root, &tree.leaves[index], index, count, path, depth));
        }
    }
}

TEST(merkle_refuses_a_leaf_at_another_index)
{
    struct tree tree = {0};
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX];

    for (size_t count = 1; count <= 35; count++) {
        plant(&tree, count);
        for (size_t index = 0; index < count; index++) {
            vch_merkle_open(path, tree.leaves, count, index);
            size_t depth = vch_merkle_path_count(index, count);
            for (size_t other = 0; other < count + 3; other++)
                if (other != index)
                    CHECK_FAILS(vch_merkle_verify(&tree.root, &tree.leaves[index], other, count,
                                                  path, depth),
                                BAD_PROOF);
            CHECK_FAILS(
                vch_merkle_verify(&tree.root, &tree.leaves[index], SIZE_MAX, count, path, depth),
                BAD_PROOF);
        }
    }
}

TEST(merkle_refuses_a_path_of_another_length)
{
    struct tree tree = {0};
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX + 1];

    for (size_t count = 1; count <= 35; count++) {
        plant(&tree, count);
        for (size_t index = 0; index < count; index++) {
            memset(path, 0, sizeof path);
            vch_merkle_open(path, tree.leaves, count, index);
            size_t depth = vch_merkle_path_count(index, count);
            for (size_t length = 0; length <= VCH_MERKLE_DEPTH_MAX; length++)
                if (length != depth)
                    CHECK_FAILS(vch_merkle_verify(&tree.root, &tree.leaves[index], index, count,
                                                  path, length),
                                BAD_PROOF);
        }
    }
}

TEST(merkle_refuses_any_flipped_bit)
{
    struct tree tree = {0};
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX];
    const size_t count = 21, index = 20; // a leaf on the ragged right edge

    plant(&tree, count);
    vch_merkle_open(path, tree.leaves, count, index);
    size_t depth = vch_merkle_path_count(index, count);
    struct vch_digest leaf = tree.leaves[index], root = tree.root;
    struct vch_digest *victims[VCH_MERKLE_DEPTH_MAX + 2] = {&leaf, &root};
    for (size_t i = 0; i < depth; i++)
        victims[2 + i] = &path[i];

    for (size_t i = 0; i < depth + 2; i++)
        for (int bit = 0; bit < 256; bit++) {
            victims[i]->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CHECK_FAILS(vch_merkle_verify(&root, &leaf, index, count, path, depth), BAD_PROOF);
            victims[i]->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    CHECK_OK(vch_merkle_verify(&root, &leaf, index, count, path, depth));
}

TEST(merkle_refuses_swapped_siblings)
{
    struct tree tree = {0};
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX];

    plant(&tree, 64);
    vch_merkle_open(path, tree.leaves, 64, 37);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++) {
            struct vch_digest lie[6];
            memcpy(lie, path, sizeof lie);
            lie[i] = path[j];
            lie[j] = path[i];
            CHECK_FAILS(vch_merkle_verify(&tree.root, &tree.leaves[37], 37, 64, lie, 6), BAD_PROOF);
        }
}

TEST(merkle_refuses_a_parent_in_place_of_a_leaf)
{
    struct tree tree = {0};
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX];

    // Four leaves: the parent of the first two, opened by what is left of their path, reaches the
    // root, but not as a leaf among four. As a leaf among two it would; the count is the judge's.
    plant(&tree, 4);
    vch_merkle_open(path, tree.leaves, 4, 0);
    struct vch_digest parent = vch_merkle_parent(&tree.leaves[0], &tree.leaves[1]);
    CHECK_FAILS(vch_merkle_verify(&tree.root, &parent, 0, 4, path + 1, 1), BAD_PROOF);
    // And no data hashes to that parent as a leaf: the two children are not its pre-image.
    uint8_t children[2 * VCH_DIGEST_SIZE];
    memcpy(children, &tree.leaves[0], VCH_DIGEST_SIZE);
    memcpy(children + VCH_DIGEST_SIZE, &tree.leaves[1], VCH_DIGEST_SIZE);
    struct vch_digest leaf = vch_merkle_leaf(children, sizeof children);
    CHECK(!vch_hash_is_equal(&leaf, &parent));
}

TEST(merkle_refuses_another_count)
{
    struct tree tree = {0};
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX];

    for (size_t count = 1; count <= 33; count++) {
        plant(&tree, count);
        size_t index = test_below((uint32_t)count);
        vch_merkle_open(path, tree.leaves, count, index);
        size_t depth = vch_merkle_path_count(index, count);
        CHECK_FAILS(vch_merkle_verify(&tree.root, &tree.leaves[index], index, 0, path, depth),
                    BAD_PROOF);
        for (size_t other = 1; other <= 70; other++) {
            // A count of the same depth and shape along this path opens to the same root; the
            // caller's count is trusted. Any other shape is refused.
            if (index < other && vch_merkle_path_count(index, other) == depth) continue;
            CHECK_FAILS(
                vch_merkle_verify(&tree.root, &tree.leaves[index], index, other, path, depth),
                BAD_PROOF);
        }
    }
}
