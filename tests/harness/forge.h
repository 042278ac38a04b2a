// Packages with anything in them and every digest and signature right, as an adversary would make
// them: for lies that only the deeper checks can catch, and for fuzzing.
#pragma once

#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "model/package.h"
#include "model/package_format.h"
#include "schema/model.pb-c.h"

struct forgery {
    const uint8_t *manifest, *holder, *data;
    size_t manifest_size, holder_size, data_size;
    const uint8_t *stored; // of the manifest section; NULL stores the manifest as it is
    size_t stored_size;
    const struct vch_secret_key *owner;
};

static inline void forge_copy(uint8_t *out, const uint8_t *bytes, size_t size)
{
    if (size > 0) memcpy(out, bytes, size);
}

static inline void forge_owner(uint8_t *out, const struct forgery *forgery)
{
    struct vch_digest identity = vch_package_identity(forgery->manifest, forgery->manifest_size);
    struct vch_digest digest = vch_package_signed_digest(&identity);
    struct vch_public_key key = forgery->owner->public_key;
    struct vch_signature signature;
    Vouch__Owner owner;

    vch_sign_digest(&signature, forgery->owner, &digest);
    vouch__owner__init(&owner);
    owner.public_key = (ProtobufCBinaryData){sizeof key.bytes, key.bytes};
    owner.signature = (ProtobufCBinaryData){sizeof signature.bytes, signature.bytes};
    VCH_ASSERT(vouch__owner__pack(&owner, out) == VCH_PACKAGE_FORMAT_OWNER_SIZE);
}

// The file, in the arena.
static inline uint8_t *forge(size_t *size, const struct forgery *forgery, struct vch_arena *arena)
{
    const uint8_t *stored = forgery->stored ? forgery->stored : forgery->manifest;
    struct vch_package_format format = {
        .stored_size = forgery->stored ? forgery->stored_size : forgery->manifest_size,
        .manifest_size = forgery->manifest_size,
        .holder_size = forgery->holder_size,
    };
    size_t data_offset = vch_package_format_data_offset(&format);

    format.file_size = *size = data_offset + forgery->data_size;
    uint8_t *file = vch_arena_alloc(arena, *size, 1);
    VCH_ASSERT(file != NULL);
    forge_copy(file + VCH_PACKAGE_FORMAT_HEADER_SIZE, stored, format.stored_size);
    forge_copy(file + vch_package_format_holder_offset(&format), forgery->holder,
               forgery->holder_size);
    forge_owner(file + vch_package_format_owner_offset(&format), forgery);
    forge_copy(file + data_offset, forgery->data, forgery->data_size);
    vch_package_format_write(file, &format);
    return file;
}
