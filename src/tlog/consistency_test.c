// Proofs of consistency: those of certificate transparency and of a witness in use, all of small
// trees, and every lie.
#include "tlog/consistency.h"

#include "base/bytes.h"
#include "harness/logs.h"
#include "harness/paths.h"

enum { SIZE_MAX_TRIED = 50 };

static struct log leaves;

struct claim {
    uint64_t old_size, size;
    struct vch_digest old_root, root;
    struct vch_tree_path path;
};

static vch_status verify_path(const void *claim, const struct vch_tree_path *path)
{
    const struct claim *c = claim;
    return vch_consistency_verify(c->old_size, &c->old_root, c->size, &c->root, path);
}

static vch_status verify(const struct claim *claim)
{
    return verify_path(claim, &claim->path);
}

static void prove(struct claim *out, uint64_t old_size, uint64_t size)
{
    struct vch_tree_nodes nodes = log_nodes(&leaves);

    out->old_size = old_size;
    out->size = size;
    out->old_root = log_root(&leaves, old_size);
    out->root = log_root(&leaves, size);
    CHECK_OK(vch_consistency_prove(&out->path, old_size, size, &nodes));
}

// Roots and proofs of the tree that certificate transparency implementations test with, and of the
// log "monkeys" that transparency-dev's witness tests with.
static const struct {
    uint64_t old_size, size;
    const char *old_root, *root;
    uint32_t count;
    const char *path[4];
} known[] = {
    {6,
     8,
     "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
     3,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
     "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
     2,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    {5,
     8,
     "e35b268c1522014ef412d2a54fa94838862d453631617b0307e5c77dcbeefc11",
     "57c2bd6a4959e043c1f9130e935ffc56c254745651efb183b59510abce2f49ba",
     4,
     {"b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
      "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
      "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
      "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833"}},
};

TEST(consistency_agrees_with_others)
{
    FOR_EACH(row, known)
    {
        struct claim claim = {.old_size = row->old_size, .size = row->size};
        CHECK_OK(vch_hex_decode(claim.old_root.bytes, VCH_DIGEST_SIZE, row->old_root));
        CHECK_OK(vch_hex_decode(claim.root.bytes, VCH_DIGEST_SIZE, row->root));
        for (claim.path.count = 0; claim.path.count < row->count; claim.path.count++)
            CHECK_OK(vch_hex_decode(claim.path.nodes[claim.path.count].bytes, VCH_DIGEST_SIZE,
                                    row->path[claim.path.count]));
        CHECK_OK(verify(&claim));
    }
}

TEST(consistency_of_every_two_sizes_verifies)
{
    struct claim claim;

    log_fill(&leaves, SIZE_MAX_TRIED, "all");
    for (uint64_t size = 0; size <= SIZE_MAX_TRIED; size++)
        for (uint64_t old = 0; old <= size; old++) {
            prove(&claim, old, size);
            CHECK_OK(verify(&claim));
        }
}

TEST(consistency_with_another_root_or_size_is_refused)
{
    struct claim claim, lie;

    log_fill(&leaves, SIZE_MAX_TRIED, "roots");
    for (uint64_t size = 1; size <= SIZE_MAX_TRIED; size += 3)
        for (uint64_t old = 0; old <= size; old++) {
            prove(&claim, old, size);
            for (uint64_t other = 0; other <= SIZE_MAX_TRIED; other++) {
                lie = claim; // another old tree
                lie.old_size = other;
                lie.old_root = log_root(&leaves, other);
                CHECK(vch_is_ok(verify(&lie)) ==
                      (other == old || (other == 0 && claim.path.count == 0) ||
                       (other == size && claim.path.count == 0)));
                lie = claim; // another root for the size
                lie.root = log_root(&leaves, other);
                CHECK(vch_is_ok(verify(&lie)) == (other == size || old == 0));
                lie = claim; // another root for the old size
                lie.old_root = log_root(&leaves, other);
                CHECK(vch_is_ok(verify(&lie)) == (other == old));
            }
        }
}

// What a split view is: the same log, two histories.
TEST(consistency_from_a_tree_whose_history_differs_is_refused)
{
    struct claim claim;
    static struct log forked;

    log_fill(&leaves, SIZE_MAX_TRIED, "history");
    for (uint64_t size = 2; size <= SIZE_MAX_TRIED; size++)
        for (uint64_t old = 1; old < size; old++) {
            prove(&claim, old, size);
            forked = leaves;
            forked.leaves[test_below((uint32_t)old)].bytes[0] ^= 1;
            claim.old_root = log_root(&forked, old);
            CHECK_FAILS(verify(&claim), BAD_PROOF);
            struct vch_tree_nodes nodes = log_nodes(&forked);
            CHECK_OK(vch_consistency_prove(&claim.path, old, size, &nodes));
            CHECK_FAILS(verify(&claim), BAD_PROOF);
            claim.root = log_root(&forked, size);
            CHECK_OK(verify(&claim)); // each history is consistent with itself alone
        }
}

TEST(consistency_refuses_every_flipped_bit)
{
    struct claim claim;

    log_fill(&leaves, 21, "bits");
    for (uint64_t old = 1; old < 21; old++) {
        prove(&claim, old, 21);
        path_flip_every_bit(verify_path, &claim, &claim.path);
    }
}

TEST(consistency_refuses_missing_added_repeated_and_swapped_digests)
{
    struct claim claim;

    log_fill(&leaves, SIZE_MAX_TRIED, "path");
    for (uint64_t old = 0; old <= SIZE_MAX_TRIED; old++) {
        prove(&claim, old, SIZE_MAX_TRIED);
        path_cut_repeat_and_swap(verify_path, &claim, &claim.path);
        path_lengthen(verify_path, &claim, &claim.path);
    }
}

TEST(consistency_refuses_to_shrink_and_sizes_out_of_range)
{
    struct vch_tree_nodes nodes = log_nodes(&leaves);
    struct claim claim;

    log_fill(&leaves, 9, "shrink");
    prove(&claim, 4, 9);
    CHECK_FAILS(vch_consistency_verify(9, &claim.root, 4, &claim.old_root, &claim.path), BAD_PROOF);
    CHECK_FAILS(vch_consistency_prove(&claim.path, 9, 4, &nodes), USAGE);
    CHECK_FAILS(vch_consistency_prove(&claim.path, 4, VCH_TREE_SIZE_MAX + 1, &nodes), USAGE);
    claim.size = VCH_TREE_SIZE_MAX + 1;
    CHECK_FAILS(verify(&claim), BAD_PROOF);
}
