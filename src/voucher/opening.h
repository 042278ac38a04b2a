// The opening: what lets its holder show the input and output behind a voucher's commitments.
// Private: written with mode 0600, never sent.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "model/tensor.h"

#define VCH_OPENING_SIZE_MAX ((size_t)4 << 30)

struct vch_opening {
    struct vch_digest job_id;
    uint8_t secret[32];
    uint32_t batch;
    struct vch_tensor input, output; // borrowed; decoded ones from the arena
};

vch_status vch_opening_encode(uint8_t **out, size_t *size, const struct vch_opening *opening,
                              struct vch_arena *arena, struct vch_complaint *complaint);
// Takes at most vch_opening_memory_max(size) from the arena, whatever the bytes say; LIMIT beyond.
vch_status vch_opening_decode(struct vch_opening *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_complaint *complaint);

// Heap bytes that decoding an opening of `size` bytes takes at most: 4 MiB + 2 for each.
size_t vch_opening_memory_max(size_t size);
