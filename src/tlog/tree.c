#include "tlog/tree.h"

#include <stdbool.h>

#include "base/check.h"

void vch_tree_init(struct vch_tree *tree)
{
    *tree = (struct vch_tree){0};
}

// A binary counter: the new leaf carries through every level that is full.
unsigned vch_tree_append(struct vch_tree *tree, const struct vch_digest *leaf,
                         struct vch_digest completed[VCH_TREE_LEVELS_MAX + 1])
{
    struct vch_digest node = *leaf;
    unsigned level = 0;

    VCH_ASSERT(tree->size < VCH_TREE_SIZE_MAX);
    for (; tree->size >> level & 1; level++) {
        if (completed != NULL) completed[level] = node;
        node = vch_merkle_parent(&tree->peaks[level], &node);
    }
    if (completed != NULL) completed[level] = node;
    tree->peaks[level] = node;
    tree->size++;
    return level + 1;
}

struct vch_digest vch_tree_root(const struct vch_tree *tree)
{
    struct vch_digest root = {0};
    unsigned level = 0;

    if (tree->size == 0) return vch_merkle_root_in_place(NULL, 0);
    while ((tree->size >> level & 1) == 0)
        level++;
    root = tree->peaks[level];
    for (level++; level < VCH_TREE_LEVELS_MAX; level++)
        if (tree->size >> level & 1) root = vch_merkle_parent(&tree->peaks[level], &root);
    return root;
}

vch_status vch_tree_load(struct vch_tree *out, uint64_t size, const struct vch_tree_nodes *nodes)
{
    vch_tree_init(out);
    if (size > VCH_TREE_SIZE_MAX) return VCH_FAIL(LIMIT);
    for (unsigned level = 0; level < VCH_TREE_LEVELS_MAX; level++)
        if (size >> level & 1) // the last node of its level, of those that are complete
            VCH_TRY(nodes->read(nodes->context, level, (size >> level) - 1, &out->peaks[level]));
    out->size = size;
    return VCH_OK;
}

// From the right: the smallest perfect subtree is the deepest.
vch_status vch_tree_range_root(struct vch_digest *out, uint64_t first, uint64_t count,
                               const struct vch_tree_nodes *nodes)
{
    struct vch_digest root, node;
    bool has_root = false;

    VCH_ASSERT(count > 0 && count <= VCH_TREE_SIZE_MAX && first <= VCH_TREE_SIZE_MAX - count);
    for (unsigned level = 0; level < VCH_TREE_LEVELS_MAX; level++) {
        if ((count >> level & 1) == 0) continue;
        uint64_t end = first + (count >> level << level); // of this subtree
        VCH_TRY(nodes->read(nodes->context, level, (end >> level) - 1, &node));
        root = has_root ? vch_merkle_parent(&node, &root) : node;
        has_root = true;
    }
    *out = root;
    return VCH_OK;
}
