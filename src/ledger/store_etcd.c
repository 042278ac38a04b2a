#include "ledger/store_etcd.h"

#include <stdlib.h>
#include <string.h>

#include "host/random.h"
#include "ledger/etcd_log.h"
#include "ledger/store_etcd_blobs.h"
#include "ledger/store_etcd_groups.h"
#include "ledger/store_record.h"

struct etcd {
    struct vch_store_engine engine;
    struct vch_etcd_log log;
    uint8_t writer[VCH_STORE_RECORD_WRITER_SIZE]; // marks the groups of this store
};

static struct vch_etcd_log *log_of(struct vch_store_engine *engine)
{
    return &((struct etcd *)engine)->log;
}

static vch_status head(struct vch_store_engine *engine, struct vch_store_head *out,
                       struct vch_complaint *complaint)
{
    struct vch_etcd_log *log = log_of(engine);
    const uint8_t *record = NULL;
    size_t size = 0;
    vch_etcd_log_key key;

    vch_arena_release(&log->arena);
    vch_etcd_log_key_head(log, key);
    VCH_TRY(vch_etcd_log_get(log, key, &record, &size, complaint));
    if (record != NULL) return vch_store_record_decode_head(out, record, size, complaint);
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "etcd holds no log below %s: create it, or check the prefix", log->prefix);
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
    const struct etcd *etcd = (const struct etcd *)engine;
    struct vch_etcd_log *log = log_of(engine);
    uint64_t first = group->before.size, last = first + group->count - 1;
    uint8_t before[VCH_STORE_RECORD_HEAD_SIZE], after[VCH_STORE_RECORD_HEAD_SIZE];
    struct vch_etcd_reply reply;
    vch_etcd_log_key head_key, entries_key, nodes_key;
    size_t entries_size = 0, nodes_size = 0;

    vch_arena_release(&log->arena);
    vch_etcd_log_key_head(log, head_key);
    vch_etcd_log_key_number(log, entries_key, "entries", last);
    vch_etcd_log_key_number(log, nodes_key, "nodes", last);
    vch_store_record_encode_head(before, &group->before);
    vch_store_record_encode_head(after, &group->after);
    const uint8_t *entries = vch_store_record_encode_entries(
        &entries_size, etcd->writer, first, group->entries, group->count, &log->arena);
    const uint8_t *nodes =
        vch_store_record_encode_nodes(&nodes_size, first, group->count, group->nodes, &log->arena);
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
    VCH_TRY(vch_etcd_ask(log->client, &transaction, &reply, &log->arena, complaint));
    if (reply.succeeded || is_ours(&reply.answers[0], entries, entries_size)) return VCH_OK;
    return VCH_FAIL(REFUSED);
}

static vch_status put_checkpoint(struct vch_store_engine *engine,
                                 const struct vch_store_checkpoint *checkpoint,
                                 struct vch_complaint *complaint)
{
    struct vch_etcd_log *log = log_of(engine);
    size_t size = 0;
    vch_etcd_log_key key;

    vch_arena_release(&log->arena);
    vch_etcd_log_key_number(log, key, "checkpoint", UINT64_MAX - checkpoint->tree.size);
    uint8_t *record = vch_store_record_encode_checkpoint(&size, checkpoint, &log->arena);
    if (record == NULL) return VCH_FAIL(NO_MEMORY);
    return vch_etcd_log_put(log, key, record, size, complaint);
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
    struct vch_etcd_log *log = log_of(engine);
    struct vch_etcd_operation operation;
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    uint8_t *record = NULL;
    struct vch_etcd_log_range keys;

    vch_arena_release(&log->arena);
    operation = vch_etcd_log_get_from(log, &keys, "checkpoint", UINT64_MAX - size, 1);
    if (size != UINT64_MAX) operation.end = NULL;
    VCH_TRY(vch_etcd_ask(log->client, &transaction, &reply, &log->arena, complaint));
    if (reply.answers[0].count == 0) return VCH_OK;
    const struct vch_etcd_pair *pair = &reply.answers[0].pairs[0];
    VCH_TRY(copy(&record, pair->value, pair->size, arena));
    return vch_store_record_decode_checkpoint(out, record, pair->size, complaint);
}

static vch_status read_slice(struct vch_store_engine *engine, uint64_t from, uint32_t count,
                             size_t size_max, struct vch_store_slice *out, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    return vch_store_etcd_groups_read(log_of(engine), from, count, size_max, out, arena, complaint);
}

static vch_status completed(struct vch_store_engine *engine, uint64_t leaf, uint32_t wanted,
                            struct vch_store_completed *out, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    return vch_store_etcd_groups_completed(log_of(engine), leaf, wanted, out, arena, complaint);
}

static vch_status put_blob(struct vch_store_engine *engine, const struct vch_digest *name,
                           const struct vch_digest *digest, const void *bytes, size_t size,
                           struct vch_complaint *complaint)
{
    return vch_store_etcd_blobs_put(log_of(engine), name, digest, bytes, size, complaint);
}

static vch_status blob(struct vch_store_engine *engine, const struct vch_digest *name,
                       struct vch_digest *digest, uint8_t **out, size_t *size,
                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    return vch_store_etcd_blobs_get(log_of(engine), name, digest, out, size, arena, complaint);
}

static void close_engine(struct vch_store_engine *engine)
{
    struct etcd *etcd = (struct etcd *)engine;

    vch_etcd_log_release(&etcd->log);
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
static vch_status create(struct vch_etcd_log *log, struct vch_complaint *complaint)
{
    struct vch_store_head empty = {.root = vch_hash_bytes(NULL, 0)};
    uint8_t record[VCH_STORE_RECORD_HEAD_SIZE];
    vch_etcd_log_key key;

    vch_etcd_log_key_head(log, key);
    vch_store_record_encode_head(record, &empty);
    struct vch_etcd_operation operation = {.key = key, .value = record, .size = sizeof record};
    struct vch_etcd_transaction transaction = {.key = key, .then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    return vch_etcd_ask(log->client, &transaction, &reply, &log->arena, complaint);
}

vch_status vch_store_etcd_open(struct vch_store_engine **out, const char *where,
                               const struct vch_store_options *options,
                               struct vch_complaint *complaint)
{
    struct etcd *etcd = calloc(1, sizeof *etcd);

    if (etcd == NULL) return VCH_FAIL(NO_MEMORY);
    etcd->engine.calls = &CALLS;
    vch_random_bytes(etcd->writer, sizeof etcd->writer);
    vch_status status = vch_etcd_log_open(&etcd->log, where, options->patience_ms, complaint);
    if (vch_is_ok(status) && options->create) status = create(&etcd->log, complaint);
    if (!vch_is_ok(status)) {
        close_engine(&etcd->engine);
        return status;
    }
    *out = &etcd->engine;
    return VCH_OK;
}
