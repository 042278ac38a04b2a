#include "ledger/store_etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/random.h"
#include "ledger/etcd.h"
#include "ledger/store_order.h"
#include "ledger/store_record.h"

#define RESTORE "the store was damaged or altered; restore it from a copy"

enum {
    PREFIX_MAX = 128,
    KEY_MAX = PREFIX_MAX + 96,
    PART_SIZE = 1 << 20, // of blobs
    ARENA_MAX = 64 << 20,
    GROUPS_MAX = 32,       // read at once
    READ_AHEAD = 1 << 20,  // bytes that reading several groups may come to
    NODES_GROUPS_MAX = 16, // at most 64 KiB each
};

struct etcd {
    struct vch_store_engine engine;
    struct vch_etcd *client;
    char prefix[PREFIX_MAX + 1];
    uint8_t writer[VCH_STORE_RECORD_WRITER_SIZE]; // marks the groups of this store
    struct vch_arena arena;                       // requests, replies and records of one call
};

typedef char key_text[KEY_MAX];

static void write_key(const struct etcd *etcd, key_text out, const char *kind, uint64_t number)
{
    (void)snprintf(out, KEY_MAX, "%s/%s/%016" PRIx64, etcd->prefix, kind, number);
}

// The end of all keys of a kind: '0' follows '/'.
static void write_end(const struct etcd *etcd, key_text out, const char *kind)
{
    (void)snprintf(out, KEY_MAX, "%s/%s0", etcd->prefix, kind);
}

static void write_head_key(const struct etcd *etcd, key_text out)
{
    (void)snprintf(out, KEY_MAX, "%s/head", etcd->prefix);
}

// The value of one key; `*value` is NULL when there is none.
static vch_status get(struct etcd *etcd, const char *key, const uint8_t **value, size_t *size,
                      struct vch_complaint *complaint)
{
    struct vch_etcd_operation operation = {.key = key};
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;

    *value = NULL;
    VCH_TRY(vch_etcd_ask(etcd->client, &transaction, &reply, &etcd->arena, complaint));
    if (reply.answers[0].count == 0) return VCH_OK;
    if (strcmp(reply.answers[0].pairs[0].key, key) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "etcd gave another key than %s", key);
    *value = reply.answers[0].pairs[0].value;
    *size = reply.answers[0].pairs[0].size;
    return VCH_OK;
}

static vch_status put(struct etcd *etcd, const char *key, const uint8_t *value, size_t size,
                      struct vch_complaint *complaint)
{
    struct vch_etcd_operation operation = {.key = key, .value = value, .size = size};
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;

    return vch_etcd_ask(etcd->client, &transaction, &reply, &etcd->arena, complaint);
}

static vch_status head(struct vch_store_engine *engine, struct vch_store_head *out,
                       struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    const uint8_t *record = NULL;
    size_t size = 0;
    key_text key;

    vch_arena_release(&etcd->arena);
    write_head_key(etcd, key);
    VCH_TRY(get(etcd, key, &record, &size, complaint));
    if (record != NULL) return vch_store_record_decode_head(out, record, size, complaint);
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "etcd holds no log below %s: create it, or check the prefix", etcd->prefix);
}

// Whether what lies where a group belongs is that very group, put by this store.
static bool is_ours(const struct vch_etcd_answer *found, const uint8_t *entries, size_t size)
{
    return found->count == 1 && found->pairs[0].size == size &&
           memcmp(found->pairs[0].value, entries, size) == 0;
}

