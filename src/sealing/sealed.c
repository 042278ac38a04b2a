#include "sealing/sealed.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/keyfile.h"
#include "crypto/transcript.h"

static const char magic[] = "VOUCH-SEALED-MAN";

// Where fields lie: what is hashed is what is kept.
enum {
    VERSION = 1,
    AT_VERSION = 16,
    AT_MODEL = 24,
    AT_COUNTER = 56,
    AT_SIZE = 64,
    AT_COUNT = 72,
    AT_LICENCE = 80,
    AT_OWNER = 112,
    AT_KEY_CHECK = 144,
    AT_START = 176,
    AT_ROOT = 200,
    AT_SIGNATURE = 232,
};
_Static_assert(AT_SIGNATURE + VCH_SIGN_SIGNATURE_SIZE == VCH_SEALED_MANIFEST_SIZE, "the layout");
_Static_assert(AT_START + VCH_SEALED_START_SIZE == AT_ROOT, "the layout");
_Static_assert(VCH_SEALED_KEY_SIZE == VCH_KEYFILE_DATA_SIZE, "the key of a data key's file");
#define SIZE_MAX_ALL ((uint64_t)VCH_SEALED_CHUNKS_MAX * VCH_SEALED_CHUNK_SIZE)

uint64_t vch_sealed_chunk_count(const struct vch_sealed *sealed)
{
    return sealed->size / VCH_SEALED_CHUNK_SIZE + (sealed->size % VCH_SEALED_CHUNK_SIZE != 0);
}

size_t vch_sealed_chunk_size(const struct vch_sealed *sealed, uint64_t index)
{
    uint64_t left = sealed->size - index * VCH_SEALED_CHUNK_SIZE;

    return left < VCH_SEALED_CHUNK_SIZE ? (size_t)left : VCH_SEALED_CHUNK_SIZE;
}

uint64_t vch_sealed_file_offset(uint64_t index)
{
    return VCH_SEALED_MANIFEST_SIZE + index * (VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE);
}

uint64_t vch_sealed_file_size(const struct vch_sealed *sealed)
{
    return VCH_SEALED_MANIFEST_SIZE + sealed->size +
           vch_sealed_chunk_count(sealed) * VCH_SEALED_TAG_SIZE;
}

struct vch_digest vch_sealed_key_check(const uint8_t key[static VCH_SEALED_KEY_SIZE])
{
    return vch_keyfile_data_check(key);
}

