#include <inttypes.h>
#include <time.h>

#include "host/clock.h"
#include "ledger/store_audit.h"
#include "ledger/store_check.h"
#include "ledger/store_order.h"
#include "ledger/store_parts.h"

enum { POLL_FIRST_MS = 1, POLL_MAX_MS = 50 };

// The root of a prefix, hashed up to the end that this store knows.
static vch_status root_of(struct vch_store *store, uint64_t size, struct vch_digest *out,
                          struct vch_complaint *complaint)
{
    struct vch_tree prefix;

    if (size > store->head.size) VCH_TRY(vch_store_parts_refresh(store, complaint));
    if (size > store->head.size)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the log has %" PRIu64 " entries, not yet %" PRIu64, store->head.size,
                            size);
    VCH_TRY(vch_store_check_prefix(&prefix, store->engine, &store->tree, size, &store->scratch,
                                   complaint));
    *out = vch_tree_root(&prefix);
    return VCH_OK;
}

vch_status vch_store_hold(struct vch_store *store, struct vch_complaint *complaint)
{
    if (store->engine->calls->hold == NULL) return VCH_OK;
    return store->engine->calls->hold(store->engine, complaint);
}

void vch_store_let_go(struct vch_store *store)
{
    if (store->engine->calls->let_go != NULL) store->engine->calls->let_go(store->engine);
}

vch_status vch_store_read(struct vch_store *store, uint64_t from, uint32_t count, size_t size_max,
                          struct vch_store_entries *out, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    struct vch_store_slice slice = {0};

    *out = (struct vch_store_entries){0};
    vch_arena_release(&store->scratch);
    if (from >= store->head.size) VCH_TRY(vch_store_parts_refresh(store, complaint));
    if (from >= store->head.size || count == 0) return VCH_OK;
    if (count > store->head.size - from) count = (uint32_t)(store->head.size - from);
    VCH_TRY(
        store->engine->calls->read(store->engine, from, count, size_max, &slice, arena, complaint));
    VCH_TRY(vch_store_check_slice(&slice, complaint));
    *out = (struct vch_store_entries){slice.entries, slice.count};
    return VCH_OK;
}

vch_status vch_store_nodes(struct vch_store *store, unsigned level, uint64_t first, uint32_t count,
                           struct vch_digest *out, struct vch_complaint *complaint)
{
    bool is_possible = level < VCH_STORE_LEVELS_MAX && count > 0 && count <= VCH_STORE_NODES_MAX &&
                       first < (uint64_t)1 << (VCH_STORE_LEVELS_MAX - level);
    uint64_t last = is_possible ? vch_store_order_last(level, first + count - 1) : 0;

    vch_arena_release(&store->scratch);
    if (is_possible && last >= store->head.size) VCH_TRY(vch_store_parts_refresh(store, complaint));
    if (!is_possible || last >= store->head.size)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "%u subtrees of height %u from %" PRIu64
                            " on are not complete in a log of %" PRIu64 " entries",
                            count, level, first, store->head.size);
    return vch_store_check_nodes(store->engine, level, first, count, out, &store->scratch,
                                 complaint);
}

vch_status vch_store_root(struct vch_store *store, uint64_t size, struct vch_digest *out,
                          struct vch_complaint *complaint)
{
    vch_arena_release(&store->scratch);
    return root_of(store, size, out, complaint);
}

vch_status vch_store_put_checkpoint(struct vch_store *store,
                                    const struct vch_store_checkpoint *checkpoint,
                                    struct vch_complaint *complaint)
{
    struct vch_digest root;

    if (checkpoint->note_size == 0 || checkpoint->note_size > VCH_STORE_NOTE_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a checkpoint's note has 1 to %u bytes, not %zu",
                            VCH_STORE_NOTE_SIZE_MAX, checkpoint->note_size);
    vch_arena_release(&store->scratch);
    VCH_TRY(root_of(store, checkpoint->tree.size, &root, complaint));
    if (!vch_hash_is_equal(&root, &checkpoint->tree.root))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the checkpoint of %" PRIu64 " entries is of another log: its root is "
                            "not this log's",
                            checkpoint->tree.size);
    return store->engine->calls->put_checkpoint(store->engine, checkpoint, complaint);
}

