#include "sealing/counters.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

static const char magic[] = "VOUCH-SEALED-CNT";

enum {
    VERSION = 2,
    AT_VERSION = 16,
    AT_OWNER = 24,
    AT_MODEL = 56,
    AT_COUNTER = 88,
    AT_DIGEST = 96,
    RECORD = VCH_COUNTERS_RECORD_SIZE,
};
_Static_assert(AT_DIGEST + VCH_DIGEST_SIZE == RECORD, "the layout");
_Static_assert(512 % RECORD == 0, "no record lies in two sectors");
_Static_assert(VCH_COUNTERS_MAX *RECORD == VCH_COUNTERS_SIZE_MAX, "a record for each");
_Static_assert((VCH_COUNTERS_RECORDS_MAX + 1) * RECORD == VCH_COUNTERS_FILE_MAX, "and one more");

struct vch_counters_one vch_counters_of(const struct vch_sealed *sealed)
{
    return (struct vch_counters_one){sealed->owner, sealed->model, sealed->counter};
}

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

vch_status vch_counters_check_room(const struct vch_counters *counters,
                                   const struct vch_counters_one *seen,
                                   struct vch_complaint *complaint)
{
    uint32_t place = place_of(counters, &seen->owner, &seen->model);

    if (counters->count < VCH_COUNTERS_MAX || is_at(counters, place, &seen->owner, &seen->model))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "releases of %u models are remembered already: name another file",
                        VCH_COUNTERS_MAX);
}

vch_status vch_counters_raise(struct vch_counters *counters, const struct vch_counters_one *seen,
                              struct vch_complaint *complaint)
{
    uint32_t place = place_of(counters, &seen->owner, &seen->model);
    struct vch_counters_one *one = &counters->all[place];

    if (is_at(counters, place, &seen->owner, &seen->model)) {
        if (seen->counter > one->counter) one->counter = seen->counter;
        return VCH_OK;
    }
    VCH_TRY(vch_counters_check_room(counters, seen, complaint));
    memmove(one + 1, one, (counters->count - place) * sizeof *one);
    *one = *seen;
    counters->count++;
    return VCH_OK;
}

static struct vch_digest digest_of(const uint8_t record[static RECORD])
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/sealed-counter/v2");
    vch_transcript_absorb(&transcript, "counter", record, AT_DIGEST);
    return vch_transcript_final(&transcript);
}

void vch_counters_encode_record(uint8_t out[static RECORD], const struct vch_counters_one *one)
{
    memcpy(out, magic, AT_VERSION);
    vch_put_u64le(out + AT_VERSION, VERSION);
    memcpy(out + AT_OWNER, one->owner.bytes, VCH_SIGN_PUBLIC_SIZE);
    memcpy(out + AT_MODEL, one->model.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + AT_COUNTER, one->counter);
    const struct vch_digest digest = digest_of(out);
    memcpy(out + AT_DIGEST, digest.bytes, VCH_DIGEST_SIZE);
}

size_t vch_counters_encode(uint8_t out[static VCH_COUNTERS_SIZE_MAX],
                           const struct vch_counters *counters)
{
    for (uint32_t i = 0; i < counters->count; i++)
        vch_counters_encode_record(out + (size_t)i * RECORD, &counters->all[i]);
    return (size_t)counters->count * RECORD;
}

// As much of a record's beginning as there is.
static vch_status check_start(const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    uint8_t start[AT_OWNER];

    memcpy(start, magic, AT_VERSION);
    vch_put_u64le(start + AT_VERSION, VERSION);
    if (memcmp(bytes, start, size < AT_VERSION ? size : AT_VERSION) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not a file of opened releases: expected records that begin with %s",
                            magic);
    if (memcmp(bytes, start, size < AT_OWNER ? size : AT_OWNER) == 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "expected a file of opened releases of version %d, found another version",
                        VERSION);
}

static vch_status read_record(struct vch_counters *out, const uint8_t record[static RECORD],
                              struct vch_complaint *complaint)
{
    const struct vch_digest digest = digest_of(record);
    struct vch_counters_one one = {.counter = vch_get_u64le(record + AT_COUNTER)};

    VCH_TRY(check_start(record, RECORD, complaint));
    if (!vch_is_equal(digest.bytes, record + AT_DIGEST, VCH_DIGEST_SIZE))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the file of opened releases was altered: restore it from a copy");
    if (one.counter == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the file of opened releases has a record without a counter");
    memcpy(one.owner.bytes, record + AT_OWNER, VCH_SIGN_PUBLIC_SIZE);
    memcpy(one.model.bytes, record + AT_MODEL, VCH_DIGEST_SIZE);
    return vch_counters_raise(out, &one, complaint);
}

vch_status vch_counters_decode(struct vch_counters *out, size_t *whole, const void *bytes,
                               size_t size, struct vch_complaint *complaint)
{
    const uint8_t *at = bytes;

    out->count = 0;
    *whole = 0;
    if (size > VCH_COUNTERS_FILE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a file of opened releases has at most %u bytes, found %zu",
                            VCH_COUNTERS_FILE_MAX, size);
    for (; size - *whole >= RECORD; *whole += RECORD) {
        // A disk that lost its power may know of bytes that it never wrote, at the end alone.
        if (size - *whole == RECORD && vch_is_zero(at + *whole, RECORD)) return VCH_OK;
        VCH_TRY(read_record(out, at + *whole, complaint));
    }
    const size_t rest = size - *whole;
    return vch_is_zero(at + *whole, rest) ? VCH_OK : check_start(at + *whole, rest, complaint);
}
