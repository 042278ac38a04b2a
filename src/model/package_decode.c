#include <string.h>
#include <zstd.h>

#include "base/bytes.h"
#include "message/message.h"
#include "model/manifest.h"
#include "model/package.h"
#include "model/package_check.h"
#include "model/package_format.h"
#include "schema/model.pb-c.h"

struct decoder {
    const uint8_t *file;
    struct vch_package_format format;
    struct vch_package *package;
    struct vch_arena *arena;
    struct vch_workers *workers;
    struct vch_complaint *complaint;
};

static vch_status no_memory(const struct decoder *at)
{
    return vch_complain(at->complaint, VCH_CODE_NO_MEMORY, "not enough memory to open the package");
}

// One frame, nothing behind it, of exactly the size that the header promised and was held to.
static vch_status decompress(const struct decoder *at, const uint8_t *stored)
{
    size_t stored_size = at->format.stored_size, size = at->format.manifest_size;

    if (ZSTD_getFrameContentSize(stored, stored_size) != size ||
        ZSTD_findFrameCompressedSize(stored, stored_size) != stored_size)
        return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                            "the manifest is not one zstd frame of %zu bytes", size);
    uint8_t *manifest = vch_arena_alloc(at->arena, size, 1);
    if (manifest == NULL) return no_memory(at);
    if (ZSTD_decompress(manifest, size, stored, stored_size) != size)
        return vch_complain(at->complaint, VCH_CODE_MALFORMED, "the manifest does not decompress");
    at->package->manifest = manifest;
    return VCH_OK;
}

static vch_status read_manifest(const struct decoder *at)
{
    const uint8_t *stored = at->file + VCH_PACKAGE_FORMAT_HEADER_SIZE;

    at->package->manifest = stored;
    at->package->manifest_size = at->format.manifest_size;
    if (at->format.stored_size != at->format.manifest_size) VCH_TRY(decompress(at, stored));
    at->package->identity = vch_package_identity(at->package->manifest, at->package->manifest_size);
    return VCH_OK;
}

// Both fields are of fixed size, so that the canonical message is four constants and two values.
static vch_status read_owner(const struct decoder *at)
{
    const uint8_t *owner = at->file + vch_package_format_owner_offset(&at->format);
    static const uint8_t key_tag[] = {1 << 3 | 2, VCH_SIGN_PUBLIC_SIZE};
    static const uint8_t signature_tag[] = {2 << 3 | 2, VCH_SIGN_SIGNATURE_SIZE};

    if (memcmp(owner, key_tag, 2) != 0 || memcmp(owner + 34, signature_tag, 2) != 0)
        return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                            "the owner section is not a key and a signature");
    memcpy(at->package->owner.bytes, owner + 2, VCH_SIGN_PUBLIC_SIZE);
    memcpy(at->package->signature.bytes, owner + 36, VCH_SIGN_SIGNATURE_SIZE);

    struct vch_digest digest = vch_package_signed_digest(&at->package->identity);
    if (!vch_is_ok(vch_sign_verify(&at->package->owner, &digest, &at->package->signature)))
        return vch_complain(at->complaint, VCH_CODE_BAD_PROOF,
                            "the owner's signature does not verify: the model was altered, or "
                            "signed by somebody else");
    return VCH_OK;
}

static vch_status unpack_holder(Vouch__Holder **out, const struct decoder *at)
{
    const uint8_t *bytes = at->file + vch_package_format_holder_offset(&at->format);
    ProtobufCMessage *message = NULL;
    vch_status status = vch_message_read(&message, &vouch__holder__descriptor, bytes,
                                         at->format.holder_size, at->arena);

    if (status.code == VCH_CODE_LIMIT) return no_memory(at);
    if (vch_is_ok(status))
        status = vch_message_check_canonical(message, bytes, at->format.holder_size);
    if (!vch_is_ok(status))
        return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                            "the holder section is not in canonical form");
    *out = (Vouch__Holder *)(void *)message;
    return VCH_OK;
}

// The one place where the next parameter may lie; what is skipped must be zero.
static vch_status place(struct vch_parameter *parameter, uint64_t *offset, const struct decoder *at)
{
    uint64_t start = vch_package_format_align(*offset);
    uint64_t size = vch_package_format_parameter_size(parameter);

    if (start > at->format.file_size || size > at->format.file_size - start)
        return vch_complain(at->complaint, VCH_CODE_TRUNCATED,
                            "the parameters listed do not fit in the file's %llu bytes",
                            (unsigned long long)at->format.file_size);
    if (!vch_is_zero(at->file + *offset, start - *offset))
        return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                            "the gap before byte %llu is not zero", (unsigned long long)start);
    parameter->data = at->file + start;
    *offset = start + size;
    return VCH_OK;
}

