// One process at a time: an exclusive lock on a file that its holder may replace.
//
// The lock is on what `path` names at the moment it is given, so that whoever waited while the
// holder wrote a new file there (vch_file_write) waits for the new one. It ends with the process,
// however that ends.
#pragma once

#include "base/complaint.h"
#include "base/status.h"

struct vch_lock {
    int file;
};

// Waits for it. IO when there is no such file.
vch_status vch_lock_take(struct vch_lock *out, const char *path, struct vch_complaint *complaint);
void vch_lock_release(struct vch_lock *lock);