static vch_status append(struct vch_store_engine *engine, const struct vch_store_group *group,
                         struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    uint64_t first = group->before.size, last = first + group->count - 1;
    uint8_t before[VCH_STORE_RECORD_HEAD_SIZE], after[VCH_STORE_RECORD_HEAD_SIZE];
    struct vch_etcd_reply reply;
    key_text head_key, entries_key, nodes_key;
    size_t entries_size = 0, nodes_size = 0;

    vch_arena_release(&etcd->arena);
    write_head_key(etcd, head_key);
    write_key(etcd, entries_key, "entries", last);
    write_key(etcd, nodes_key, "nodes", last);
    vch_store_record_encode_head(before, &group->before);
    vch_store_record_encode_head(after, &group->after);
    const uint8_t *entries = vch_store_record_encode_entries(
        &entries_size, etcd->writer, first, group->entries, group->count, &etcd->arena);
    const uint8_t *nodes =
        vch_store_record_encode_nodes(&nodes_size, first, group->count, group->nodes, &etcd->arena);
    if (entries == NULL || nodes == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_etcd_operation then[] = {
        {.key = entries_key, .value = entries, .size = entries_size},
        {.key = nodes_key, .value = nodes, .size = nodes_size},
        {.key = head_key, .value = after, .size = sizeof after},
    };
    const struct vch_etcd_operation otherwise = {.key = entries_key};
    const struct vch_etcd_transaction transaction = {
        .key = head_key,
        .value = before,
        .size = sizeof before,
        .then = then,
        .then_count = 3,
        .otherwise = &otherwise,
        .otherwise_count = 1,
    };
    VCH_TRY(vch_etcd_ask(etcd->client, &transaction, &reply, &etcd->arena, complaint));
    if (reply.succeeded || is_ours(&reply.answers[0], entries, entries_size)) return VCH_OK;
    return VCH_FAIL(REFUSED);
}

// Pairs of a kind from the group that holds `position` on, at most `limit` of them.
static void ask_groups(const struct etcd *etcd, struct vch_etcd_operation *out, key_text key,
                       key_text end, const char *kind, uint64_t position, uint32_t limit)
{
    write_key(etcd, key, kind, position);
    write_end(etcd, end, kind);
    *out = (struct vch_etcd_operation){.key = key, .end = end, .limit = limit};
}

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

static vch_status decode_groups(struct etcd *etcd, const struct vch_etcd_reply *reply,
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
        VCH_TRY(vch_store_record_decode_entries(group, pair->value, pair->size, &etcd->arena,
                                                complaint));
        if (pair->size > out->size) out->size = pair->size;
        pair = &nodes->pairs[out->count];
        VCH_TRY(vch_store_record_decode_nodes(completed, pair->value, pair->size, &etcd->arena,
                                              complaint));
        bool is_next = out->count == 0 ? group->first <= position : group->first == position;
        if (!is_next || position - group->first >= group->count ||
            completed->first != group->first || completed->count != group->count)
            return misplaced(position, complaint);
        position = group->first + group->count;
    }
    return VCH_OK;
}

static vch_status ask_entries(struct etcd *etcd, uint64_t position, uint32_t limit,
                              struct groups *out, struct vch_complaint *complaint)
{
    struct vch_etcd_operation operations[2];
    struct vch_etcd_transaction transaction = {.then = operations, .then_count = 2};
    key_text keys[2], ends[2];
    struct vch_etcd_reply reply;

