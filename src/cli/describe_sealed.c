#include "cli/describe_sealed.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/keyfile.h"
#include "crypto/merkle.h"
#include "sealing/chunks.h"

static const char sealed_magic[] = "VOUCH-SEALED-MAN", key_magic[] = "VOUCHDAT";

static bool starts_with(const uint8_t *bytes, size_t size, const char *magic)
{
    return size >= strlen(magic) && memcmp(bytes, magic, strlen(magic)) == 0;
}

static vch_status check_chunks(const struct vch_sealed *sealed, struct vch_tool *tool,
                               const uint8_t *bytes, size_t size)
{
    size_t count = (size_t)vch_sealed_chunk_count(sealed);
    struct vch_digest *digests = VCH_ARENA_NEW(&tool->arena, struct vch_digest, count);

    if (size != vch_sealed_file_size(sealed))
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "sealed weights of %zu bytes, where their manifest says %" PRIu64, size,
                            vch_sealed_file_size(sealed));
    if (digests == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint64_t i = 0; i < count; i++)
        digests[i] = vch_chunks_digest(bytes + vch_sealed_file_offset(i),
                                       vch_sealed_chunk_size(sealed, i) + VCH_SEALED_TAG_SIZE);
    const struct vch_digest root = vch_merkle_root_in_place(digests, count);
    if (vch_hash_is_equal(&root, &sealed->root)) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_BAD_PROOF,
                        "the sealed chunks are not those that the owner signed: get them from "
                        "elsewhere");
}

static vch_status describe_weights(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                                   size_t size)
{
    size_t head = size < VCH_SEALED_MANIFEST_SIZE ? size : VCH_SEALED_MANIFEST_SIZE;
    struct vch_sealed sealed;

    VCH_TRY(vch_sealed_decode(&sealed, bytes, head, &tool->complaint));
    VCH_TRY(check_chunks(&sealed, tool, bytes, size));
    const struct vch_digest digest = vch_sealed_digest(&sealed);
    bool has_licence = !vch_is_zero(sealed.licence.bytes, VCH_DIGEST_SIZE);
    *out = json_pack(
        "{s:s, s:o, s:I, s:o, s:o, s:I, s:I, s:o, s:o}", "kind", "sealed weights", "model",
        vch_tool_json_hex(sealed.model.bytes, VCH_DIGEST_SIZE), "release",
        (json_int_t)sealed.counter, "owner",
        vch_tool_json_hex(sealed.owner.bytes, VCH_SIGN_PUBLIC_SIZE), "manifest",
        vch_tool_json_hex(digest.bytes, VCH_DIGEST_SIZE), "size", (json_int_t)sealed.size, "chunks",
        (json_int_t)vch_sealed_chunk_count(&sealed), "data_key",
        vch_tool_json_hex(sealed.key_check.bytes, VCH_DIGEST_SIZE), "licence",
        has_licence ? vch_tool_json_hex(sealed.licence.bytes, VCH_DIGEST_SIZE) : json_null());
    return VCH_OK;
}

static vch_status describe_key(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                               size_t size)
{
    struct vch_digest check;

    VCH_TRY(vch_keyfile_public_data(&check, bytes, size, &tool->complaint));
    *out = json_pack("{s:s, s:o}", "kind", "sealed data key", "data_key",
                     vch_tool_json_hex(check.bytes, VCH_DIGEST_SIZE));
    return VCH_OK;
}

vch_status vch_describe_sealed(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                               size_t size)
{
    if (starts_with(bytes, size, sealed_magic)) return describe_weights(out, tool, bytes, size);
    if (starts_with(bytes, size, key_magic)) return describe_key(out, tool, bytes, size);
    return VCH_OK;
}
