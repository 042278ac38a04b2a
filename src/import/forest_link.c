#include "import/forest_link.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/trees.h"

// The file's name of a node and its index in the lists, to be sorted by name.
struct entry {
    int64_t tree, id;
    uint32_t index;
};

struct link {
    struct vch_forest *forest;
    const struct vch_forest_lists *lists;
    struct entry *entries; // sorted
    struct vch_complaint *complaint;
};

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->tree != y->tree) return x->tree < y->tree ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static vch_status refuse(const struct link *link, enum vch_code code, int64_t tree, int64_t id,
                         const char *what)
{
    return vch_complain(link->complaint, code, "tree %lld, node %lld: %s", (long long)tree,
                        (long long)id, what);
}

static const struct entry *find(const struct link *link, int64_t tree, int64_t id)
{
    struct entry wanted = {.tree = tree, .id = id};
    return bsearch(&wanted, link->entries, link->forest->node_count, sizeof wanted, by_name);
}

static vch_status sort_names(struct link *link)
{
    uint32_t count = link->forest->node_count;

    for (uint32_t i = 0; i < count; i++)
        link->entries[i] = (struct entry){link->lists->tree_ids[i], link->lists->node_ids[i], i};
    qsort(link->entries, count, sizeof *link->entries, by_name);
    for (uint32_t i = 1; i < count; i++)
        if (by_name(&link->entries[i - 1], &link->entries[i]) == 0)
            return refuse(link, VCH_CODE_MALFORMED, link->entries[i].tree, link->entries[i].id,
                          "it is listed twice");
    return VCH_OK;
}

// How each comparison becomes "key(x) <= threshold goes left".
//   LEQ  x <= t        true left,  threshold key(t)
//   LT   x <  t        true left,  threshold key(t) - 1
//   GTE  not x <  t    true right, threshold key(t) - 1
//   GT   not x <= t    true right, threshold key(t)
static const struct mode {
    const char *name;
    bool is_true_right;
    int32_t step;
} modes[] = {
    {"BRANCH_LEQ", false, 0},
    {"BRANCH_LT", false, -1},
    {"BRANCH_GTE", true, -1},
    {"BRANCH_GT", true, 0},
};

static vch_status find_mode(const struct mode **out, const struct link *link, uint32_t i)
{
    *out = NULL;
    if (strcmp(link->lists->modes[i], "LEAF") == 0) return VCH_OK;
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
        if (strcmp(link->lists->modes[i], modes[m].name) == 0) *out = &modes[m];
    if (*out != NULL) return VCH_OK;
    return vch_complain(link->complaint, VCH_CODE_UNSUPPORTED,
                        "tree %lld, node %lld: mode '%.40s'; expected BRANCH_LEQ, BRANCH_LT, "
                        "BRANCH_GTE, BRANCH_GT or LEAF",
                        (long long)link->lists->tree_ids[i], (long long)link->lists->node_ids[i],
                        link->lists->modes[i]);
}

static vch_status read_branch(struct vch_forest_node *node, const struct link *link, uint32_t i,
                              const struct mode *mode)
{
    const struct vch_forest_lists *lists = link->lists;
    uint32_t bits = 0;

    if (lists->feature_ids[i] < 0 || lists->feature_ids[i] >= VCH_FOREST_FEATURES_MAX)
        return refuse(link, VCH_CODE_LIMIT, node->tree, node->id, "its feature is out of range");
    if (isnan(lists->values[i]))
        return refuse(link, VCH_CODE_MALFORMED, node->tree, node->id, "its threshold is NaN");
    memcpy(&bits, &lists->values[i], sizeof bits);
    node->feature = (int32_t)lists->feature_ids[i];
    node->threshold = vch_trees_key(bits) + mode->step;
    if (link->forest->feature_count <= (uint32_t)node->feature)
        link->forest->feature_count = (uint32_t)node->feature + 1;

    const struct entry *yes = find(link, node->tree, lists->true_ids[i]);
    const struct entry *no = find(link, node->tree, lists->false_ids[i]);
    if (yes == NULL || no == NULL)
        return refuse(link, VCH_CODE_MALFORMED, node->tree, node->id,
                      yes == NULL ? "its true child does not exist"
                                  : "its false child does not exist");
    node->left = mode->is_true_right ? no->index : yes->index;
    node->right = mode->is_true_right ? yes->index : no->index;
    // A NaN compares false, unless the file says that it counts as true.
    bool is_nan_true = lists->missing_tracks_true != NULL && lists->missing_tracks_true[i] != 0;
    node->is_nan_left = is_nan_true != mode->is_true_right;
    link->forest->nodes[node->left].parents++;
    link->forest->nodes[node->right].parents++;
    return VCH_OK;
}

