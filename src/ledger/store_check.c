#include "ledger/store_check.h"

#include <inttypes.h>

#include "crypto/merkle.h"
#include "ledger/store_order.h"

#define RESTORE "the store was damaged or altered; restore it from a copy"

// Copies what is at hand of the wanted nodes, from `*done` on.
static void take_nodes(const struct vch_store_cache *cache, unsigned level, uint64_t first,
                       uint32_t count, struct vch_digest *out, uint32_t *done)
{
    while (*done < count &&
           vch_store_cache_get(cache, vch_store_order_number(level, first + *done), &out[*done]))
        ++*done;
}

// Keeps what a record has around a leaf: not more than the cache holds, so that the leaf's own
// stay.
static void keep_nodes(struct vch_store_cache *cache, const struct vch_store_completed *record,
                       uint64_t leaf)
{
    enum { AROUND = VCH_STORE_CACHE_SLOTS / 8 };
    uint64_t first = record->first, end = first + record->count;

    if (first + AROUND < leaf) first = leaf - AROUND;
    if (end > leaf + AROUND) end = leaf + AROUND;
    if (first >= end) return;
    vch_store_cache_put(cache, vch_store_order_count(first),
                        record->nodes +
                            vch_store_order_between(record->first, first - record->first),
                        vch_store_order_between(first, end - first));
}

vch_status vch_store_check_nodes(struct vch_store_engine *engine, unsigned level, uint64_t first,
                                 uint32_t count, struct vch_digest *out, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);

    for (uint32_t done = 0;;) {
        struct vch_store_completed record = {0};
        take_nodes(engine->cache, level, first, count, out, &done);
        if (done == count) return VCH_OK;
        uint64_t leaf = vch_store_order_last(level, first + done);
        uint32_t wanted = level == 0 ? count - done : 1;

        VCH_TRY(engine->calls->completed(engine, leaf, wanted, &record, arena, complaint));
        keep_nodes(engine->cache, &record, leaf);
        vch_arena_rewind(arena, mark);
        if (leaf - record.first >= record.count)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the store has no digests for entry %" PRIu64 ": " RESTORE, leaf);
    }
}

vch_status vch_store_check_tree(struct vch_tree *out, struct vch_store_engine *engine,
                                const struct vch_store_head *head, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    *out = (struct vch_tree){.size = head->size};
    for (unsigned level = 0; level < VCH_STORE_LEVELS_MAX; level++)
        if (head->size >> level & 1) // the last complete subtree of this height is the peak
            VCH_TRY(vch_store_check_nodes(engine, level, (head->size >> level) - 1, 1,
                                          &out->peaks[level], arena, complaint));
    struct vch_digest root = vch_tree_root(out);
    if (vch_hash_is_equal(&root, &head->root)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the digests kept for %" PRIu64 " entries do not hash to the root kept "
                        "with them: " RESTORE,
                        head->size);
}

// A node that the border of a size may cross.
struct crossing {
    unsigned level;
    uint64_t index;
    struct vch_digest digest;
};

// Follows the border down from a node over both sides of it: what lies before is a peak.
static vch_status walk(struct vch_tree *out, struct vch_store_engine *engine, struct crossing at,
                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_digest children[2];

    while (at.index << at.level < out->size) {
        if (vch_store_order_last(at.level, at.index) < out->size) {
            out->peaks[at.level] = at.digest;
            return VCH_OK;
        }
        at.level--;
        at.index *= 2;
        VCH_TRY(vch_store_check_nodes(engine, at.level, at.index, 2, children, arena, complaint));
        struct vch_digest parent = vch_merkle_parent(&children[0], &children[1]);
        if (!vch_hash_is_equal(&parent, &at.digest))
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "two digests of the log's tree, height %u, subtree %" PRIu64
                                " and the next, do not hash to the one above: " RESTORE,
                                at.level, at.index);
        bool is_left_before = vch_store_order_last(at.level, at.index) < out->size;
        if (is_left_before) {
            out->peaks[at.level] = children[0];
            at.index++;
        }
        at.digest = children[is_left_before];
    }
    return VCH_OK;
}

vch_status vch_store_check_prefix(struct vch_tree *out, struct vch_store_engine *engine,
                                  const struct vch_tree *tree, uint64_t size,
                                  struct vch_arena *arena, struct vch_complaint *complaint)
{
    *out = (struct vch_tree){.size = size};
    for (unsigned level = 0; level < VCH_STORE_LEVELS_MAX; level++) {
        if ((tree->size >> level & 1) == 0) continue;
        struct crossing peak = {level, (tree->size >> level) - 1, tree->peaks[level]};
        VCH_TRY(walk(out, engine, peak, arena, complaint));
    }
    return VCH_OK;
}

vch_status vch_store_check_slice(const struct vch_store_slice *slice,
                                 struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < slice->count; i++) {
        struct vch_digest leaf = vch_merkle_leaf(slice->entries[i].bytes, slice->entries[i].size);
        if (!vch_hash_is_equal(&leaf, &slice->leaves[i]))
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "entry %" PRIu64 " does not hash to its leaf: " RESTORE,
                                slice->first + i);
    }
    return VCH_OK;
}
