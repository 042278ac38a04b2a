// Equivocation: two checkpoints that a log signed and that no one log can have. A file that
// convicts the log to whoever knows its key, with nothing else at hand (specs/ledger.md, section
// 5).
//
//     <the first note>
//     <empty line>
//     <the second note>
//     <empty line>
//     [for different sizes: base64(<root>), then base64(<digest>) for each of the proof's]
//
// Of one size the roots differ. Of different sizes the smaller comes first, `root` is another one
// than its own, and the proof shows that the larger tree begins with the tree under `root`.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "tlog/checkpoint.h"
#include "tlog/tree.h"
#include "tlog/vkey.h"

#define VCH_EQUIVOCATION_SIZE_MAX 65536u

struct vch_equivocation {
    struct vch_checkpoint first, second;
};

// VCH_OK exactly when the log is convicted. BAD_PROOF: these could be of one log, or it did not
// sign both; MALFORMED, LIMIT, TRUNCATED, REFUSED (another log's).
vch_status vch_equivocation_verify(struct vch_equivocation *out, const char *bytes, size_t size,
                                   const struct vch_vkey *log, struct vch_complaint *complaint);

// Writes one into `out` and returns its size, or 0 when it does not fit `room`. `root` and `path`
// are NULL where the sizes are equal.
size_t vch_equivocation_encode(char *out, size_t room, const char *first, size_t first_size,
                               const char *second, size_t second_size,
                               const struct vch_digest *root, const struct vch_tree_path *path);
