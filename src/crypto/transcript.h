// Hashing several named things at once, so that no two different lists give the same digest.
//
// A transcript starts with the name of its protocol, and every item follows with its label:
//
//     u8 protocol size, protocol
//     u8 label size, label, u64le item size, item bytes      (for each item)
//
// Whoever signs, commits to or identifies anything in vouch hashes a transcript, never bare
// concatenations: an item's end is always unambiguous and no digest of one protocol passes for
// another's. specs/transcript.md has the test vectors.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

struct vch_transcript {
    struct vch_hash hash;
};

// `protocol` and `label` are string literals of 1 to 255 bytes.
void vch_transcript_init(struct vch_transcript *transcript, const char *protocol);
void vch_transcript_absorb(struct vch_transcript *transcript, const char *label, const void *bytes,
                           size_t size);
void vch_transcript_absorb_u64(struct vch_transcript *transcript, const char *label,
                               uint64_t value); // as 8 bytes, little-endian
void vch_transcript_absorb_digest(struct vch_transcript *transcript, const char *label,
                                  const struct vch_digest *digest);
struct vch_digest vch_transcript_final(struct vch_transcript *transcript);
