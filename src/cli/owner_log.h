// An owner's log of releases on disk (specs/sealing.md, section 5).
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "cli/tool.h"
#include "crypto/sign.h"
#include "sealing/counters.h"
#include "sealing/release.h"

struct vch_owner_log {
    const char *path;
    int file;                     // locked: one process at a time; -1: closed
    struct vch_release_log log;   // as it stands
    struct vch_counters counters; // of each model the highest, whoever its owner is
};

// --log FILE, or what lies beside the key file of --key: KEY.releases.
vch_status vch_owner_log_path(const char **out, struct vch_tool *tool);

// Opens the log to add to it, and reads all of it; makes it where it is not. A record that was not
// finished is cut off. Waits for whoever has it.
vch_status vch_owner_log_open(struct vch_owner_log *out, const char *path,
                              struct vch_complaint *complaint);
// On disk when this returns; or, where it fails, not at all.
vch_status vch_owner_log_append(struct vch_owner_log *log, const struct vch_release *release,
                                const struct vch_secret_key *writer,
                                struct vch_complaint *complaint);
void vch_owner_log_close(struct vch_owner_log *log);

// The highest counter of this model in the log; 0: it is not there.
uint64_t vch_owner_log_counter(const struct vch_owner_log *log, const struct vch_digest *model);

// vouch owner log.
vch_status vch_owner_log_run(struct vch_tool *tool);
