// A file that is written piece by piece and there only when it is whole: too large for memory, or
// known last what stands first. As vch_file_write otherwise (host/file.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "host/target.h"

struct vch_draft {
    struct vch_target target;
    int file; // -1: there is none
};

// `path` is borrowed. USAGE: a folder or a device is there.
vch_status vch_draft_begin(struct vch_draft *out, const char *path, int is_private,
                           struct vch_complaint *complaint);
vch_status vch_draft_append(struct vch_draft *draft, const void *bytes, size_t size,
                            struct vch_complaint *complaint);
// In the place of bytes that were appended.
vch_status vch_draft_write_at(struct vch_draft *draft, uint64_t offset, const void *bytes,
                              size_t size, struct vch_complaint *complaint);
// It is on disk, whole, under its name. REFUSED: something is there that it may not replace.
vch_status vch_draft_keep(struct vch_draft *draft, bool may_replace,
                          struct vch_complaint *complaint);
// Nothing is left of a draft that was not kept; after keep it does nothing.
void vch_draft_drop(struct vch_draft *draft);
