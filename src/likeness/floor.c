#include "likeness/floor.h"

#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "likeness/coordinate.h"

#define VERSION 1u
#define MAGIC_SIZE 8u

// What is wrong with the floor, or NULL.
static const char *fault_of_header(const struct vch_floor *floor)
{
    const size_t size = strnlen(floor->name, sizeof floor->name);

    if (size == 0 || size > VCH_FLOOR_NAME_MAX) return "its name has 1 to 64 characters";
    for (size_t i = 0; i < size; i++)
        if (floor->name[i] < ' ' || floor->name[i] > '~') return "its name is printable ASCII";
    if (floor->run_count < 2 || floor->run_count > VCH_FLOOR_RUNS_MAX)
        return "it was made from 2 to 256 runs";
    if (floor->fitted_count == 0 || floor->fitted_count > VCH_FLOOR_SCORES_MAX)
        return "1 to 65,536 inputs gave its scales";
    if (floor->coordinate_count == 0 || floor->coordinate_count > VCH_FLOOR_COORDINATES_MAX)
        return "it has 1 to 65,536 coordinates";
    if (floor->score_count == 0 || floor->score_count > VCH_FLOOR_SCORES_MAX)
        return "it has 1 to 65,536 scores";
    const uint64_t units[] = {floor->units.mean, floor->units.peak};
    for (size_t i = 0; i < 2; i++)
        if (units[i] < VCH_DISTANCE_UNIT_MIN || units[i] > VCH_DISTANCE_UNIT_MAX)
            return "its units are from 2^10 to 2^40";
    return NULL;
}

static const char *fault_of_numbers(const struct vch_floor *floor)
{
    for (uint32_t i = 0; i < floor->coordinate_count; i++)
        if (floor->scales[i] < VCH_FLOOR_SCALE_MIN || floor->scales[i] > VCH_COORDINATE_APART)
            return "its scales are from 16 to 2^53";
    for (uint32_t i = 0; i < floor->score_count; i++)
        if (floor->scores[i] > (i == 0 ? VCH_DISTANCE_SCORE_MAX : floor->scores[i - 1]))
            return "its scores never rise, from at most 2^47";
    return NULL;
}

static size_t size_of(const struct vch_floor *floor)
{
    return VCH_FLOOR_HEADER_SIZE +
           8 * ((size_t)floor->coordinate_count + (size_t)floor->score_count) + VCH_DIGEST_SIZE;
}

static uint8_t *put_numbers(uint8_t *at, const uint64_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++, at += 8)
        vch_put_u64le(at, numbers[i]);
    return at;
}

vch_status vch_floor_encode(uint8_t **out, size_t *size, const struct vch_floor *floor,
                            struct vch_arena *arena)
{
    if (fault_of_header(floor) != NULL || fault_of_numbers(floor) != NULL) return VCH_FAIL(USAGE);
    const uint32_t counts[] = {VERSION, floor->run_count, floor->fitted_count,
                               floor->coordinate_count, floor->score_count};
    const uint64_t units[] = {floor->units.mean, floor->units.peak};

    *size = size_of(floor);
    uint8_t *at = *out = vch_arena_alloc(arena, *size, 1);
    if (at == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(at, VCH_FLOOR_MAGIC, MAGIC_SIZE);
    at += MAGIC_SIZE;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++, at += 4)
        vch_put_u32le(at, counts[i]);
    memcpy(at, floor->name, strlen(floor->name));
    at = put_numbers(at + VCH_FLOOR_NAME_MAX, units, 2);
    at = put_numbers(at, floor->scales, floor->coordinate_count);
    at = put_numbers(at, floor->scores, floor->score_count);
    const struct vch_digest digest = vch_hash_bytes(*out, (size_t)(at - *out));
    memcpy(at, digest.bytes, sizeof digest.bytes);
    return VCH_OK;
}

static vch_status read_name(struct vch_floor *floor, struct vch_reader *reader,
                            struct vch_complaint *complaint)
{
    const uint8_t *name = NULL;