static vch_status read_holder(const struct decoder *at, const Vouch__Holder *holder)
{
    struct vch_package *package = at->package;
    uint64_t offset = vch_package_format_owner_offset(&at->format) + VCH_PACKAGE_FORMAT_OWNER_SIZE;
    uint64_t data_offset = vch_package_format_data_offset(&at->format);

    if (!vch_is_zero(at->file + offset, data_offset - offset))
        return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                            "the gap before the data is not zero");
    offset = data_offset;
    for (size_t i = 0; i < holder->n_parameters; i++) {
        const Vouch__HeldParameter *held = holder->parameters[i];
        if (held->index >= package->graph->parameter_count ||
            held->salt.len != VCH_PACKAGE_SALT_SIZE)
            return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                                "the holder lists a parameter %u that the model does not have, or "
                                "without its salt",
                                held->index);
        if (i > 0 && held->index <= holder->parameters[i - 1]->index)
            return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                                "the holder lists parameter %u twice or out of order", held->index);
        memcpy(package->salts[held->index].bytes, held->salt.data, VCH_PACKAGE_SALT_SIZE);
        VCH_TRY(place(&package->graph->parameters[held->index], &offset, at));
    }
    if (offset != at->format.file_size)
        return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                            "%llu bytes follow the last parameter",
                            (unsigned long long)(at->format.file_size - offset));
    return VCH_OK;
}

static vch_status check_roots(const struct decoder *at)
{
    const struct vch_package *package = at->package;

    for (uint32_t i = 0; i < package->graph->parameter_count; i++) {
        const struct vch_parameter *parameter = &package->graph->parameters[i];
        struct vch_digest root;
        if (parameter->data == NULL) continue;
        if (!vch_is_ok(vch_package_root(&root, &package->salts[i], parameter->data,
                                        vch_package_format_parameter_size(parameter), at->arena,
                                        at->workers)))
            return no_memory(at);
        if (!vch_hash_is_equal(&root, &parameter->root))
            return vch_complain(at->complaint, VCH_CODE_BAD_PROOF,
                                "parameter %u is not the one that the model's owner signed", i);
    }
    return VCH_OK;
}

static vch_status decode(const struct decoder *at)
{
    struct vch_package *package = at->package;
    Vouch__Holder *holder = NULL;

    VCH_TRY(read_manifest(at));
    VCH_TRY(read_owner(at));
    VCH_TRY(vch_manifest_decode(&package->graph, package->manifest, package->manifest_size,
                                at->arena, at->complaint));
    package->salts = VCH_ARENA_NEW(at->arena, struct vch_salt, package->graph->parameter_count);
    if (package->salts == NULL) return no_memory(at);
    VCH_TRY(unpack_holder(&holder, at));
    VCH_TRY(read_holder(at, holder));
    VCH_TRY(check_roots(at));
    return vch_package_check_operators(package->graph, NULL, at->arena, at->complaint);
}

size_t vch_package_memory_max(size_t size)
{
    size_t manifest_max = vch_package_format_manifest_size_max(size);

    if (manifest_max > VCH_MANIFEST_SIZE_MAX) manifest_max = VCH_MANIFEST_SIZE_MAX;
    // The manifest, its graph, a salt for each parameter, and 64 bytes for each byte of the file:
    // the holder section, the leaves of one root, the walk through one operator's trees.
    return manifest_max + vch_manifest_memory_max(manifest_max) +
           sizeof(struct vch_salt) * VCH_GRAPH_PARAMETERS_MAX + (1u << 20) + 64 * size;
}

vch_status vch_package_decode(struct vch_package *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_workers *workers,
                              struct vch_complaint *complaint)
{
    struct decoder at = {bytes, {0}, out, arena, workers, complaint};
    size_t limit = arena->limit;

    *out = (struct vch_package){0};
    if ((uintptr_t)bytes % VCH_PACKAGE_FORMAT_ALIGNMENT != 0)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "a package must be opened at an address of "
                            "64 bytes, as a memory map has");
    VCH_TRY(vch_package_format_read(&at.format, bytes, size, complaint));
    if (limit - arena->used > vch_package_memory_max(size))
        arena->limit = arena->used + vch_package_memory_max(size);
    vch_status status = decode(&at);
    arena->limit = limit;
    if (!vch_is_ok(status)) *out = (struct vch_package){0}; // nothing that failed is ever used
    return status;
}
