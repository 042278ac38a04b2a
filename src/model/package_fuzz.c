// Any bytes at all. The first says how they are taken:
//
//     0   the rest is a file
//     1   the rest is u32le manifest size, u16le holder size, manifest, holder, data: wrapped into
//         a file whose digests and signature are right, so that the checks behind them are reached
//     2   likewise, and the roots in the manifest are made to fit the data
//     3   likewise, and the manifest is compressed
//
// A file that is accepted must come back the same from everything that takes packages apart, and a
// small model in it must give the same bytes however it is run.
#include <string.h>
#include <zstd.h>

#include "base/bytes.h"
#include "harness/forge.h"
#include "harness/mutate_package.h"
#include "harness/ways.h"
#include "message/message.h"
#include "model/manifest.h"
#include "model/segment.h"

struct job {
    struct vch_arena arena;
    struct vch_secret_key owner;
};

static size_t parameter_size(const Vouch__Parameter *parameter, size_t most)
{
    size_t size =
        parameter->type >= 1 && parameter->type <= 4 ? (size_t)1 << (parameter->type - 1) : 0;

    for (size_t i = 0; parameter->shape != NULL && i < parameter->shape->n_dims; i++) {
        if (__builtin_mul_overflow(size, parameter->shape->dims[i], &size)) return 0;
        if (size > most) return 0;
    }
    return size;
}

static void repair_roots(Vouch__Manifest *manifest, const Vouch__Holder *holder,
                         const struct forgery *forgery, struct vch_arena *arena)
{
    size_t offset = 0;

    for (size_t i = 0; i < holder->n_parameters; i++) {
        const Vouch__HeldParameter *held = holder->parameters[i];
        if (held->index >= manifest->n_parameters || held->salt.len != VCH_PACKAGE_SALT_SIZE)
            return;
        Vouch__Parameter *parameter = manifest->parameters[held->index];
        size_t size = parameter_size(parameter, forgery->data_size);
        struct vch_salt salt;
        struct vch_digest root;
        offset = (size_t)vch_package_format_align(offset);
        if (offset > forgery->data_size || size > forgery->data_size - offset) return;
        memcpy(salt.bytes, held->salt.data, sizeof salt.bytes);
        if (vch_is_ok(vch_package_root(&root, &salt, forgery->data + offset, size, arena, NULL)) &&
            parameter->root.len == VCH_DIGEST_SIZE)
            memcpy(parameter->root.data, root.bytes, VCH_DIGEST_SIZE);
        offset += size;
    }
}

static void repair(struct forgery *forgery, struct vch_arena *arena)
{
    ProtobufCMessage *manifest = NULL, *holder = NULL;

    if (!vch_is_ok(vch_message_read(&manifest, &vouch__manifest__descriptor, forgery->manifest,
                                    forgery->manifest_size, arena)))
        return;
    if (!vch_is_ok(vch_message_read(&holder, &vouch__holder__descriptor, forgery->holder,
                                    forgery->holder_size, arena)))
        return;
    repair_roots((Vouch__Manifest *)(void *)manifest, (const Vouch__Holder *)(void *)holder,
                 forgery, arena);
    uint8_t *bytes = vch_arena_alloc(arena, protobuf_c_message_get_packed_size(manifest), 1);
    if (bytes == NULL) return;
    forgery->manifest_size = protobuf_c_message_pack(manifest, bytes);
    forgery->manifest = bytes;
}

// As a writer would: only where that makes it smaller.
static void compress(struct forgery *forgery, struct vch_arena *arena)
{
    size_t room = ZSTD_compressBound(forgery->manifest_size);
    uint8_t *stored = vch_arena_alloc(arena, room, 1);

    if (stored == NULL) return;
    size_t size = ZSTD_compress(stored, room, forgery->manifest, forgery->manifest_size, 1);
    if (ZSTD_isError(size) || size >= forgery->manifest_size) return;
    forgery->stored = stored;
    forgery->stored_size = size;
}

static uint8_t *wrap(size_t *size, const uint8_t *data, size_t data_size,
                     enum mutate_package_mode mode, struct job *job)
{
    struct forgery forgery = {.owner = &job->owner};

