#include "ledger/store_audit.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/store_check.h"
#include "ledger/store_order.h"

enum { SLICE_COUNT = VCH_STORE_GROUP_MAX, SLICE_SIZE = VCH_STORE_GROUP_SIZE_MAX };

// The nodes that the leaves from `first` on should complete, and the tree behind them.
struct derived {
    struct vch_tree tree;
    uint64_t first;
    uint32_t node_count;
    struct vch_digest nodes[2 * SLICE_COUNT + VCH_TREE_LEVELS_MAX + 1];
};

static void derive(struct derived *derived, const struct vch_store_slice *slice)
{
    derived->first = derived->tree.size;
    derived->node_count = 0;
    for (uint32_t i = 0; i < slice->count; i++)
        derived->node_count += vch_tree_append(&derived->tree, &slice->leaves[i],
                                               derived->nodes + derived->node_count);
}

static vch_status differ(uint64_t leaf, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the digests kept for entry %" PRIu64
                        " are not those that its log has: the store was damaged or altered; "
                        "restore it from a copy",
                        leaf);
}

// A record may begin before `leaf`; what it has from there on is compared.
static vch_status compare_record(const struct derived *derived,
                                 const struct vch_store_completed *record, uint64_t *leaf,
                                 struct vch_complaint *complaint)
{
    uint64_t end = record->first + record->count;

    if (record->first > *leaf || end <= *leaf) return differ(*leaf, complaint);
    if (end > derived->tree.size) end = derived->tree.size;
    uint64_t base = vch_store_order_count(*leaf);
    const struct vch_digest *want = derived->nodes + (base - vch_store_order_count(derived->first));
    const struct vch_digest *got = record->nodes + (base - vch_store_order_count(record->first));
    if (memcmp(want, got, (vch_store_order_count(end) - base) * sizeof *want) != 0)
        return differ(*leaf, complaint);
    *leaf = end;
    return VCH_OK;
}

static vch_status compare(const struct derived *derived, struct vch_store_engine *engine,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    for (uint64_t leaf = derived->first; leaf < derived->tree.size;) {
        struct vch_store_completed record = {0};
        uint32_t wanted = (uint32_t)(derived->tree.size - leaf);
        VCH_TRY(engine->calls->completed(engine, leaf, wanted, &record, arena, complaint));
        VCH_TRY(compare_record(derived, &record, &leaf, complaint));
    }
    return VCH_OK;
}

static vch_status audit_slice(struct derived *derived, struct vch_store_engine *engine,
                              uint64_t size, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    uint64_t left = size - derived->tree.size;
    uint32_t count = left < SLICE_COUNT ? (uint32_t)left : SLICE_COUNT;
    struct vch_store_slice slice = {0};

    VCH_TRY(engine->calls->read(engine, derived->tree.size, count, SLICE_SIZE, &slice, arena,
                                complaint));
    VCH_TRY(vch_store_check_slice(&slice, complaint));
    derive(derived, &slice);
    return compare(derived, engine, arena, complaint);
}

vch_status vch_store_audit_engine(struct vch_store_engine *engine,
                                  const struct vch_store_head *head, struct vch_arena *arena,
                                  struct vch_complaint *complaint)
{
    struct derived *derived = VCH_ARENA_NEW(arena, struct derived, 1);

    if (derived == NULL) return VCH_FAIL(NO_MEMORY);
    struct vch_arena_mark mark = vch_arena_mark(arena);
    while (derived->tree.size < head->size) {
        VCH_TRY(audit_slice(derived, engine, head->size, arena, complaint));
        vch_arena_rewind(arena, mark);
    }
    struct vch_digest root = vch_tree_root(&derived->tree);
    if (!vch_hash_is_equal(&root, &head->root))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the %" PRIu64 " entries do not hash to the log's root: the store was "
                            "damaged or altered; restore it from a copy",
                            head->size);
    if (engine->calls->audit == NULL) return VCH_OK;
    return engine->calls->audit(engine, head->size, complaint);
}
