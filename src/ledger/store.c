#include "ledger/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/merkle.h"
#include "host/clock.h"
#include "ledger/store_audit.h"
#include "ledger/store_check.h"
#include "ledger/store_etcd.h"
#include "ledger/store_order.h"
#include "ledger/store_sqlite.h"
#include "tlog/tree.h"

enum {
    PATIENCE_MS = 10000,
    SCRATCH_MAX = 64 << 20, // answers of one call
    POLL_FIRST_MS = 1,
    POLL_MAX_MS = 50,
};

// An append that may have happened: what the log was before, and what it would be.
struct undecided {
    bool is_one;
    struct vch_tree before;
    struct vch_store_head after;
};

struct vch_store {
    struct vch_store_engine *engine;
    struct vch_store_cache cache;
    struct vch_tree tree; // at the end that this store saw last
    struct vch_store_head head;
    struct undecided undecided;
    struct vch_arena scratch;
    struct vch_digest nodes[2 * VCH_STORE_GROUP_MAX + VCH_TREE_LEVELS_MAX + 1];
};

static const struct {
    const char *scheme;
    vch_status (*open)(struct vch_store_engine **out, const char *where,
                       const struct vch_store_options *options, struct vch_complaint *complaint);
} ENGINES[] = {
    {"sqlite:", vch_store_sqlite_open},
    {"etcd:", vch_store_etcd_open},
};

static vch_status open_engine(struct vch_store_engine **out, const char *where,
                              const struct vch_store_options *options,
                              struct vch_complaint *complaint)
{
    for (size_t i = 0; i < sizeof ENGINES / sizeof *ENGINES; i++) {
        size_t size = strlen(ENGINES[i].scheme);
        if (strncmp(where, ENGINES[i].scheme, size) == 0)
            return ENGINES[i].open(out, where + size, options, complaint);
    }
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "\"%s\" names no store: write sqlite:PATH or "
                        "etcd:http://127.0.0.1:2379/PREFIX",
                        where);
}

// A head below the one seen before, or another at the same size, is not this log any more. One
// above must extend it.
static vch_status follow(struct vch_store *store, const struct vch_store_head *head,
                         struct vch_complaint *complaint)
{
    struct vch_tree tree, before;

    if (head->size < store->head.size)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the log had %" PRIu64 " entries and now has %" PRIu64
                            ": it was cut off or replaced; restore it before going on",
                            store->head.size, head->size);
    VCH_TRY(vch_store_check_tree(&tree, store->engine, head, &store->scratch, complaint));
    VCH_TRY(vch_store_check_prefix(&before, store->engine, &tree, store->head.size, &store->scratch,
                                   complaint));
    struct vch_digest root = vch_tree_root(&before);
    if (!vch_hash_is_equal(&root, &store->head.root))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the first %" PRIu64 " entries of the log are not those it had before: "
                            "it was replaced; restore it before going on",
                            store->head.size);
    store->tree = tree;
    store->head = *head;
    return VCH_OK;
}

static vch_status refresh(struct vch_store *store, struct vch_complaint *complaint)
{
    struct vch_store_head head = {0};

    VCH_TRY(store->engine->calls->head(store->engine, &head, complaint));
    if (head.size == store->head.size && vch_hash_is_equal(&head.root, &store->head.root))
        return VCH_OK;
    return follow(store, &head, complaint);
}

// The root of a prefix, hashed up to the end that this store knows.
static vch_status root_of(struct vch_store *store, uint64_t size, struct vch_digest *out,
                          struct vch_complaint *complaint)
{
    struct vch_tree prefix;

    if (size > store->head.size) VCH_TRY(refresh(store, complaint));
    if (size > store->head.size)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the log has %" PRIu64 " entries, not yet %" PRIu64, store->head.size,
                            size);
    VCH_TRY(vch_store_check_prefix(&prefix, store->engine, &store->tree, size, &store->scratch,
                                   complaint));
    *out = vch_tree_root(&prefix);
    return VCH_OK;
}

// The latest checkpoint must speak of a prefix of this log.
static vch_status check_checkpoint(struct vch_store *store, struct vch_complaint *complaint)
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

static vch_status start(struct vch_store *store, struct vch_complaint *complaint)
{
    store->head.root = vch_tree_root(&store->tree); // every log extends the empty one
    VCH_TRY(refresh(store, complaint));
    return check_checkpoint(store, complaint);
}

vch_status vch_store_open(struct vch_store **out, const char *where,
                          const struct vch_store_options *options, struct vch_complaint *complaint)
{
    struct vch_store_options chosen = options != NULL ? *options : (struct vch_store_options){0};
    struct vch_store *store = calloc(1, sizeof *store);

    if (store == NULL) return VCH_FAIL(NO_MEMORY);
    if (chosen.patience_ms == 0) chosen.patience_ms = PATIENCE_MS;
    vch_arena_init(&store->scratch, SCRATCH_MAX);
    vch_status status = open_engine(&store->engine, where, &chosen, complaint);
    if (vch_is_ok(status)) store->engine->cache = &store->cache;
    if (vch_is_ok(status)) status = start(store, complaint);
    if (!vch_is_ok(status)) {
        vch_store_close(store);
        return status;
    }
    *out = store;
    return VCH_OK;
}

