// Mutants of packages, in package_fuzz.c's envelope: a mode, sizes, manifest, holder, data. After
// its fields have changed, the manifest is mended by what the checks complain about (shapes,
// bounds, counts of multipliers) and the data follow its parameters, so that most mutants reach
// the checks behind.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum mutate_package_mode {
    MUTATE_PACKAGE_FILE,       // the rest is a file
    MUTATE_PACKAGE_WRAPPED,    // the rest is an envelope
    MUTATE_PACKAGE_REPAIRED,   // likewise, and roots will be made to fit the data
    MUTATE_PACKAGE_COMPRESSED, // likewise, and the manifest will be compressed
    MUTATE_PACKAGE_MODES,
};

// The mode, u32le size of the manifest, u16le size of the holder section.
#define MUTATE_PACKAGE_HEAD 7

// As libFuzzer's LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver.
size_t mutate_package(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t mutate_package_cross(const uint8_t *one, size_t one_size, const uint8_t *other,
                            size_t other_size, uint8_t *out, size_t out_size_max, unsigned seed);

// LibFuzzer's own mutation of bytes, or fuzz_replay.c's stand-in for it.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
