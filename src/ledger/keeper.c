#include "ledger/keeper.h"

#include "tlog/inclusion.h"

enum { FOLLOW_COUNT = 2048, FOLLOW_SIZE = 1 << 20 };

static vch_status read_node(void *context, unsigned level, uint64_t index, struct vch_digest *out)
{
    return vch_store_nodes(context, level, index, 1, out, NULL);
}

struct vch_tree_nodes vch_keeper_nodes(struct vch_store *store)
{
    return (struct vch_tree_nodes){read_node, store};
}

static vch_status read_one(struct vch_store *store, uint64_t position, struct vch_store_entry *out,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_store_entries found = {0};

    VCH_TRY(vch_store_read(store, position, 1, VCH_STORE_ENTRY_SIZE_MAX, &found, arena, complaint));
    if (found.count != 1)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "the store lacks an entry");
    *out = found.entries[0];
    return VCH_OK;
}

static vch_status follow(struct vch_store *store, struct vch_request *request)
{
    uint64_t left = request->end - request->from;
    uint32_t count = left < FOLLOW_COUNT ? (uint32_t)left : FOLLOW_COUNT;

    return vch_store_read(store, request->from, count, FOLLOW_SIZE, &request->entries,
                          &request->arena, &request->job.complaint);
}

static vch_status watch(struct vch_store *store, struct vch_request *request)
{
    request->entries.entries =
        VCH_ARENA_NEW(&request->arena, struct vch_store_entry, request->count);
    if (request->entries.entries == NULL) return VCH_FAIL(NO_MEMORY);
    request->entries.count = request->count;
    for (uint32_t i = 0; i < request->count; i++)
        VCH_TRY(read_one(store, request->positions[i], &request->entries.entries[i],
                         &request->arena, &request->job.complaint));
    return VCH_OK;
}

static vch_status prove_one(struct vch_store *store, struct vch_request *request, uint32_t i)
{
    const struct vch_store_head *tree = &request->checkpoint.tree;
    struct vch_tree_nodes nodes = vch_keeper_nodes(store);
    struct vch_request_proven *proven = &request->proven[i];

    VCH_TRY(read_one(store, request->positions[i], &proven->entry, &request->arena,
                     &request->job.complaint));
    VCH_TRY(vch_inclusion_prove(&proven->path, request->positions[i], tree->size, &nodes));
    struct vch_digest leaf = vch_merkle_leaf(proven->entry.bytes, proven->entry.size);
    return vch_inclusion_verify(&tree->root, tree->size, &leaf, request->positions[i],
                                &proven->path);
}

static vch_status prove(struct vch_store *store, struct vch_request *request)
{
    VCH_TRY(vch_store_latest_checkpoint(store, &request->checkpoint, &request->arena,
                                        &request->job.complaint));
    if (request->checkpoint.note == NULL ||
        request->checkpoint.tree.size <= request->positions[request->count - 1])
        return vch_complain(&request->job.complaint, VCH_CODE_UNAVAILABLE,
                            "no cosigned checkpoint covers this yet");
    request->proven = VCH_ARENA_NEW(&request->arena, struct vch_request_proven, request->count);
    if (request->proven == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < request->count; i++)
        VCH_TRY(prove_one(store, request, i));
    return VCH_OK;
}

static vch_status serve(struct vch_store *store, struct vch_request *request)
{
    switch (request->kind) {
    case VCH_REQUEST_FOLLOW: return follow(store, request);
    case VCH_REQUEST_WATCH: return watch(store, request);
    case VCH_REQUEST_PROVE: return prove(store, request);
    case VCH_REQUEST_GET_BLOB:
        return vch_store_blob(store, &request->digest, &request->blob, &request->blob_size,
                              &request->arena, &request->job.complaint);
    case VCH_REQUEST_PUT_BLOB:
        return vch_store_put_blob(store, &request->digest, request->blob, request->blob_size,
                                  &request->job.complaint);
    case VCH_REQUEST_APPEND: break;
    }
    return VCH_FAIL(USAGE);
}

void vch_keeper_run(void *subject, struct vch_lane_job *job)
{
    struct vch_request *request = (struct vch_request *)job;
    bool reads_many = request->kind == VCH_REQUEST_PROVE || request->kind == VCH_REQUEST_WATCH;

    if (reads_many) job->status = vch_store_hold(subject, &job->complaint);
    if (vch_is_ok(job->status)) job->status = serve(subject, request);
    if (reads_many) vch_store_let_go(subject);
}
