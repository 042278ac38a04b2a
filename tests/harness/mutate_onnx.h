// Mutants of ONNX files: nodes rewired, doubled, cut out and grafted in from other models, and
// tensors whose bytes follow their shape, so that mutants reach what lies behind the decoder.
#pragma once

#include <stddef.h>
#include <stdint.h>

// As libFuzzer's LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver. `operators` are names of
// operators worth trying, NULL-terminated.
size_t mutate_onnx(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                   const char *const *operators);
size_t mutate_onnx_cross(const uint8_t *one, size_t one_size, const uint8_t *other,
                         size_t other_size, uint8_t *out, size_t out_size_max, unsigned seed);

// LibFuzzer's own mutation of bytes, or fuzz_replay.c's stand-in for it.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