    VCH_TRY(vch_reader_bytes(reader, VCH_FLOOR_NAME_MAX, &name));
    memcpy(floor->name, name, VCH_FLOOR_NAME_MAX);
    const size_t size = strlen(floor->name);
    if (vch_is_zero(name + size, VCH_FLOOR_NAME_MAX - size)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "the noise floor's name is followed by something other than zeros");
}

static vch_status read_header(struct vch_floor *floor, struct vch_reader *reader,
                              struct vch_complaint *complaint)
{
    const uint8_t *start = NULL;
    uint32_t version = 0;
    uint32_t *const counts[] = {&floor->run_count, &floor->fitted_count, &floor->coordinate_count,
                                &floor->score_count};

    VCH_TRY(vch_reader_bytes(reader, MAGIC_SIZE, &start));
    if (memcmp(start, VCH_FLOOR_MAGIC, MAGIC_SIZE) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not a noise floor: it does not begin with VOUCHFLR (make one with "
                            "vouch likeness calibrate)");
    VCH_TRY(vch_reader_u32le(reader, &version));
    if (version != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "a noise floor of version %u; expected %u", version, VERSION);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        VCH_TRY(vch_reader_u32le(reader, counts[i]));
    VCH_TRY(read_name(floor, reader, complaint));
    VCH_TRY(vch_reader_u64le(reader, &floor->units.mean));
    VCH_TRY(vch_reader_u64le(reader, &floor->units.peak));
    const char *fault = fault_of_header(floor);
    if (fault == NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED, "not a noise floor that vouch writes: %s",
                        fault);
}

static vch_status read_numbers(const uint64_t **out, uint32_t count, struct vch_reader *reader,
                               struct vch_arena *arena)
{
    uint64_t *numbers = VCH_ARENA_NEW(arena, uint64_t, count);

    if (numbers == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        VCH_TRY(vch_reader_u64le(reader, &numbers[i]));
    *out = numbers;
    return VCH_OK;
}

static vch_status decode(struct vch_floor *floor, struct vch_reader *reader,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    VCH_TRY(read_header(floor, reader, complaint));
    const size_t wanted = size_of(floor);
    if (reader->size != wanted)
        return vch_complain(
            complaint, reader->size < wanted ? VCH_CODE_TRUNCATED : VCH_CODE_MALFORMED,
            "a noise floor of %u coordinates and %u scores has %zu bytes, this file has %zu",
            floor->coordinate_count, floor->score_count, wanted, reader->size);
    const struct vch_digest digest = vch_hash_bytes(reader->bytes, wanted - VCH_DIGEST_SIZE);
    if (memcmp(digest.bytes, reader->bytes + wanted - VCH_DIGEST_SIZE, VCH_DIGEST_SIZE) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the noise floor was changed: its digest does not fit (fetch it again, "
                            "or make it again from the honest runs)");
    VCH_TRY(read_numbers(&floor->scales, floor->coordinate_count, reader, arena));
    VCH_TRY(read_numbers(&floor->scores, floor->score_count, reader, arena));
    const char *fault = fault_of_numbers(floor);
    if (fault == NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED, "not a noise floor that vouch writes: %s",
                        fault);
}

vch_status vch_floor_decode(struct vch_floor *out, const uint8_t *bytes, size_t size,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    struct vch_floor floor = {0};

    if (size > VCH_FLOOR_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a noise floor has at most %u bytes, this file has %zu",
                            VCH_FLOOR_SIZE_MAX, size);
    vch_status status = decode(&floor, &reader, arena, complaint);
    if (status.code == VCH_CODE_TRUNCATED)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "the file ends inside the noise floor's header, after %zu bytes", size);
    if (vch_is_ok(status)) *out = floor;
    return status;
}

struct vch_digest vch_floor_digest(const uint8_t *bytes, size_t size)
{
    struct vch_digest digest = {0};

    if (size >= VCH_DIGEST_SIZE)
        memcpy(digest.bytes, bytes + size - VCH_DIGEST_SIZE, VCH_DIGEST_SIZE);
    return digest;
}

uint32_t vch_floor_rank(const struct vch_floor *floor, uint64_t score)
{
    uint32_t low = 0, high = floor->score_count; // scores before `low` reach it, from `high` none

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (floor->scores[middle] >= score)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
