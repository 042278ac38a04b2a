// A tree that grows has the roots of RFC 6962 at every size, and its nodes give all of it back.
#include "tlog/tree.h"

#include "harness/logs.h"

static struct log leaves;

TEST(tree_has_the_root_of_all_its_leaves_at_every_size)
{
    struct vch_tree tree;

    log_fill(&leaves, LOG_SIZE_MAX, "root");
    vch_tree_init(&tree);
    for (uint64_t size = 0;; size++) {
        struct vch_digest root = vch_tree_root(&tree), want = log_root(&leaves, size);
        CHECK_EQ(tree.size, size);
        CHECK(vch_hash_is_equal(&root, &want));
        if (size == LOG_SIZE_MAX) return;
        (void)vch_tree_append(&tree, &leaves.leaves[size], NULL);
    }
}

TEST(tree_says_which_nodes_each_leaf_completes)
{
    struct vch_digest completed[VCH_TREE_LEVELS_MAX + 1], want;
    struct vch_tree tree = {0};
    uint64_t count = 0;

    log_fill(&leaves, LOG_SIZE_MAX, "nodes");
    for (uint64_t i = 0; i < LOG_SIZE_MAX; i++) {
        unsigned levels = vch_tree_append(&tree, &leaves.leaves[i], completed);
        for (unsigned level = 0; level < levels; level++) {
            CHECK_EQ((i + 1) % ((uint64_t)1 << level), 0);
            CHECK_OK(log_read(&leaves, level, i >> level, &want));
            CHECK(vch_hash_is_equal(&completed[level], &want));
        }
        count += levels;
    }
    uint64_t all = 0;
    for (unsigned level = 0; level < 10; level++)
        all += LOG_SIZE_MAX >> level;
    CHECK_EQ(count, all);
}

TEST(tree_goes_on_from_its_nodes)
{
    for (uint64_t size = 0; size < 200; size++) {
        struct vch_tree tree = {0}, loaded;
        log_fill(&leaves, size + 1, "load");
        for (uint64_t i = 0; i < size; i++)
            (void)vch_tree_append(&tree, &leaves.leaves[i], NULL);
        struct vch_tree_nodes nodes = log_nodes(&leaves);
        CHECK_OK(vch_tree_load(&loaded, size, &nodes));
        (void)vch_tree_append(&tree, &leaves.leaves[size], NULL);
        (void)vch_tree_append(&loaded, &leaves.leaves[size], NULL);
        struct vch_digest a = vch_tree_root(&tree), b = vch_tree_root(&loaded);
        CHECK(vch_hash_is_equal(&a, &b));
    }
}

static vch_status refuse_to_read(void *context, unsigned level, uint64_t index,
                                 struct vch_digest *out)
{
    (void)context, (void)level, (void)index, (void)out;
    return VCH_FAIL(IO);
}

TEST(tree_passes_on_that_a_node_cannot_be_read)
{
    const struct vch_tree_nodes nodes = {refuse_to_read, NULL};
    struct vch_digest root;
    struct vch_tree tree;

    CHECK_FAILS(vch_tree_load(&tree, 5, &nodes), IO);
    CHECK_FAILS(vch_tree_range_root(&root, 0, 5, &nodes), IO);
    CHECK_FAILS(vch_tree_load(&tree, VCH_TREE_SIZE_MAX + 1, &nodes), LIMIT);
}
