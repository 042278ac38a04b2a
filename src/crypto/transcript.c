#include "crypto/transcript.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

static void absorb_name(struct vch_transcript *transcript, const char *name)
{
    size_t size = strlen(name);
    uint8_t prefix = (uint8_t)size;

    VCH_ASSERT(size > 0);
    VCH_ASSERT(size <= UINT8_MAX);
    vch_hash_update(&transcript->hash, &prefix, 1);
    vch_hash_update(&transcript->hash, name, size);
}

void vch_transcript_init(struct vch_transcript *transcript, const char *protocol)
{
    vch_hash_init(&transcript->hash);
    absorb_name(transcript, protocol);
}

void vch_transcript_absorb(struct vch_transcript *transcript, const char *label, const void *bytes,
                           size_t size)
{
    uint8_t prefix[8];

    absorb_name(transcript, label);
    vch_put_u64le(prefix, size);
    vch_hash_update(&transcript->hash, prefix, sizeof prefix);
    vch_hash_update(&transcript->hash, bytes, size);
}

void vch_transcript_absorb_u64(struct vch_transcript *transcript, const char *label, uint64_t value)
{
    uint8_t bytes[8];

    vch_put_u64le(bytes, value);
    vch_transcript_absorb(transcript, label, bytes, sizeof bytes);
}

void vch_transcript_absorb_digest(struct vch_transcript *transcript, const char *label,
                                  const struct vch_digest *digest)
{
    vch_transcript_absorb(transcript, label, digest->bytes, sizeof digest->bytes);
}

struct vch_digest vch_transcript_final(struct vch_transcript *transcript)
{
    return vch_hash_final(&transcript->hash);
}