    vch_arena_release(&etcd->arena);
    ask_groups(etcd, &operations[0], keys[0], ends[0], "entries", position, limit);
    ask_groups(etcd, &operations[1], keys[1], ends[1], "nodes", position, limit);
    VCH_TRY(vch_etcd_ask(etcd->client, &transaction, &reply, &etcd->arena, complaint));
    return decode_groups(etcd, &reply, position, out, complaint);
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

static vch_status read_slice(struct vch_store_engine *engine, uint64_t from, uint32_t count,
                             size_t size_max, struct vch_store_slice *out, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    struct reading reading = {.slice = out, .count = count, .left = size_max};
    struct groups groups;

    *out = (struct vch_store_slice){
        .first = from,
        .entries = VCH_ARENA_NEW(arena, struct vch_store_entry, count),
        .leaves = VCH_ARENA_NEW(arena, struct vch_digest, count),
    };
    if (out->entries == NULL || out->leaves == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t limit = 1; !reading.is_done && out->count < count;) {
        vch_status status = ask_entries(etcd, from + out->count, limit, &groups, complaint);
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
static vch_status join_nodes(struct etcd *etcd, const struct vch_etcd_answer *answer, uint64_t leaf,
                             struct vch_store_completed *out, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct vch_store_completed records[NODES_GROUPS_MAX];
    uint64_t next = leaf, used = 0;

    if (answer->count == 0 || answer->count > NODES_GROUPS_MAX) return misplaced(leaf, complaint);
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct vch_etcd_pair *pair = &answer->pairs[i];
        struct vch_store_completed *record = &records[i];
        VCH_TRY(vch_store_record_decode_nodes(record, pair->value, pair->size, &etcd->arena,
                                              complaint));
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

static vch_status completed(struct vch_store_engine *engine, uint64_t leaf, uint32_t wanted,
                            struct vch_store_completed *out, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    struct vch_etcd_operation operation;
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    key_text key, end;

    vch_arena_release(&etcd->arena);
    ask_groups(etcd, &operation, key, end, "nodes", leaf,
               wanted < NODES_GROUPS_MAX ? wanted : NODES_GROUPS_MAX);
    VCH_TRY(vch_etcd_ask(etcd->client, &transaction, &reply, &etcd->arena, complaint));
    return join_nodes(etcd, &reply.answers[0], leaf, out, arena, complaint);
}

static vch_status put_checkpoint(struct vch_store_engine *engine,
                                 const struct vch_store_checkpoint *checkpoint,
                                 struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    size_t size = 0;
    key_text key;

    vch_arena_release(&etcd->arena);
    write_key(etcd, key, "checkpoint", UINT64_MAX - checkpoint->tree.size);
    uint8_t *record = vch_store_record_encode_checkpoint(&size, checkpoint, &etcd->arena);
    if (record == NULL) return VCH_FAIL(NO_MEMORY);
    return put(etcd, key, record, size, complaint);
}

static vch_status copy(uint8_t **out, const uint8_t *bytes, size_t size, struct vch_arena *arena)
{
    *out = vch_arena_alloc(arena, size, 1);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(*out, bytes, size);
    return VCH_OK;
}

// The latest is the first that is found from the smallest key on.
static vch_status checkpoint(struct vch_store_engine *engine, uint64_t size,
                             struct vch_store_checkpoint *out, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    struct vch_etcd_operation operation;
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    uint8_t *record = NULL;
    key_text key, end;

    vch_arena_release(&etcd->arena);
    ask_groups(etcd, &operation, key, end, "checkpoint", UINT64_MAX - size, 1);
    if (size != UINT64_MAX) operation.end = NULL;
    VCH_TRY(vch_etcd_ask(etcd->client, &transaction, &reply, &etcd->arena, complaint));
    if (reply.answers[0].count == 0) return VCH_OK;
    const struct vch_etcd_pair *pair = &reply.answers[0].pairs[0];
    VCH_TRY(copy(&record, pair->value, pair->size, arena));
    return vch_store_record_decode_checkpoint(out, record, pair->size, complaint);
}

static void write_part_key(const struct etcd *etcd, key_text out, const struct vch_digest *digest,
                           uint64_t part)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, digest->bytes, sizeof *digest);
    (void)snprintf(out, KEY_MAX, "%s/blob/%s/%" PRIu64, etcd->prefix, hex, part);
}

static void write_name_key(const struct etcd *etcd, key_text out, const struct vch_digest *name)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, name->bytes, sizeof *name);
    (void)snprintf(out, KEY_MAX, "%s/name/%s", etcd->prefix, hex);
}

// Parts first, and then the name that leads to them: whoever finds a name finds all of its blob.
static vch_status put_blob(struct vch_store_engine *engine, const struct vch_digest *name,
                           const struct vch_digest *digest, const void *bytes, size_t size,
                           struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    struct vch_store_record_blob blob = {.size = size, .digest = *digest};
    uint8_t record[VCH_STORE_RECORD_BLOB_SIZE];
    key_text key;

    for (size_t at = 0; at < size; at += PART_SIZE) {
        size_t part_size = size - at < PART_SIZE ? size - at : PART_SIZE;
        vch_arena_release(&etcd->arena);
        write_part_key(etcd, key, digest, at / PART_SIZE);
        VCH_TRY(put(etcd, key, (const uint8_t *)bytes + at, part_size, complaint));
    }
    vch_arena_release(&etcd->arena);
    write_name_key(etcd, key, name);
    vch_store_record_encode_blob(record, &blob);
    return put(etcd, key, record, sizeof record, complaint);
}

static vch_status get_parts(struct etcd *etcd, const struct vch_store_record_blob *blob,
                            uint8_t *out, struct vch_complaint *complaint)
{
    key_text key;

    for (size_t at = 0; at < blob->size; at += PART_SIZE) {
        size_t wanted = blob->size - at < PART_SIZE ? blob->size - at : PART_SIZE, size = 0;
        const uint8_t *part = NULL;
        vch_arena_release(&etcd->arena);
        write_part_key(etcd, key, &blob->digest, at / PART_SIZE);
        VCH_TRY(get(etcd, key, &part, &size, complaint));
        if (part == NULL || size != wanted)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "etcd has no whole part %zu of a blob: " RESTORE, at / PART_SIZE);
        memcpy(out + at, part, size);
    }
    return VCH_OK;
}

