// The place of a file that is written beside it first, under a temporary name.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/complaint.h"
#include "base/status.h"

struct vch_target {
    const char *path;
    const char *name; // last part of the path
    int folder;       // open descriptor
    char temporary[32];
};

// Where the folder ends and the name begins; close `folder` when done.
vch_status vch_target_open(struct vch_target *out, const char *path,
                           struct vch_complaint *complaint);
// A device or a folder in this place is a mistake, and for root a costly one.
vch_status vch_target_check_kind(const struct vch_target *target, struct vch_complaint *complaint);
// A new file under the temporary name.
vch_status vch_target_create(int *file, const struct vch_target *target, int is_private,
                             struct vch_complaint *complaint);
vch_status vch_target_write(int file, const void *bytes, size_t size,
                            const struct vch_target *target, struct vch_complaint *complaint);
// The temporary file gets its name, and the folder is on disk.
vch_status vch_target_put(const struct vch_target *target, bool may_replace,
                          struct vch_complaint *complaint);
// IO, with what `errno` says.
vch_status vch_target_refuse(const struct vch_target *target, const char *what,
                             struct vch_complaint *complaint);