static vch_status read_nodes(const struct link *link)
{
    struct vch_forest_node *nodes = link->forest->nodes;

    for (uint32_t i = 0; i < link->forest->node_count; i++) {
        const struct mode *mode = NULL;
        VCH_TRY(find_mode(&mode, link, i));
        nodes[i].tree = link->lists->tree_ids[i];
        nodes[i].id = link->lists->node_ids[i];
        nodes[i].is_leaf = mode == NULL;
        if (mode != NULL) VCH_TRY(read_branch(&nodes[i], link, i, mode));
    }
    for (uint32_t i = 0; i < link->forest->node_count; i++)
        if (nodes[i].parents > 1)
            return refuse(link, VCH_CODE_MALFORMED, nodes[i].tree, nodes[i].id,
                          "more than one branch leads to it");
    return VCH_OK;
}

// Entries are grouped by tree: each group must have one node without a parent.
static vch_status count_roots(const struct link *link)
{
    uint32_t count = link->forest->node_count, roots = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct entry *entry = &link->entries[i];
        bool is_last = i + 1 == count || link->entries[i + 1].tree != entry->tree;
        roots += link->forest->nodes[entry->index].parents == 0;
        if (roots > 1)
            return refuse(link, VCH_CODE_MALFORMED, entry->tree, entry->id,
                          "no branch leads to it, and it is not the tree's only root");
        if (!is_last) continue;
        if (roots == 0)
            return refuse(link, VCH_CODE_MALFORMED, entry->tree, entry->id,
                          "its tree has no root: the branches form a cycle");
        link->forest->tree_count++;
        roots = 0;
    }
    return VCH_OK;
}

static void collect_roots(struct vch_forest *forest)
{
    uint32_t tree = 0;

    for (uint32_t i = 0; i < forest->node_count; i++)
        if (forest->nodes[i].parents == 0) forest->roots[tree++] = i;
}

static vch_status read_weights(const struct link *link)
{
    const struct vch_forest_lists *lists = link->lists;
    struct vch_forest *forest = link->forest;

    for (uint32_t i = 0; i < forest->weight_count; i++) {
        int64_t tree = lists->weight_trees[i], id = lists->weight_nodes[i];
        const struct entry *entry = find(link, tree, id);
        if (entry == NULL || !forest->nodes[entry->index].is_leaf)
            return refuse(link, VCH_CODE_MALFORMED, tree, id,
                          entry == NULL ? "it has a weight but does not exist"
                                        : "it has a weight but is not a leaf");
        if (!isfinite(lists->weights[i]))
            return refuse(link, VCH_CODE_MALFORMED, tree, id, "its weight is not finite");
        forest->weights[i].node = entry->index;
        forest->weights[i].value = (double)lists->weights[i];
    }
    return VCH_OK;
}

vch_status vch_forest_link(struct vch_forest *out, const struct vch_forest_lists *lists,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct link link = {.forest = out, .lists = lists, .complaint = complaint};

    out->node_count = (uint32_t)lists->node_count;
    out->weight_count = (uint32_t)lists->weight_count;
    out->tree_count = out->feature_count = 0;
    link.entries = VCH_ARENA_NEW(arena, struct entry, out->node_count);
    out->nodes = VCH_ARENA_NEW(arena, struct vch_forest_node, out->node_count);
    out->weights = VCH_ARENA_NEW(arena, struct vch_forest_weight, out->weight_count);
    out->roots = VCH_ARENA_NEW(arena, uint32_t, out->node_count);
    if (link.entries == NULL || out->nodes == NULL || out->weights == NULL || out->roots == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory for a forest of %u nodes",
                            out->node_count);
    VCH_TRY(sort_names(&link));
    VCH_TRY(read_nodes(&link));
    VCH_TRY(count_roots(&link));
    collect_roots(out);
    return read_weights(&link);
}
