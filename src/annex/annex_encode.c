#include <string.h>

#include "annex/annex.h"
#include "annex/annex_format.h"
#include "base/bytes.h"

static uint8_t *put_base(uint8_t *at, const struct vch_annex *annex)
{
    at = vch_put_bytes(at, VCH_ANNEX_MAGIC, 8);
    at = vch_put_u32le(at, VCH_ANNEX_VERSION);
    at = vch_put_u32le(at, annex->log_columns);
    at = vch_put_u32le(at, annex->rows);
    at = vch_put_u32le(at, VCH_ANNEX_OPENINGS(annex->log_columns));
    at = vch_put_u32le(at, annex->epoch);
    at = vch_put_u32le(at, annex->parameter_count);
    at = vch_put_bytes(at, annex->model.bytes, VCH_DIGEST_SIZE);
    for (uint32_t i = 0; i < annex->parameter_count; i++)
        at = vch_put_u32le(at, annex->parameters[i]);
    at = vch_put_bytes(at, annex->root.bytes, VCH_DIGEST_SIZE);
    at = vch_put_u32le(at, (uint32_t)annex->ranges_size);
    return vch_put_bytes(at, annex->ranges, annex->ranges_size);
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
    at = vch_put_bytes(at, owner->public_key.bytes, VCH_SIGN_PUBLIC_SIZE);
    struct vch_digest digest = vch_annex_format_signed_digest(bytes, (size_t)(at - bytes));
    struct vch_signature signature;
    vch_sign_digest(&signature, owner, &digest);
    (void)vch_put_bytes(at, signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
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
    uint8_t *at = vch_put_bytes(bytes, annex, annex_size);
    at = vch_put_bytes(at, link->root.bytes, VCH_DIGEST_SIZE);
    at = vch_put_u32le(at, (uint32_t)link->proof_size);
    (void)vch_put_bytes(at, link->proof, link->proof_size);
    *out = bytes;
    return VCH_OK;
}
