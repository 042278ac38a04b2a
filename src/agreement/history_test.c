#include "agreement/history.h"

#include "harness/test.h"

static struct vch_digest leaf(uint64_t i)
{
    return vch_merkle_leaf(&i, sizeof i);
}

// Law: the root at any size of the window is that of a tree which stopped there.
TEST(history_gives_every_root_of_its_window)
{
    enum { LEAVES = 70000 };
    static struct vch_digest roots[LEAVES + 1];
    struct vch_arena arena;
    struct vch_history history;
    struct vch_digest root;

    vch_arena_init(&arena, 1u << 27);
    CHECK_OK(vch_history_init(&history, &arena));
    roots[0] = vch_tree_root(&history.tree);
    for (uint64_t i = 0; i < LEAVES; i++) {
        const struct vch_digest next = leaf(i);
        vch_history_append(&history, &next, false);
        roots[i + 1] = vch_tree_root(&history.tree);
    }
    for (uint64_t size = LEAVES - VCH_HISTORY_WINDOW; size <= LEAVES; size++) {
        CHECK(vch_history_root_at(&root, &history, size));
        CHECK(vch_hash_is_equal(&root, &roots[size]));
    }
    CHECK(!vch_history_root_at(&root, &history, LEAVES - VCH_HISTORY_WINDOW - 1));
    CHECK(!vch_history_root_at(&root, &history, LEAVES + 1));
    vch_arena_release(&arena);
}

// Law: against a count that looks at every entry.
TEST(history_knows_what_no_anchor_covers)
{
    enum { ENTRIES = 3000 };
    static bool is_anchor[ENTRIES];
    struct vch_arena arena;
    struct vch_history history;

    vch_arena_init(&arena, 1u << 27);
    CHECK_OK(vch_history_init(&history, &arena));
    for (uint64_t i = 0; i < ENTRIES; i++) {
        const struct vch_digest next = leaf(i);
        uint64_t size = history.anchored + test_below(8);
        if (size > i) size = i;
        is_anchor[i] = test_below(3) > 0 && size > history.anchored && history.uncovered < size;
        if (is_anchor[i]) vch_history_anchor(&history, size);
        vch_history_append(&history, &next, is_anchor[i]);
        uint64_t uncovered = history.anchored;
        while (uncovered <= i && is_anchor[uncovered])
            uncovered++;
        CHECK_EQ(history.uncovered, uncovered <= i ? uncovered : VCH_HISTORY_NONE);
    }
    vch_arena_release(&arena);
}
