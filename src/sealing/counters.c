#include "sealing/counters.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

static const char magic[] = "VOUCH-SEALED-CNT";

enum {
    VERSION = 1,
    AT_VERSION = 16,
    AT_COUNT = 24,
    AT_ALL = 32,
    ONE = VCH_SIGN_PUBLIC_SIZE + VCH_DIGEST_SIZE + 8,
    SIZE_MIN = AT_ALL + VCH_DIGEST_SIZE,
};
_Static_assert(SIZE_MIN + (int)VCH_COUNTERS_MAX * ONE == VCH_COUNTERS_SIZE_MAX, "the layout");

static int compare(const struct vch_counters_one *one, const struct vch_public_key *owner,
                   const struct vch_digest *model)
{
    int order = memcmp(one->owner.bytes, owner->bytes, sizeof owner->bytes);

    return order != 0 ? order : memcmp(one->model.bytes, model->bytes, sizeof model->bytes);
}

// Where it is, or where it would be put.
static uint32_t place_of(const struct vch_counters *counters, const struct vch_public_key *owner,
                         const struct vch_digest *model)
{
    uint32_t place = 0;

    while (place < counters->count && compare(&counters->all[place], owner, model) < 0)
        place++;
    return place;
}

static bool is_at(const struct vch_counters *counters, uint32_t place,
                  const struct vch_public_key *owner, const struct vch_digest *model)
{
    return place < counters->count && compare(&counters->all[place], owner, model) == 0;
}

uint64_t vch_counters_find(const struct vch_counters *counters, const struct vch_public_key *owner,
                           const struct vch_digest *model)
{
    uint32_t place = place_of(counters, owner, model);

    return is_at(counters, place, owner, model) ? counters->all[place].counter : 0;
}

vch_status vch_counters_raise(struct vch_counters *counters, const struct vch_sealed *sealed,
                              struct vch_complaint *complaint)
{
    uint32_t place = place_of(counters, &sealed->owner, &sealed->model);
    struct vch_counters_one *one = &counters->all[place];

    if (is_at(counters, place, &sealed->owner, &sealed->model)) {
        if (sealed->counter > one->counter) one->counter = sealed->counter;
        return VCH_OK;
    }
    if (counters->count == VCH_COUNTERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "releases of %u models are remembered already: name another file",
                            VCH_COUNTERS_MAX);
    memmove(one + 1, one, (counters->count - place) * sizeof *one);
    *one = (struct vch_counters_one){sealed->owner, sealed->model, sealed->counter};
    counters->count++;
    return VCH_OK;
}

static struct vch_digest digest_of(const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/sealed-counters/v1");
    vch_transcript_absorb(&transcript, "counters", bytes, size);
    return vch_transcript_final(&transcript);
}

size_t vch_counters_encode(uint8_t out[static VCH_COUNTERS_SIZE_MAX],
                           const struct vch_counters *counters)
{
    uint8_t *at = out + AT_ALL;

    memcpy(out, magic, AT_VERSION);
    vch_put_u64le(out + AT_VERSION, VERSION);
    vch_put_u64le(out + AT_COUNT, counters->count);
    for (uint32_t i = 0; i < counters->count; i++, at += ONE) {
        const struct vch_counters_one *one = &counters->all[i];
        memcpy(at, one->owner.bytes, VCH_SIGN_PUBLIC_SIZE);
        memcpy(at + VCH_SIGN_PUBLIC_SIZE, one->model.bytes, VCH_DIGEST_SIZE);
        vch_put_u64le(at + ONE - 8, one->counter);
    }
    const struct vch_digest digest = digest_of(out, (size_t)(at - out));
    memcpy(at, digest.bytes, VCH_DIGEST_SIZE);
    return (size_t)(at - out) + VCH_DIGEST_SIZE;
}

static vch_status check_form(const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    if (size < SIZE_MIN)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "a file of opened releases has at least %d bytes, found %zu", SIZE_MIN,
                            size);
    uint64_t count = vch_get_u64le(bytes + AT_COUNT);
    if (memcmp(bytes, magic, AT_VERSION) != 0 || vch_get_u64le(bytes + AT_VERSION) != VERSION ||
        count > VCH_COUNTERS_MAX || size != SIZE_MIN + (size_t)count * ONE)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not a file of opened releases of version %d: expected one that begins "
                            "with %s and has room for what it counts, found %zu bytes",
                            VERSION, magic, size);
    const struct vch_digest digest = digest_of(bytes, size - VCH_DIGEST_SIZE);
    if (vch_is_equal(digest.bytes, bytes + size - VCH_DIGEST_SIZE, VCH_DIGEST_SIZE)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the file of opened releases was altered: restore it from a copy");
}

vch_status vch_counters_decode(struct vch_counters *out, const void *bytes, size_t size,
                               struct vch_complaint *complaint)
{
    const uint8_t *at = bytes;

    VCH_TRY(check_form(at, size, complaint));
    out->count = (uint32_t)vch_get_u64le(at + AT_COUNT);
    at += AT_ALL;
    for (uint32_t i = 0; i < out->count; i++, at += ONE) {
        struct vch_counters_one *one = &out->all[i];
        memcpy(one->owner.bytes, at, VCH_SIGN_PUBLIC_SIZE);
        memcpy(one->model.bytes, at + VCH_SIGN_PUBLIC_SIZE, VCH_DIGEST_SIZE);
        one->counter = vch_get_u64le(at + ONE - 8);
        if (one->counter == 0 || (i > 0 && compare(one - 1, &one->owner, &one->model) >= 0))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the file of opened releases names a model twice, out of order, or "
                                "without a counter");
    }
    return VCH_OK;
}
