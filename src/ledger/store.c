#include "ledger/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"
#include "ledger/store_check.h"
#include "ledger/store_etcd.h"
#include "ledger/store_order.h"
#include "ledger/store_parts.h"
#include "ledger/store_sqlite.h"

enum {
    PATIENCE_MS = 10000,
    SCRATCH_MAX = 64 << 20, // answers of one call
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

vch_status vch_store_parts_refresh(struct vch_store *store, struct vch_complaint *complaint)
{
    struct vch_store_head head = {0};

    VCH_TRY(store->engine->calls->head(store->engine, &head, complaint));
    if (head.size == store->head.size && vch_hash_is_equal(&head.root, &store->head.root))
        return VCH_OK;
    return follow(store, &head, complaint);
}

static vch_status start(struct vch_store *store, struct vch_complaint *complaint)
{
    store->head.root = vch_tree_root(&store->tree); // every log extends the empty one
    VCH_TRY(vch_store_parts_refresh(store, complaint));
    return vch_store_parts_check_checkpoint(store, complaint);
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
    VCH_TRY(vch_store_parts_refresh(store, complaint));
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
    if (store->head.size != expected) VCH_TRY(vch_store_parts_refresh(store, complaint));
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
        store->undecided = (struct vch_store_undecided){true, *before, group->after};
    else if (vch_is_ok(answer) || answer.code == VCH_CODE_REFUSED)
        store->undecided.is_one = false;
    if (answer.code == VCH_CODE_REFUSED) {
        VCH_TRY(vch_store_parts_refresh(store, complaint));
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
