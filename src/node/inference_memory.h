// What the process that computes takes of memory.
#pragma once

#include "node/inference.h"

enum {
    VCH_INFERENCE_MEMORY_ARENA = INT32_MAX, // manifests and programs of all models
    VCH_INFERENCE_MEMORY_SCRATCH = 64 << 20,
    VCH_INFERENCE_MEMORY_KEPT = 256 << 20, // pages, from one task to the next
};

// Bytes of address space at most, beside what `setup` points to.
uint64_t vch_inference_memory_max(const struct vch_inference_setup *setup);
