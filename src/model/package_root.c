#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"
#include "model/package.h"
#include "model/package_format.h"

enum { TASK_CHUNKS = 64 }; // 256 KiB of weights a task

static uint64_t chunk_count(size_t size)
{
    return size / VCH_PACKAGE_CHUNK_SIZE + (size % VCH_PACKAGE_CHUNK_SIZE != 0);
}

static struct vch_salt leaf_salt(const struct vch_salt *salt, uint64_t index)
{
    struct vch_transcript transcript;
    struct vch_salt out;

    vch_transcript_init(&transcript, "vouch/leaf-salt/v1");
    vch_transcript_absorb(&transcript, "salt", salt->bytes, sizeof salt->bytes);
    vch_transcript_absorb_u64(&transcript, "index", index);
    struct vch_digest digest = vch_transcript_final(&transcript);
    memcpy(out.bytes, digest.bytes, sizeof out.bytes);
    return out;
}

// `chunk` has at most VCH_PACKAGE_CHUNK_SIZE bytes.
static struct vch_digest leaf_digest(const struct vch_salt *salt, const uint8_t *chunk, size_t size)
{
    uint8_t leaf[VCH_PACKAGE_SALT_SIZE + VCH_PACKAGE_CHUNK_SIZE];

    memcpy(leaf, salt->bytes, VCH_PACKAGE_SALT_SIZE);
    memcpy(leaf + VCH_PACKAGE_SALT_SIZE, chunk, size);
    return vch_merkle_leaf(leaf, VCH_PACKAGE_SALT_SIZE + size);
}

struct hashing {
    const struct vch_salt *salt;
    const uint8_t *data;
    size_t size;
    uint64_t count; // of chunks
    struct vch_digest *leaves;
};

static size_t chunk_size(size_t size, uint64_t index)
{
    size_t left = size - index * VCH_PACKAGE_CHUNK_SIZE;
    return left < VCH_PACKAGE_CHUNK_SIZE ? left : VCH_PACKAGE_CHUNK_SIZE;
}

static void hash_chunks(void *context, size_t task)
{
    const struct hashing *hashing = context;
    uint64_t first = (uint64_t)task * TASK_CHUNKS;
    uint64_t last = first + TASK_CHUNKS < hashing->count ? first + TASK_CHUNKS : hashing->count;

    for (uint64_t i = first; i < last; i++) {
        struct vch_salt salt = leaf_salt(hashing->salt, i);
        hashing->leaves[i] = leaf_digest(&salt, hashing->data + i * VCH_PACKAGE_CHUNK_SIZE,
                                         chunk_size(hashing->size, i));
    }
}

static vch_status hash_leaves(struct hashing *hashing, struct vch_arena *scratch,
                              struct vch_workers *workers)
{
    hashing->count = chunk_count(hashing->size);
    hashing->leaves = VCH_ARENA_NEW(scratch, struct vch_digest, hashing->count);
    if (hashing->leaves == NULL) return VCH_FAIL(NO_MEMORY);
    vch_workers_run(workers, hash_chunks, hashing,
                    (size_t)((hashing->count + TASK_CHUNKS - 1) / TASK_CHUNKS));
    return VCH_OK;
}

vch_status vch_package_root(struct vch_digest *out, const struct vch_salt *salt, const void *data,
                            size_t size, struct vch_arena *scratch, struct vch_workers *workers)
{
    struct hashing hashing = {.salt = salt, .data = data, .size = size};
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status = hash_leaves(&hashing, scratch, workers);

    if (vch_is_ok(status)) *out = vch_merkle_root_in_place(hashing.leaves, (size_t)hashing.count);
    vch_arena_rewind(scratch, mark);
    return status;
}

uint64_t vch_package_leaf_count(const struct vch_parameter *parameter)
{
    return chunk_count(vch_package_format_parameter_size(parameter));
}

vch_status vch_package_open_leaf(struct vch_package_leaf *out, const struct vch_package *package,
                                 uint32_t parameter, uint64_t index, struct vch_arena *scratch,
                                 struct vch_workers *workers)
{
    if (parameter >= package->graph->parameter_count) return VCH_FAIL(USAGE);
    const struct vch_parameter *held = &package->graph->parameters[parameter];
    const struct vch_salt *salt = &package->salts[parameter];
    if (held->data == NULL || index >= vch_package_leaf_count(held)) return VCH_FAIL(USAGE);

    struct hashing hashing = {
        .salt = salt, .data = held->data, .size = vch_package_format_parameter_size(held)};
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status = hash_leaves(&hashing, scratch, workers);
    if (vch_is_ok(status)) {
        *out = (struct vch_package_leaf){
            .index = index,
            .salt = leaf_salt(salt, index),
            .chunk = hashing.data + index * VCH_PACKAGE_CHUNK_SIZE,
            .chunk_size = chunk_size(hashing.size, index),
            .path_count = vch_merkle_path_count((size_t)index, (size_t)hashing.count),
        };
        vch_merkle_open(out->path, hashing.leaves, (size_t)hashing.count, (size_t)index);
    }
    vch_arena_rewind(scratch, mark);
    return status;
}

vch_status vch_package_verify_leaf(const struct vch_parameter *parameter,
                                   const struct vch_package_leaf *leaf)
{
    size_t size = vch_package_format_parameter_size(parameter);
    uint64_t count = chunk_count(size);

    if (leaf->index >= count || leaf->path_count > VCH_MERKLE_DEPTH_MAX) return VCH_FAIL(BAD_PROOF);
    if (leaf->chunk_size != chunk_size(size, leaf->index)) return VCH_FAIL(BAD_PROOF);
    struct vch_digest digest = leaf_digest(&leaf->salt, leaf->chunk, leaf->chunk_size);
    return vch_merkle_verify(&parameter->root, &digest, (size_t)leaf->index, (size_t)count,
                             leaf->path, leaf->path_count);
}

struct vch_digest vch_package_identity(const uint8_t *manifest, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/model/v1");
    vch_transcript_absorb(&transcript, "manifest", manifest, size);
    return vch_transcript_final(&transcript);
}

struct vch_digest vch_package_signed_digest(const struct vch_digest *identity)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/model-owner/v1");
    vch_transcript_absorb_digest(&transcript, "identity", identity);
    return vch_transcript_final(&transcript);
}