    if (data_size < MUTATE_PACKAGE_HEAD) return NULL;
    forgery.manifest_size = vch_get_u32le(data + 1);
    forgery.holder_size = (size_t)data[5] | (size_t)data[6] << 8;
    data_size -= MUTATE_PACKAGE_HEAD;
    if (forgery.manifest_size > data_size) return NULL;
    if (forgery.holder_size > data_size - forgery.manifest_size) return NULL;
    forgery.manifest = data + MUTATE_PACKAGE_HEAD;
    forgery.holder = forgery.manifest + forgery.manifest_size;
    forgery.data = forgery.holder + forgery.holder_size;
    forgery.data_size = data_size - forgery.manifest_size - forgery.holder_size;
    if (mode != MUTATE_PACKAGE_WRAPPED) repair(&forgery, &job->arena);
    if (mode == MUTATE_PACKAGE_COMPRESSED) compress(&forgery, &job->arena);
    return forge(size, &forgery, &job->arena);
}

static uint8_t *make_file(size_t *size, const uint8_t *data, size_t data_size, struct job *job)
{
    enum mutate_package_mode mode = (enum mutate_package_mode)(data[0] % MUTATE_PACKAGE_MODES);

    if (mode != MUTATE_PACKAGE_FILE) return wrap(size, data, data_size, mode, job);
    *size = data_size - 1;
    uint8_t *file = vch_arena_alloc(&job->arena, *size, 1); // aligned, as a map would be
    forge_copy(file, data + 1, *size);
    return file;
}

static void check_leaves(const struct vch_package *package, struct vch_arena *arena)
{
    struct vch_package_leaf leaf;

    for (uint32_t i = 0; i < package->graph->parameter_count; i++) {
        const struct vch_parameter *parameter = &package->graph->parameters[i];
        if (parameter->data == NULL) continue;
        uint64_t last = vch_package_leaf_count(parameter) - 1;
        VCH_ASSERT(vch_is_ok(vch_package_open_leaf(&leaf, package, i, last, arena, NULL)));
        VCH_ASSERT(vch_is_ok(vch_package_verify_leaf(parameter, &leaf)));
    }
}

// The manifest comes back from the graph, and the ranges held from extracting them.
static void check_laws(const struct vch_package *package, struct vch_arena *arena)
{
    struct vch_package_range *ranges =
        VCH_ARENA_NEW(arena, struct vch_package_range, package->graph->operator_count);
    struct vch_package again;
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t count = 0;

    VCH_ASSERT(vch_is_ok(vch_manifest_encode(&bytes, &size, package->graph, arena, NULL)));
    VCH_ASSERT(size == package->manifest_size && memcmp(bytes, package->manifest, size) == 0);
    check_leaves(package, arena);
    vch_package_ranges(ranges, &count, package);
    for (uint32_t i = 0; i < count && i < 4; i++) {
        VCH_ASSERT(vch_is_ok(vch_package_extract(&bytes, &size, package, ranges[i].first,
                                                 ranges[i].last, arena, NULL)));
        VCH_ASSERT(vch_is_ok(vch_package_decode(&again, bytes, size, arena, NULL, NULL)));
        VCH_ASSERT(vch_hash_is_equal(&again.identity, &package->identity));
        VCH_ASSERT(vch_is_ok(vch_package_merge(&again, package, arena, NULL)));
        VCH_ASSERT(vch_package_held_size(&again) == vch_package_held_size(package));
    }
}

static void check_run(const struct vch_package *package, size_t seed, struct vch_arena *arena)
{
    const struct vch_graph *graph = package->graph;

    if (vch_segment_is_held(graph, 0, graph->operator_count) && ways_is_cheap(graph))
        ways_compare(graph, seed, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {0x42};
    struct vch_package package;
    struct vch_complaint complaint = {{0}};
    struct job job;
    size_t file_size = 0;

    if (size == 0) return 0;
    vch_arena_init(&job.arena, (size_t)1 << 30);
    vch_sign_key(&job.owner, seed);
    const uint8_t *file = make_file(&file_size, data, size, &job);
    if (file != NULL) {
        size_t used = job.arena.used;
        vch_status status =
            vch_package_decode(&package, file, file_size, &job.arena, NULL, &complaint);
        VCH_ASSERT(job.arena.used - used <= vch_package_memory_max(file_size));
        VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
        if (vch_is_ok(status)) check_laws(&package, &job.arena);
        if (vch_is_ok(status)) check_run(&package, size, &job.arena);
    }
    vch_arena_release(&job.arena);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    return mutate_package(data, size, size_max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed)
{
    return mutate_package_cross(one, one_size, other, other_size, out, out_size_max, seed);
}
