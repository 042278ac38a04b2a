// What prover and verifier have said so far, and the challenges drawn from it: section 2 of
// specs/proof.md.
//
// Everything that is sent is absorbed before the next challenge, so that whoever changes a message
// changes every challenge after it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "field/extension.h"

struct vch_challenge {
    struct vch_digest state;
};

void vch_challenge_start(struct vch_challenge *challenge);

// `label` is a string literal of at most 255 bytes. An element of F goes in as its u64.
void vch_challenge_absorb(struct vch_challenge *challenge, const char *label, const void *bytes,
                          size_t size);
void vch_challenge_absorb_u64s(struct vch_challenge *challenge, const char *label,
                               const uint64_t *values, size_t count);
void vch_challenge_absorb_exts(struct vch_challenge *challenge, const char *label,
                               const struct vch_ext *values, size_t count);

// Challenge (count) "label": `count` elements of K.
void vch_challenge_draw(struct vch_challenge *challenge, const char *label, struct vch_ext *out,
                        size_t count);
static inline struct vch_ext vch_challenge_one(struct vch_challenge *challenge, const char *label)
{
    struct vch_ext one;

    vch_challenge_draw(challenge, label, &one, 1);
    return one;
}

// `count` different numbers below 2^log_range, ascending; count is at most half of them.
void vch_challenge_positions(struct vch_challenge *challenge, const char *label, uint32_t *out,
                             size_t count, unsigned log_range);