void vch_sealed_encode(uint8_t out[static VCH_SEALED_MANIFEST_SIZE],
                       const struct vch_sealed *sealed)
{
    memcpy(out, magic, AT_VERSION);
    vch_put_u64le(out + AT_VERSION, VERSION);
    memcpy(out + AT_MODEL, sealed->model.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + AT_COUNTER, sealed->counter);
    vch_put_u64le(out + AT_SIZE, sealed->size);
    vch_put_u64le(out + AT_COUNT, vch_sealed_chunk_count(sealed));
    memcpy(out + AT_LICENCE, sealed->licence.bytes, VCH_DIGEST_SIZE);
    memcpy(out + AT_OWNER, sealed->owner.bytes, VCH_SIGN_PUBLIC_SIZE);
    memcpy(out + AT_KEY_CHECK, sealed->key_check.bytes, VCH_DIGEST_SIZE);
    memcpy(out + AT_START, sealed->start, VCH_SEALED_START_SIZE);
    memcpy(out + AT_ROOT, sealed->root.bytes, VCH_DIGEST_SIZE);
    memcpy(out + AT_SIGNATURE, sealed->signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
}

static struct vch_digest digest_until(const struct vch_sealed *sealed, const char *protocol,
                                      size_t size)
{
    uint8_t bytes[VCH_SEALED_MANIFEST_SIZE];
    struct vch_transcript transcript;

    vch_sealed_encode(bytes, sealed);
    vch_transcript_init(&transcript, protocol);
    vch_transcript_absorb(&transcript, "manifest", bytes, size);
    return vch_transcript_final(&transcript);
}

struct vch_digest vch_sealed_head(const struct vch_sealed *sealed)
{
    return digest_until(sealed, "vouch/sealed-head/v1", AT_ROOT);
}

struct vch_digest vch_sealed_digest(const struct vch_sealed *sealed)
{
    return digest_until(sealed, "vouch/sealed-manifest/v1", AT_SIGNATURE);
}

vch_status vch_sealed_sign(struct vch_sealed *sealed, const struct vch_secret_key *owner)
{
    if (sealed->size == 0 || sealed->size > SIZE_MAX_ALL || sealed->counter == 0)
        return VCH_FAIL(USAGE);
    sealed->owner = owner->public_key;
    struct vch_digest digest = vch_sealed_digest(sealed);
    vch_sign_digest(&sealed->signature, owner, &digest);
    return VCH_OK;
}

static void take(struct vch_sealed *out, const uint8_t *bytes)
{
    memcpy(out->model.bytes, bytes + AT_MODEL, VCH_DIGEST_SIZE);
    out->counter = vch_get_u64le(bytes + AT_COUNTER);
    out->size = vch_get_u64le(bytes + AT_SIZE);
    memcpy(out->licence.bytes, bytes + AT_LICENCE, VCH_DIGEST_SIZE);
    memcpy(out->owner.bytes, bytes + AT_OWNER, VCH_SIGN_PUBLIC_SIZE);
    memcpy(out->key_check.bytes, bytes + AT_KEY_CHECK, VCH_DIGEST_SIZE);
    memcpy(out->start, bytes + AT_START, VCH_SEALED_START_SIZE);
    memcpy(out->root.bytes, bytes + AT_ROOT, VCH_DIGEST_SIZE);
    memcpy(out->signature.bytes, bytes + AT_SIGNATURE, VCH_SIGN_SIGNATURE_SIZE);
}

vch_status vch_sealed_decode(struct vch_sealed *out, const void *bytes, size_t size,
                             struct vch_complaint *complaint)
{
    const uint8_t *at = bytes;

    if (size < VCH_SEALED_MANIFEST_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "a manifest of sealed weights has %d bytes, found %zu",
                            VCH_SEALED_MANIFEST_SIZE, size);
    if (size > VCH_SEALED_MANIFEST_SIZE || memcmp(at, magic, AT_VERSION) != 0 ||
        vch_get_u64le(at + AT_VERSION) != VERSION)
        return vch_complain(
            complaint, VCH_CODE_MALFORMED,
            "not a manifest of sealed weights of version %d: expected %d bytes that "
            "begin with %s, found %zu",
            VERSION, VCH_SEALED_MANIFEST_SIZE, magic, size);
    take(out, at);
    if (out->size > SIZE_MAX_ALL)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "sealed weights have at most %" PRIu64 " bytes, found %" PRIu64,
                            SIZE_MAX_ALL, out->size);
    if (out->size == 0 || out->counter == 0 ||
        vch_get_u64le(at + AT_COUNT) != vch_sealed_chunk_count(out))
        return vch_complain(
            complaint, VCH_CODE_MALFORMED,
            "a manifest of sealed weights has a counter, a size, and as many chunks "
            "as that size takes; found %" PRIu64 ", %" PRIu64 ", %" PRIu64,
            out->counter, out->size, vch_get_u64le(at + AT_COUNT));
    struct vch_digest digest = vch_sealed_digest(out);
    if (!vch_is_ok(vch_sign_verify(&out->owner, &digest, &out->signature)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the manifest of sealed weights is not signed by the owner it names: "
                            "get it from the owner again");
    return VCH_OK;
}

vch_status vch_sealed_check(const struct vch_sealed *sealed, const struct vch_digest *model,
                            const struct vch_public_key *owner, uint64_t counter,
                            struct vch_complaint *complaint)
{
    if (memcmp(sealed->owner.bytes, owner->bytes, sizeof owner->bytes) != 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the weights are sealed by another owner than the one of this model");
    if (!vch_hash_is_equal(&sealed->model, model))
        return vch_complain(complaint, VCH_CODE_REFUSED, "the sealed weights are of another model");
    if (sealed->counter < counter)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the sealed weights are release %" PRIu64 " of the model, and release "
                            "%" PRIu64 " was opened before: get that one or a newer one",
                            sealed->counter, counter);
    return VCH_OK;
}