vch_status vch_store_latest_checkpoint(struct vch_store *store, struct vch_store_checkpoint *out,
                                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    *out = (struct vch_store_checkpoint){0};
    return store->engine->calls->checkpoint(store->engine, UINT64_MAX, out, arena, complaint);
}

vch_status vch_store_checkpoint(struct vch_store *store, uint64_t size,
                                struct vch_store_checkpoint *out, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    *out = (struct vch_store_checkpoint){0};
    VCH_TRY(store->engine->calls->checkpoint(store->engine, size, out, arena, complaint));
    if (out->note == NULL || out->tree.size == size) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "the store gave a checkpoint of %" PRIu64 " entries where one of %" PRIu64
                        " was asked for: restore it from a copy",
                        out->tree.size, size);
}

vch_status vch_store_parts_check_checkpoint(struct vch_store *store,
                                            struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(&store->scratch);
    struct vch_store_checkpoint latest = {0};
    struct vch_digest root;

    VCH_TRY(vch_store_latest_checkpoint(store, &latest, &store->scratch, complaint));
    if (latest.note != NULL && latest.tree.size > store->head.size)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the latest checkpoint speaks of %" PRIu64 " entries and the log has "
                            "%" PRIu64 ": its end was lost; restore it from a copy",
                            latest.tree.size, store->head.size);
    if (latest.note != NULL) {
        VCH_TRY(root_of(store, latest.tree.size, &root, complaint));
        if (!vch_hash_is_equal(&root, &latest.tree.root))
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "the latest checkpoint, of %" PRIu64 " entries, has another root "
                                "than the log: restore it from a copy",
                                latest.tree.size);
    }
    vch_arena_rewind(&store->scratch, mark);
    return VCH_OK;
}

vch_status vch_store_put_blob(struct vch_store *store, const struct vch_digest *name,
                              const void *bytes, size_t size, struct vch_complaint *complaint)
{
    if (size > VCH_STORE_BLOB_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a blob has at most %u bytes, not %zu",
                            VCH_STORE_BLOB_SIZE_MAX, size);
    struct vch_digest digest = vch_hash_bytes(bytes, size);
    return store->engine->calls->put_blob(store->engine, name, &digest, bytes, size, complaint);
}

vch_status vch_store_blob(struct vch_store *store, const struct vch_digest *name, uint8_t **out,
                          size_t *size, struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_digest digest = {0};

    *out = NULL;
    *size = 0;
    VCH_TRY(store->engine->calls->blob(store->engine, name, &digest, out, size, arena, complaint));
    if (*out == NULL) return VCH_OK;
    struct vch_digest found = vch_hash_bytes(*out, *size);
    if (vch_hash_is_equal(&found, &digest)) return VCH_OK;
    *out = NULL;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "a blob of %zu bytes does not have the digest that was kept with it: the "
                        "store was damaged or altered; put it again",
                        *size);
}

vch_status vch_store_wait(struct vch_store *store, uint64_t size, uint32_t limit_ms,
                          struct vch_store_head *head, struct vch_complaint *complaint)
{
    uint64_t end_us = vch_clock_monotonic_us() + (uint64_t)limit_ms * 1000;

    for (uint32_t pause_ms = POLL_FIRST_MS;;) {
        VCH_TRY(vch_store_head(store, head, complaint));
        if (head->size > size) return VCH_OK;
        uint64_t now_us = vch_clock_monotonic_us();
        if (now_us >= end_us) return VCH_FAIL(TIMEOUT);
        uint64_t pause_us = (uint64_t)pause_ms * 1000;
        if (pause_us > end_us - now_us) pause_us = end_us - now_us;
        (void)nanosleep(&(struct timespec){.tv_nsec = (long)pause_us * 1000}, NULL);
        if (pause_ms < POLL_MAX_MS) pause_ms *= 2;
    }
}

vch_status vch_store_audit(struct vch_store *store, struct vch_complaint *complaint)
{
    vch_arena_release(&store->scratch);
    VCH_TRY(vch_store_parts_refresh(store, complaint));
    VCH_TRY(vch_store_audit_engine(store->engine, &store->head, &store->scratch, complaint));
    return vch_store_parts_check_checkpoint(store, complaint);
}