void vch_store_close(struct vch_store *store)
{
    if (store == NULL) return;
    if (store->engine != NULL) store->engine->calls->close(store->engine);
    vch_arena_release(&store->scratch);
    free(store);
}

vch_status vch_store_head(struct vch_store *store, struct vch_store_head *out,
                          struct vch_complaint *complaint)
{
    vch_arena_release(&store->scratch);
    VCH_TRY(refresh(store, complaint));
    *out = store->head;
    return VCH_OK;
}

static vch_status check_group(const struct vch_store_entry *entries, uint32_t count,
                              struct vch_complaint *complaint)
{
    size_t total = 0;

    if (count == 0 || count > VCH_STORE_GROUP_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "one append holds 1 to %u entries, not %u",
                            VCH_STORE_GROUP_MAX, count);
    for (uint32_t i = 0; i < count; i++) {
        if (entries[i].size > VCH_STORE_ENTRY_SIZE_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT,
                                "an entry has %zu bytes; at most %u are allowed", entries[i].size,
                                VCH_STORE_ENTRY_SIZE_MAX);
        total += entries[i].size;
    }
    if (total > VCH_STORE_GROUP_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "one append holds at most %u bytes of entries, not %zu: append in "
                            "several groups",
                            VCH_STORE_GROUP_SIZE_MAX, total);
    return VCH_OK;
}

static vch_status refuse_expected(struct vch_store *store, uint64_t expected,
                                  struct vch_store_head *head, struct vch_complaint *complaint)
{
    *head = store->head;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the log has %" PRIu64 " entries, not %" PRIu64 ": read what is new",
                        store->head.size, expected);
}

// The tree to append to: at the end, or where an append was left undecided.
static vch_status choose_tree(struct vch_store *store, uint64_t expected, struct vch_tree *tree,
                              struct vch_complaint *complaint)
{
    if (store->undecided.is_one && store->undecided.before.size == expected) {
        *tree = store->undecided.before;
        return VCH_OK;
    }
    if (store->head.size != expected) VCH_TRY(refresh(store, complaint));
    *tree = store->tree;
    return VCH_OK;
}

// Leaves `tree` as it is after the group, and its nodes in the store's.
static void derive(struct vch_store *store, struct vch_store_group *group, struct vch_tree *tree)
{
    group->before = (struct vch_store_head){tree->size, vch_tree_root(tree)};
    for (uint32_t i = 0; i < group->count; i++) {
        struct vch_digest leaf = vch_merkle_leaf(group->entries[i].bytes, group->entries[i].size);
        group->node_count += vch_tree_append(tree, &leaf, store->nodes + group->node_count);
    }
    group->nodes = store->nodes;
    group->after = (struct vch_store_head){tree->size, vch_tree_root(tree)};
}

// What the engine's answer means for what this store knows.
static vch_status settle(struct vch_store *store, vch_status answer,
                         const struct vch_store_group *group, const struct vch_tree *before,
                         const struct vch_tree *after, struct vch_store_head *head,
                         struct vch_complaint *complaint)
{
    if (answer.code == VCH_CODE_UNAVAILABLE)
        store->undecided = (struct undecided){true, *before, group->after};
    else if (vch_is_ok(answer) || answer.code == VCH_CODE_REFUSED)
        store->undecided.is_one = false;
    if (answer.code == VCH_CODE_REFUSED) {
        VCH_TRY(refresh(store, complaint));
        return refuse_expected(store, before->size, head, complaint);
    }
    VCH_TRY(answer);
    vch_store_cache_put(&store->cache, vch_store_order_count(before->size), group->nodes,
                        group->node_count);
    if (store->head.size == before->size) {
        store->tree = *after;
        store->head = group->after;
    }
    *head = group->after;
    return VCH_OK;
}

vch_status vch_store_append(struct vch_store *store, uint64_t expected,
                            const struct vch_store_entry *entries, uint32_t count,
                            struct vch_store_head *head, struct vch_complaint *complaint)
{
    struct vch_store_group group = {.entries = entries, .count = count};
    struct vch_tree before, after;

    vch_arena_release(&store->scratch);
    VCH_TRY(check_group(entries, count, complaint));
    VCH_TRY(choose_tree(store, expected, &before, complaint));
    if (before.size != expected) return refuse_expected(store, expected, head, complaint);
    after = before;
    derive(store, &group, &after);
    // Only the very same group may take the place of one that was left undecided.
    if (store->undecided.is_one && store->undecided.before.size == expected &&
        store->head.size > expected &&
        !vch_hash_is_equal(&group.after.root, &store->undecided.after.root))
        return refuse_expected(store, expected, head, complaint);
    vch_status answer = store->engine->calls->append(store->engine, &group, complaint);
    return settle(store, answer, &group, &before, &after, head, complaint);
}

vch_status vch_store_read(struct vch_store *store, uint64_t from, uint32_t count, size_t size_max,
                          struct vch_store_entries *out, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    struct vch_store_slice slice = {0};

    *out = (struct vch_store_entries){0};
    vch_arena_release(&store->scratch);
    if (from >= store->head.size) VCH_TRY(refresh(store, complaint));
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
    if (is_possible && last >= store->head.size) VCH_TRY(refresh(store, complaint));
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
    VCH_TRY(refresh(store, complaint));
    VCH_TRY(vch_store_audit_engine(store->engine, &store->head, &store->scratch, complaint));
    return check_checkpoint(store, complaint);
}
