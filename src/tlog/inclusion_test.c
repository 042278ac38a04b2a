// Proofs of inclusion: those of certificate transparency, all of small trees, and every lie.
#include "tlog/inclusion.h"

#include "base/bytes.h"
#include "harness/logs.h"
#include "harness/paths.h"

enum { SIZE_MAX_TRIED = 66 };

static struct log leaves;

// The leaves that certificate transparency implementations test with.
static const char *const known_leaves[] = {
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
};

static const struct {
    uint64_t index, size;
    uint32_t count;
    const char *path[3];
} known[] = {
    {0,
     8,
     3,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     3,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, 1, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     3,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

static void fill_known(struct log *log)
{
    log->size = 8;
    for (size_t i = 0; i < 8; i++) {
        uint8_t data[16];
        size_t size = strlen(known_leaves[i]) / 2;
        CHECK_OK(vch_hex_decode(data, size, known_leaves[i]));
        log->leaves[i] = vch_merkle_leaf(data, size);
    }
}

TEST(inclusion_agrees_with_certificate_transparency)
{
    struct vch_tree_nodes nodes = log_nodes(&leaves);
    struct vch_tree_path path;

    fill_known(&leaves);
    FOR_EACH(row, known)
    {
        CHECK_OK(vch_inclusion_prove(&path, row->index, row->size, &nodes));
        CHECK_EQ(path.count, row->count);
        for (uint32_t i = 0; i < path.count; i++)
            CHECK_HEX(path.nodes[i].bytes, VCH_DIGEST_SIZE, row->path[i]);
    }
}

struct claim {
    struct vch_digest root, leaf;
    uint64_t size, index;
    struct vch_tree_path path;
};

static vch_status verify_path(const void *claim, const struct vch_tree_path *path)
{
    const struct claim *c = claim;
    return vch_inclusion_verify(&c->root, c->size, &c->leaf, c->index, path);
}

static vch_status verify(const struct claim *claim)
{
    return verify_path(claim, &claim->path);
}

static void prove(struct claim *out, uint64_t index, uint64_t size)
{
    struct vch_tree_nodes nodes = log_nodes(&leaves);

    *out = (struct claim){log_root(&leaves, size), leaves.leaves[index], size, index, {0}};
    CHECK_OK(vch_inclusion_prove(&out->path, index, size, &nodes));
}

TEST(inclusion_of_every_leaf_verifies_at_every_size)
{
    struct claim claim;

    log_fill(&leaves, SIZE_MAX_TRIED, "all");
    for (uint64_t size = 1; size <= SIZE_MAX_TRIED; size++)
        for (uint64_t index = 0; index < size; index++) {
            prove(&claim, index, size);
            CHECK_OK(verify(&claim));
        }
}

TEST(inclusion_at_another_index_or_of_another_leaf_is_refused)
{
    struct claim claim;

    log_fill(&leaves, SIZE_MAX_TRIED, "moved");
    for (uint64_t size = 1; size <= SIZE_MAX_TRIED; size += 3)
        for (uint64_t index = 0; index < size; index++) {
            prove(&claim, index, size);
            for (claim.index = 0; claim.index < size + 2; claim.index++)
                CHECK(vch_is_ok(verify(&claim)) == (claim.index == index));
            claim.index = index;
            for (uint64_t other = 0; other < size; other++) {
                claim.leaf = leaves.leaves[other];
                CHECK(vch_is_ok(verify(&claim)) == (other == index));
            }
        }
}

// A proof may by itself fit another size (its shape may be the same), but not that size's root.
TEST(inclusion_in_a_tree_of_another_size_is_refused)
{
    struct claim claim;

    log_fill(&leaves, SIZE_MAX_TRIED, "size");
    for (uint64_t size = 1; size <= SIZE_MAX_TRIED; size += 5)
        for (uint64_t index = 0; index < size; index++) {
            prove(&claim, index, size);
            for (uint64_t other = 0; other <= SIZE_MAX_TRIED; other++) {
                claim.size = other;
                claim.root = log_root(&leaves, other);
                CHECK(vch_is_ok(verify(&claim)) == (other == size));
            }
        }
}

TEST(inclusion_refuses_every_flipped_bit)
{
    struct claim claim;

    log_fill(&leaves, 13, "bits");
    for (uint64_t index = 0; index < 13; index++) {
        prove(&claim, index, 13);
        path_flip_every_bit(verify_path, &claim, &claim.path);
    }
}

TEST(inclusion_refuses_missing_added_repeated_and_swapped_digests)
{
    struct claim claim;

    log_fill(&leaves, 29, "path");
    for (uint64_t index = 0; index < 29; index++) {
        prove(&claim, index, 29);
        path_cut_repeat_and_swap(verify_path, &claim, &claim.path);
        path_lengthen(verify_path, &claim, &claim.path);
    }
}

TEST(inclusion_says_when_it_is_asked_for_what_is_not_there)
{
    struct vch_tree_nodes nodes = log_nodes(&leaves);
    struct vch_tree_path path;

    CHECK_FAILS(vch_inclusion_prove(&path, 0, 0, &nodes), USAGE);
    CHECK_FAILS(vch_inclusion_prove(&path, 7, 7, &nodes), USAGE);
    CHECK_FAILS(vch_inclusion_prove(&path, 0, VCH_TREE_SIZE_MAX + 1, &nodes), USAGE);
}
