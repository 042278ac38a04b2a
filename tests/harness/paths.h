// What a path of a proof that holds cannot be changed into: each lie is told to the verifier, which
// has to refuse it.
#pragma once

#include <string.h>

#include "harness/test.h"
#include "tlog/tree.h"

// Whether `claim`, which holds with its own path, holds with this one.
typedef vch_status (*path_verify)(const void *claim, const struct vch_tree_path *path);

static inline void path_flip_every_bit(path_verify verify, const void *claim,
                                       const struct vch_tree_path *path)
{
    struct vch_tree_path lie = *path;

    for (size_t bit = 0; bit < 256 * (size_t)path->count; bit++) {
        test_flip(lie.nodes[bit / 256].bytes, bit % 256);
        CHECK_FAILS(verify(claim, &lie), BAD_PROOF);
        test_flip(lie.nodes[bit / 256].bytes, bit % 256);
    }
}

static inline void path_cut_repeat_and_swap(path_verify verify, const void *claim,
                                            const struct vch_tree_path *path)
{
    const uint32_t count = path->count;
    struct vch_tree_path lie;

    for (uint32_t i = 0; i < count; i++) {
        lie = *path; // cut short
        lie.count = i;
        CHECK_FAILS(verify(claim, &lie), BAD_PROOF);
        lie = *path; // one repeated
        memmove(&lie.nodes[i + 1], &lie.nodes[i], (size_t)(count - i) * VCH_DIGEST_SIZE);
        lie.count++;
        CHECK_FAILS(verify(claim, &lie), BAD_PROOF);
        for (uint32_t j = 0; j < i; j++) {
            lie = *path;
            lie.nodes[i] = path->nodes[j];
            lie.nodes[j] = path->nodes[i];
            CHECK_FAILS(verify(claim, &lie), BAD_PROOF);
        }
    }
}

static inline void path_lengthen(path_verify verify, const void *claim,
                                 const struct vch_tree_path *path)
{
    struct vch_tree_path lie = *path;

    for (lie.count++; lie.count <= VCH_TREE_PATH_MAX + 1; lie.count++)
        CHECK_FAILS(verify(claim, &lie), BAD_PROOF);
}
