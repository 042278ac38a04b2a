#include "agreement/history.h"

#include <string.h>

// At level l, the window has this many nodes, and its ends may cut one each.
static uint64_t ring_room(unsigned level)
{
    return (level < 32 ? VCH_HISTORY_WINDOW >> level : 0) + 2;
}

vch_status vch_history_init(struct vch_history *history, struct vch_arena *arena)
{
    *history = (struct vch_history){.uncovered = VCH_HISTORY_NONE};
    vch_tree_init(&history->tree);
    for (unsigned level = 0; level < VCH_TREE_LEVELS_MAX; level++) {
        history->rings[level] = VCH_ARENA_NEW(arena, struct vch_digest, ring_room(level));
        if (history->rings[level] == NULL) return VCH_FAIL(NO_MEMORY);
    }
    history->is_anchor = VCH_ARENA_NEW(arena, uint64_t, VCH_HISTORY_WINDOW / 64);
    return history->is_anchor != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static struct vch_digest *node_at(const struct vch_history *history, unsigned level, uint64_t index)
{
    return &history->rings[level][index % ring_room(level)];
}

static void note_kind(struct vch_history *history, uint64_t position, bool is_anchor)
{
    uint64_t *word = &history->is_anchor[position % VCH_HISTORY_WINDOW / 64];
    const uint64_t bit = UINT64_C(1) << position % 64;

    *word = is_anchor ? *word | bit : *word & ~bit;
    if (!is_anchor && history->uncovered == VCH_HISTORY_NONE) history->uncovered = position;
}

void vch_history_append(struct vch_history *history, const struct vch_digest *leaf, bool is_anchor)
{
    struct vch_digest completed[VCH_TREE_LEVELS_MAX + 1];
    const uint64_t position = history->tree.size;
    const unsigned count = vch_tree_append(&history->tree, leaf, completed);

    for (unsigned level = 0; level < count && level < VCH_TREE_LEVELS_MAX; level++)
        *node_at(history, level, position >> level) = completed[level];
    note_kind(history, position, is_anchor);
}

// The tree of that size has a peak at each level whose bit is set in it: the node that ends there.
bool vch_history_root_at(struct vch_digest *out, const struct vch_history *history, uint64_t size)
{
    struct vch_tree tree;

    if (size > history->tree.size || history->tree.size - size > VCH_HISTORY_WINDOW) return false;
    vch_tree_init(&tree);
    tree.size = size;
    for (unsigned level = 0; level < VCH_TREE_LEVELS_MAX; level++)
        if (size >> level & 1) tree.peaks[level] = *node_at(history, level, (size >> level) - 1);
    *out = vch_tree_root(&tree);
    return true;
}

static bool is_anchor_at(const struct vch_history *history, uint64_t position)
{
    return history->is_anchor[position % VCH_HISTORY_WINDOW / 64] >> position % 64 & 1;
}

// The anchor itself is not in the tree yet, and none of what this looks at is out of the window.
void vch_history_anchor(struct vch_history *history, uint64_t size)
{
    history->anchored = size;
    if (history->uncovered == VCH_HISTORY_NONE || history->uncovered >= size) return;
    while (size < history->tree.size && is_anchor_at(history, size))
        size++;
    history->uncovered = size < history->tree.size ? size : VCH_HISTORY_NONE;
}
