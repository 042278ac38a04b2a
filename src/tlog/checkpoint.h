// Checkpoints (C2SP tlog-checkpoint): the root of a log at a size, as the text of a signed note.
//
//     <origin>
//     <size, decimal>
//     base64(<root>)
//     [extension lines, not empty]
//
// House rule: a log's key is named like its origin. vouch's own logs write no extension lines.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "tlog/note.h"
#include "tlog/vkey.h"

#define VCH_CHECKPOINT_SIZE_MAX ((uint64_t)INT64_MAX) // of trees
#define VCH_CHECKPOINT_TEXT_MAX 321u                  // check: 255 + 1 + 19 + 1 + 44 + 1
#define VCH_CHECKPOINT_NOTE_MAX 687u                  // check: 321 + 1 + 365

#define VCH_CHECKPOINT_EXTENDED_MAX 8192u // of a text with extension lines

struct vch_checkpoint {
    char origin[VCH_VKEY_NAME_MAX + 1];
    uint64_t size;
    struct vch_digest root;
    size_t extensions_size; // bytes of the text that are extension lines
};

// A note's text, canonical; MALFORMED otherwise, or LIMIT.
vch_status vch_checkpoint_decode(struct vch_checkpoint *out, const char *text, size_t size,
                                 struct vch_complaint *complaint);

// Writes the text (without extension lines) and a NUL; returns the characters.
size_t vch_checkpoint_encode(char out[static VCH_CHECKPOINT_TEXT_MAX + 1],
                             const struct vch_checkpoint *checkpoint);

// Writes the whole note, signed by the log's key under the origin's name, and a NUL; returns the
// characters. Signature lines of witnesses may be appended as they are.
size_t vch_checkpoint_sign(char out[static VCH_CHECKPOINT_NOTE_MAX + 1],
                           const struct vch_checkpoint *checkpoint,
                           const struct vch_secret_key *key);

// Decodes a note, and believes it: VCH_OK exactly when it is a checkpoint whose origin is the
// log's name, signed by the log. REFUSED: another origin; BAD_PROOF: not signed by the log;
// MALFORMED, LIMIT. `note` borrows `bytes`.
vch_status vch_checkpoint_open(struct vch_checkpoint *out, struct vch_note *note, const char *bytes,
                               size_t size, const struct vch_vkey *log,
                               struct vch_complaint *complaint);
