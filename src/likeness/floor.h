// A noise floor: how far apart honest runs of one model are, and the file that says so.
//
// specs/likeness.md is normative.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "likeness/distance.h"

#define VCH_FLOOR_MAGIC "VOUCHFLR" // first 8 bytes
#define VCH_FLOOR_NAME_MAX 64u
#define VCH_FLOOR_COORDINATES_MAX 65536u
#define VCH_FLOOR_SCORES_MAX 65536u
#define VCH_FLOOR_RUNS_MAX 256u
#define VCH_FLOOR_SCALE_MIN 16u
#define VCH_FLOOR_HEADER_SIZE 108u
#define VCH_FLOOR_SIZE_MAX \
    (VCH_FLOOR_HEADER_SIZE + 8u * (VCH_FLOOR_COORDINATES_MAX + VCH_FLOOR_SCORES_MAX) + 32u)

struct vch_floor {
    char name[VCH_FLOOR_NAME_MAX + 1]; // of the model: 1 to 64 printable ASCII characters
    uint32_t run_count;                // honest runs it was made from, 2 or more
    uint32_t fitted_count;             // inputs that gave scales and units
    uint32_t coordinate_count;         // of one output
    uint32_t score_count;              // held-out inputs
    struct vch_distance_units units;
    const uint64_t *scales; // of each coordinate, from VCH_FLOOR_SCALE_MIN
    const uint64_t *scores; // never rising: the j-th is the largest j-th largest score of any run
};

// In the arena. USAGE for a floor that no file can hold; NO_MEMORY.
vch_status vch_floor_encode(uint8_t **out, size_t *size, const struct vch_floor *floor,
                            struct vch_arena *arena);

// Takes only what vch_floor_encode writes, byte for byte. TRUNCATED, MALFORMED, LIMIT, UNSUPPORTED,
// each with a complaint; NO_MEMORY.
vch_status vch_floor_decode(struct vch_floor *out, const uint8_t *bytes, size_t size,
                            struct vch_arena *arena, struct vch_complaint *complaint);

// The name of an encoded floor: the digest that ends it.
struct vch_digest vch_floor_digest(const uint8_t *bytes, size_t size);

// Held-out scores that are at least this large.
uint32_t vch_floor_rank(const struct vch_floor *floor, uint64_t score);
