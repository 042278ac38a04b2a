#include "ledger/store_etcd_groups.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/store_order.h"
#include "ledger/store_record.h"

#define RESTORE "the store was damaged or altered; restore it from a copy"

enum {
    GROUPS_MAX = 32,       // read at once
    READ_AHEAD = 1 << 20,  // bytes that reading several groups may come to
    NODES_GROUPS_MAX = 16, // at most 64 KiB each
};

static vch_status misplaced(uint64_t position, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "etcd's groups have a gap or an overlap at entry %" PRIu64 ": " RESTORE,
                        position);
}

// The groups of one answer: `entries[i]` and `nodes[i]` are of the same range.
struct groups {
    struct vch_store_record_entries entries[GROUPS_MAX];
    struct vch_store_completed nodes[GROUPS_MAX];
    uint32_t count;
    size_t size; // of the largest record
};

static vch_status decode_groups(struct vch_etcd_log *log, const struct vch_etcd_reply *reply,
                                uint64_t position, struct groups *out,
                                struct vch_complaint *complaint)
{
    const struct vch_etcd_answer *entries = &reply->answers[0], *nodes = &reply->answers[1];

    *out = (struct groups){0};
    if (entries->count == 0 || entries->count != nodes->count || entries->count > GROUPS_MAX)
        return misplaced(position, complaint);
    for (; out->count < entries->count; out->count++) {
        struct vch_store_record_entries *group = &out->entries[out->count];
        struct vch_store_completed *completed = &out->nodes[out->count];
        const struct vch_etcd_pair *pair = &entries->pairs[out->count];
        VCH_TRY(vch_store_record_decode_entries(group, pair->value, pair->size, &log->arena,
                                                complaint));
        if (pair->size > out->size) out->size = pair->size;
        pair = &nodes->pairs[out->count];
        VCH_TRY(vch_store_record_decode_nodes(completed, pair->value, pair->size, &log->arena,
                                              complaint));
        bool is_next = out->count == 0 ? group->first <= position : group->first == position;
        if (!is_next || position - group->first >= group->count ||
            completed->first != group->first || completed->count != group->count)
            return misplaced(position, complaint);
        position = group->first + group->count;
    }
    return VCH_OK;
}

static vch_status ask_entries(struct vch_etcd_log *log, uint64_t position, uint32_t limit,
                              struct groups *out, struct vch_complaint *complaint)
{
    struct vch_etcd_operation operations[2];
    struct vch_etcd_transaction transaction = {.then = operations, .then_count = 2};
    struct vch_etcd_log_range keys[2];
    struct vch_etcd_reply reply;

    vch_arena_release(&log->arena);
    operations[0] = vch_etcd_log_get_from(log, &keys[0], "entries", position, limit);
    operations[1] = vch_etcd_log_get_from(log, &keys[1], "nodes", position, limit);
    VCH_TRY(vch_etcd_ask(log->client, &transaction, &reply, &log->arena, complaint));
    return decode_groups(log, &reply, position, out, complaint);
}

// What is wanted, and how far it is.
struct reading {
    struct vch_store_slice *slice;
    uint32_t count;
    size_t left; // bytes
    bool is_done;
};

