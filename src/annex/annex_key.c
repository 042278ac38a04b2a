#include "annex/annex_key.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

enum { VERSION = 1, SUM_AT = VCH_ANNEX_KEY_SIZE - VCH_DIGEST_SIZE };

// Finds damage, which would otherwise pass for a count.
static struct vch_digest sum_of(const uint8_t *bytes)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/annex-key/v1");
    vch_transcript_absorb(&transcript, "key", bytes, SUM_AT);
    return vch_transcript_final(&transcript);
}

void vch_annex_key_encode(uint8_t out[static VCH_ANNEX_KEY_SIZE], const struct vch_annex_key *key)
{
    memcpy(out, VCH_ANNEX_KEY_MAGIC, 8);
    vch_put_u32le(out + 8, VERSION);
    vch_put_u32le(out + 12, key->epoch);
    vch_put_u32le(out + 16, key->used);
    vch_put_u32le(out + 20, key->openings);
    memcpy(out + 24, key->model.bytes, VCH_DIGEST_SIZE);
    memcpy(out + 56, key->seed, VCH_ANNEX_SEED_SIZE);
    struct vch_digest sum = sum_of(out);
    memcpy(out + SUM_AT, sum.bytes, VCH_DIGEST_SIZE);
}

static vch_status check(const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    if (size < VCH_ANNEX_KEY_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "an annex's key has %d bytes; this file has %zu", VCH_ANNEX_KEY_SIZE,
                            size);
    if (memcmp(bytes, VCH_ANNEX_KEY_MAGIC, 8) != 0 || size > VCH_ANNEX_KEY_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "this is no annex's key");
    if (vch_get_u32le(bytes + 8) != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the annex's key has version %u; this program reads version %d",
                            vch_get_u32le(bytes + 8), VERSION);
    struct vch_digest sum = sum_of(bytes);
    if (!vch_is_equal(sum.bytes, bytes + SUM_AT, VCH_DIGEST_SIZE) ||
        vch_get_u32le(bytes + 16) > vch_get_u32le(bytes + 20))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the annex's key is damaged, and with it the count of what was opened: "
                            "make a new annex");
    return VCH_OK;
}

vch_status vch_annex_key_decode(struct vch_annex_key *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint)
{
    VCH_TRY(check(bytes, size, complaint));
    out->epoch = vch_get_u32le(bytes + 12);
    out->used = vch_get_u32le(bytes + 16);
    out->openings = vch_get_u32le(bytes + 20);
    memcpy(out->model.bytes, bytes + 24, VCH_DIGEST_SIZE);
    memcpy(out->seed, bytes + 56, VCH_ANNEX_SEED_SIZE);
    return VCH_OK;
}

uint32_t vch_annex_key_left(const struct vch_annex_key *key)
{
    return key->used + 1 < key->openings ? key->openings - 1 - key->used : 0;
}

vch_status vch_annex_key_take(struct vch_annex_key *key, struct vch_complaint *complaint)
{
    if (vch_annex_key_left(key) == 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%u of the %u openings of this annex's root are used, and the last is "
                            "for its successor; one more proof could show weights: run `vouch "
                            "annex M.vouch --rotate` first",
                            key->used, key->openings);
    key->used++;
    return VCH_OK;
}

void vch_annex_key_next(struct vch_annex_key *out, const struct vch_annex_key *key, uint32_t used)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/annex-seed/v1");
    vch_transcript_absorb(&transcript, "before", key->seed, sizeof key->seed);
    struct vch_digest next = vch_transcript_final(&transcript);
    *out = *key;
    out->epoch = key->epoch + 1;
    out->used = used;
    memcpy(out->seed, next.bytes, sizeof out->seed);
    vch_wipe(&next, sizeof next);
}
