#include <string.h>
#include <zstd.h>

#include "base/check.h"
#include "model/manifest.h"
#include "model/package.h"
#include "model/package_check.h"
#include "model/package_format.h"
#include "schema/model.pb-c.h"

enum { COMPRESSION_LEVEL = 9 };

// What goes into one file.
struct writing {
    const struct vch_package *package;
    const bool *is_kept; // per parameter
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

static vch_status no_memory(struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_NO_MEMORY, "not enough memory to write the package");
}

// The manifest as the file stores it: compressed where that is smaller and a reader would still
// follow; as it is otherwise.
static vch_status compress(const uint8_t **out, size_t *size, const struct writing *at)
{
    size_t raw_size = at->package->manifest_size, room = ZSTD_compressBound(raw_size);
    uint8_t *packed = vch_arena_alloc(at->arena, room, 1);

    if (packed == NULL) return no_memory(at->complaint);
    size_t packed_size =
        ZSTD_compress(packed, room, at->package->manifest, raw_size, COMPRESSION_LEVEL);
    bool is_worth_it = !ZSTD_isError(packed_size) && packed_size < raw_size &&
                       raw_size <= vch_package_format_manifest_size_max(packed_size);
    *out = is_worth_it ? packed : at->package->manifest;
    *size = is_worth_it ? packed_size : raw_size;
    return VCH_OK;
}

static vch_status make_holder(Vouch__Holder *out, const struct writing *at)
{
    const struct vch_package *package = at->package;
    uint32_t count = package->graph->parameter_count;
    Vouch__HeldParameter *held = VCH_ARENA_NEW(at->arena, Vouch__HeldParameter, count);

    vouch__holder__init(out);
    out->parameters = VCH_ARENA_NEW(at->arena, Vouch__HeldParameter *, count);
    if (held == NULL || out->parameters == NULL) return no_memory(at->complaint);
    for (uint32_t i = 0; i < count; i++) {
        if (!at->is_kept[i]) continue;
        vouch__held_parameter__init(&held[i]);
        held[i].index = i;
        held[i].salt = (ProtobufCBinaryData){VCH_PACKAGE_SALT_SIZE, package->salts[i].bytes};
        out->parameters[out->n_parameters++] = &held[i];
    }
    return VCH_OK;
}

// Adds up where each kept parameter goes; with `file`, also puts it there. Where the last one ends
// is the file's size.
static uint64_t place_data(uint8_t *file, uint64_t offset, const struct writing *at)
{
    const struct vch_graph *graph = at->package->graph;

    for (uint32_t i = 0; i < graph->parameter_count; i++) {
        if (!at->is_kept[i]) continue;
        size_t size = vch_package_format_parameter_size(&graph->parameters[i]);
        offset = vch_package_format_align(offset);
        if (file != NULL) memcpy(file + offset, graph->parameters[i].data, size);
        offset += size;
    }
    return offset;
}

static void pack_owner(uint8_t *out, const struct vch_package *package)
{
    struct vch_public_key key = package->owner;
    struct vch_signature signature = package->signature;
    Vouch__Owner owner;

    vouch__owner__init(&owner);
    owner.public_key = (ProtobufCBinaryData){sizeof key.bytes, key.bytes};
    owner.signature = (ProtobufCBinaryData){sizeof signature.bytes, signature.bytes};
    VCH_ASSERT(vouch__owner__pack(&owner, out) == VCH_PACKAGE_FORMAT_OWNER_SIZE);
}

