#include <string.h>

#include "annex/annex.h"
#include "annex/annex_format.h"
#include "base/bytes.h"

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
    if (size > 0) memcpy(at, bytes, size);
    return at + size;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    vch_put_u32le(at, value);
    return at + 4;
}

static uint8_t *put_base(uint8_t *at, const struct vch_annex *annex)
{
    at = put(at, VCH_ANNEX_MAGIC, 8);
    at = put_u32(at, VCH_ANNEX_VERSION);
    at = put_u32(at, annex->log_columns);
    at = put_u32(at, annex->rows);
    at = put_u32(at, VCH_ANNEX_OPENINGS(annex->log_columns));
    at = put_u32(at, annex->epoch);
    at = put_u32(at, annex->parameter_count);
    at = put(at, annex->model.bytes, VCH_DIGEST_SIZE);
    for (uint32_t i = 0; i < annex->parameter_count; i++)
        at = put_u32(at, annex->parameters[i]);
    at = put(at, annex->root.bytes, VCH_DIGEST_SIZE);
    at = put_u32(at, (uint32_t)annex->ranges_size);
    return put(at, annex->ranges, annex->ranges_size);
}

vch_status vch_annex_encode(uint8_t **out, size_t *size, const struct vch_annex *annex,
                            const struct vch_secret_key *owner, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    if (annex->ranges_size > VCH_ANNEX_SIZE_MAX)
        return vch_annex_format_too_large(annex->ranges_size, complaint);
    *size = VCH_ANNEX_FIXED_SIZE + 4 * (size_t)annex->parameter_count + VCH_ANNEX_LINK_SIZE +
            annex->ranges_size + VCH_ANNEX_TAIL_SIZE;
    if (*size > VCH_ANNEX_SIZE_MAX) return vch_annex_format_too_large(*size, complaint);
    uint8_t *bytes = vch_arena_alloc(arena, *size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);

    uint8_t *at = put_base(bytes, annex);
    at = put(at, owner->public_key.bytes, VCH_SIGN_PUBLIC_SIZE);
    struct vch_digest digest = vch_annex_format_signed_digest(bytes, (size_t)(at - bytes));
    struct vch_signature signature;
    vch_sign_digest(&signature, owner, &digest);
    (void)put(at, signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
    *out = bytes;
    return VCH_OK;
}

vch_status vch_annex_extend(uint8_t **out, size_t *size, const uint8_t *annex, size_t annex_size,
                            const struct vch_annex_link *link, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    if (annex_size > VCH_ANNEX_SIZE_MAX || link->proof_size > VCH_ANNEX_SIZE_MAX - annex_size)
        return vch_annex_format_too_large(annex_size + link->proof_size, complaint);
    *size = annex_size + VCH_ANNEX_LINK_SIZE + link->proof_size;
    if (*size > VCH_ANNEX_SIZE_MAX) return vch_annex_format_too_large(*size, complaint);
    uint8_t *bytes = vch_arena_alloc(arena, *size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    uint8_t *at = put(bytes, annex, annex_size);
    at = put(at, link->root.bytes, VCH_DIGEST_SIZE);
    at = put_u32(at, (uint32_t)link->proof_size);
    (void)put(at, link->proof, link->proof_size);
    *out = bytes;
    return VCH_OK;
}