static vch_status take_entry(struct reading *reading, const struct vch_store_entry *entry,
                             const struct vch_digest *leaf, struct vch_arena *arena)
{
    struct vch_store_slice *slice = reading->slice;

    reading->is_done =
        slice->count == reading->count || (slice->count > 0 && entry->size > reading->left);
    if (reading->is_done) return VCH_OK;
    uint8_t *bytes = vch_arena_alloc(arena, entry->size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    if (entry->size > 0) memcpy(bytes, entry->bytes, entry->size);
    reading->left -= entry->size < reading->left ? entry->size : reading->left;
    slice->entries[slice->count] = (struct vch_store_entry){bytes, entry->size};
    slice->leaves[slice->count++] = *leaf;
    return VCH_OK;
}

static vch_status take_groups(struct reading *reading, const struct groups *groups,
                              struct vch_arena *arena)
{
    for (uint32_t i = 0; i < groups->count; i++) {
        const struct vch_store_record_entries *group = &groups->entries[i];
        uint64_t position = reading->slice->first + reading->slice->count;
        for (uint32_t j = (uint32_t)(position - group->first); j < group->count; j++) {
            uint64_t place = vch_store_order_between(group->first, j);
            VCH_TRY(take_entry(reading, &group->entries[j], &groups->nodes[i].nodes[place], arena));
            if (reading->is_done) return VCH_OK;
        }
    }
    return VCH_OK;
}

vch_status vch_store_etcd_groups_read(struct vch_etcd_log *log, uint64_t from, uint32_t count,
                                      size_t size_max, struct vch_store_slice *out,
                                      struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct reading reading = {.slice = out, .count = count, .left = size_max};
    struct groups groups;

    *out = (struct vch_store_slice){
        .first = from,
        .entries = VCH_ARENA_NEW(arena, struct vch_store_entry, count),
        .leaves = VCH_ARENA_NEW(arena, struct vch_digest, count),
    };
    if (out->entries == NULL || out->leaves == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t limit = 1; !reading.is_done && out->count < count;) {
        vch_status status = ask_entries(log, from + out->count, limit, &groups, complaint);
        if (status.code == VCH_CODE_LIMIT && limit > 1) { // larger ones than those before
            limit = 1;
            if (complaint != NULL) complaint->text[0] = '\0';
            continue;
        }
        VCH_TRY(status);
        VCH_TRY(take_groups(&reading, &groups, arena));
        size_t ahead = READ_AHEAD / groups.size;
        limit = ahead < 1 ? 1 : ahead < GROUPS_MAX ? (uint32_t)ahead : GROUPS_MAX;
    }
    return VCH_OK;
}

// Records that follow each other, as one.
static vch_status join_nodes(struct vch_etcd_log *log, const struct vch_etcd_answer *answer,
                             uint64_t leaf, struct vch_store_completed *out,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_store_completed records[NODES_GROUPS_MAX];
    uint64_t next = leaf, used = 0;

    if (answer->count == 0 || answer->count > NODES_GROUPS_MAX) return misplaced(leaf, complaint);
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct vch_etcd_pair *pair = &answer->pairs[i];
        struct vch_store_completed *record = &records[i];
        VCH_TRY(
            vch_store_record_decode_nodes(record, pair->value, pair->size, &log->arena, complaint));
        bool is_next = i == 0 ? record->first <= next : record->first == next;
        if (!is_next || next - record->first >= record->count) return misplaced(next, complaint);
        next = record->first + record->count;
    }
    *out = (struct vch_store_completed){.first = records[0].first,
                                        .count = (uint32_t)(next - records[0].first)};
    struct vch_digest *nodes =
        VCH_ARENA_NEW(arena, struct vch_digest, vch_store_order_between(out->first, out->count));
    if (nodes == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < answer->count; i++) {
        uint64_t size = vch_store_order_between(records[i].first, records[i].count);
        memcpy(nodes + used, records[i].nodes, size * sizeof *nodes);
        used += size;
    }
    out->nodes = nodes;
    return VCH_OK;
}

vch_status vch_store_etcd_groups_completed(struct vch_etcd_log *log, uint64_t leaf, uint32_t wanted,
                                           struct vch_store_completed *out, struct vch_arena *arena,
                                           struct vch_complaint *complaint)
{
    struct vch_etcd_operation operation;
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    struct vch_etcd_log_range keys;

    vch_arena_release(&log->arena);
    operation = vch_etcd_log_get_from(log, &keys, "nodes", leaf,
                                      wanted < NODES_GROUPS_MAX ? wanted : NODES_GROUPS_MAX);
    VCH_TRY(vch_etcd_ask(log->client, &transaction, &reply, &log->arena, complaint));
    return join_nodes(log, &reply.answers[0], leaf, out, arena, complaint);
}