static vch_status write_package(uint8_t **out, size_t *size, const struct writing *at)
{
    struct vch_package_format format = {.manifest_size = at->package->manifest_size};
    const uint8_t *stored = NULL;
    Vouch__Holder holder;

    VCH_TRY(compress(&stored, &format.stored_size, at));
    VCH_TRY(make_holder(&holder, at));
    format.holder_size = vouch__holder__get_packed_size(&holder);
    format.file_size = place_data(NULL, vch_package_format_data_offset(&format), at);

    uint8_t *file = vch_arena_alloc(at->arena, format.file_size, 1);
    if (file == NULL) return no_memory(at->complaint);
    memcpy(file + VCH_PACKAGE_FORMAT_HEADER_SIZE, stored, format.stored_size);
    (void)vouch__holder__pack(&holder, file + vch_package_format_holder_offset(&format));
    pack_owner(file + vch_package_format_owner_offset(&format), at->package);
    (void)place_data(file, vch_package_format_data_offset(&format), at);
    vch_package_format_write(file, &format);
    *out = file;
    *size = format.file_size;
    return VCH_OK;
}

static vch_status compute_roots(struct vch_graph *graph, const struct vch_salt *salts,
                                struct vch_arena *arena, struct vch_workers *workers,
                                struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < graph->parameter_count; i++) {
        struct vch_parameter *parameter = &graph->parameters[i];
        if (parameter->data == NULL)
            return vch_complain(complaint, VCH_CODE_USAGE, "parameter %u has no data to write", i);
        if (!vch_is_ok(vch_package_root(&parameter->root, &salts[i], parameter->data,
                                        vch_package_format_parameter_size(parameter), arena,
                                        workers)))
            return no_memory(complaint);
    }
    return VCH_OK;
}

vch_status vch_package_encode(uint8_t **out, size_t *size, struct vch_graph *graph,
                              const struct vch_salt *salts, const struct vch_secret_key *owner,
                              struct vch_arena *arena, struct vch_workers *workers,
                              struct vch_complaint *complaint)
{
    struct vch_package package = {.graph = graph, .owner = owner->public_key};
    uint8_t *manifest = NULL;

    VCH_TRY(vch_graph_check(graph, arena, complaint));
    VCH_TRY(compute_roots(graph, salts, arena, workers, complaint));
    VCH_TRY(vch_package_check_operators(graph, NULL, arena, complaint));
    VCH_TRY(vch_manifest_encode(&manifest, &package.manifest_size, graph, arena, complaint));
    package.manifest = manifest;
    package.identity = vch_package_identity(manifest, package.manifest_size);
    struct vch_digest digest = vch_package_signed_digest(&package.identity);
    vch_sign_digest(&package.signature, owner, &digest);

    bool *is_kept = VCH_ARENA_NEW(arena, bool, graph->parameter_count);
    package.salts = VCH_ARENA_NEW(arena, struct vch_salt, graph->parameter_count);
    if (is_kept == NULL || package.salts == NULL) return no_memory(complaint);
    for (uint32_t i = 0; i < graph->parameter_count; i++) {
        is_kept[i] = true;
        package.salts[i] = salts[i];
    }
    return write_package(out, size, &(struct writing){&package, is_kept, arena, complaint});
}

vch_status vch_package_extract(uint8_t **out, size_t *size, const struct vch_package *package,
                               uint32_t first, uint32_t last, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    const struct vch_graph *graph = package->graph;
    bool *is_kept = VCH_ARENA_NEW(arena, bool, graph->parameter_count);

    if (first > last || last > graph->operator_count)
        return vch_complain(complaint, VCH_CODE_USAGE, "[%u, %u) is not a range of %u operators",
                            first, last, graph->operator_count);
    if (is_kept == NULL) return no_memory(complaint);
    for (uint32_t i = first; i < last; i++)
        for (uint32_t j = 0; j < graph->operators[i].parameter_count; j++) {
            uint32_t parameter = graph->operators[i].parameters[j];
            if (graph->parameters[parameter].data == NULL)
                return vch_complain(complaint, VCH_CODE_USAGE,
                                    "the package does not hold the parameters of operator %u", i);
            is_kept[parameter] = true;
        }
    return write_package(out, size, &(struct writing){package, is_kept, arena, complaint});
}