static vch_status blob(struct vch_store_engine *engine, const struct vch_digest *name,
                       struct vch_digest *digest, uint8_t **out, size_t *size,
                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct etcd *etcd = (struct etcd *)engine;
    struct vch_store_record_blob found = {0};
    const uint8_t *record = NULL;
    size_t record_size = 0;
    key_text key;

    vch_arena_release(&etcd->arena);
    write_name_key(etcd, key, name);
    VCH_TRY(get(etcd, key, &record, &record_size, complaint));
    if (record == NULL) return VCH_OK;
    VCH_TRY(vch_store_record_decode_blob(&found, record, record_size, complaint));
    uint8_t *bytes = vch_arena_alloc(arena, found.size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(get_parts(etcd, &found, bytes, complaint));
    *digest = found.digest;
    *out = bytes;
    *size = found.size;
    return VCH_OK;
}

static void close_engine(struct vch_store_engine *engine)
{
    struct etcd *etcd = (struct etcd *)engine;

    vch_etcd_free(etcd->client);
    vch_arena_release(&etcd->arena);
    free(etcd);
}

static const struct vch_store_engine_calls CALLS = {
    .close = close_engine,
    .head = head,
    .append = append,
    .read = read_slice,
    .completed = completed,
    .put_checkpoint = put_checkpoint,
    .checkpoint = checkpoint,
    .put_blob = put_blob,
    .blob = blob,
};

// Makes the log where there is no head; one that exists stays as it is.
static vch_status create(struct etcd *etcd, struct vch_complaint *complaint)
{
    struct vch_store_head empty = {.root = vch_hash_bytes(NULL, 0)};
    uint8_t record[VCH_STORE_RECORD_HEAD_SIZE];
    key_text key;

    write_head_key(etcd, key);
    vch_store_record_encode_head(record, &empty);
    struct vch_etcd_operation operation = {.key = key, .value = record, .size = sizeof record};
    struct vch_etcd_transaction transaction = {.key = key, .then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    return vch_etcd_ask(etcd->client, &transaction, &reply, &etcd->arena, complaint);
}

// http://HOST:PORT[,...]/PREFIX: the prefix begins at the first slash that is no scheme's.
static vch_status take_prefix(struct etcd *etcd, const char *where, size_t *endpoints_size,
                              struct vch_complaint *complaint)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-/";
    const char *slash = strchr(where, '/');

    while (slash != NULL && slash[1] == '/')
        slash = strchr(slash + 2, '/');
    const char *prefix = slash != NULL ? slash + 1 : "";
    size_t size = strlen(prefix);
    if (size == 0 || size > PREFIX_MAX || strspn(prefix, allowed) != size ||
        prefix[size - 1] == '/')
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "\"etcd:%s\" names no log: write etcd:http://127.0.0.1:2379/PREFIX, "
                            "with a prefix of 1 to %d letters, digits and . _ - /",
                            where, PREFIX_MAX);
    memcpy(etcd->prefix, prefix, size + 1);
    *endpoints_size = (size_t)(slash - where);
    return VCH_OK;
}

static vch_status start(struct etcd *etcd, const char *where,
                        const struct vch_store_options *options, struct vch_complaint *complaint)
{
    size_t endpoints_size = 0;

    VCH_TRY(take_prefix(etcd, where, &endpoints_size, complaint));
    VCH_TRY(vch_etcd_new(&etcd->client, where, endpoints_size, options->patience_ms, complaint));
    return options->create ? create(etcd, complaint) : VCH_OK;
}

vch_status vch_store_etcd_open(struct vch_store_engine **out, const char *where,
                               const struct vch_store_options *options,
                               struct vch_complaint *complaint)
{
    struct etcd *etcd = calloc(1, sizeof *etcd);

    if (etcd == NULL) return VCH_FAIL(NO_MEMORY);
    etcd->engine.calls = &CALLS;
    vch_arena_init(&etcd->arena, ARENA_MAX);
    vch_random_bytes(etcd->writer, sizeof etcd->writer);
    vch_status status = start(etcd, where, options, complaint);
    if (!vch_is_ok(status)) {
        close_engine(&etcd->engine);
        return status;
    }
    *out = &etcd->engine;
    return VCH_OK;
}
