// Whose drafts a witness promises (specs/witness.md, section 2): the members of the registries that
// it was given, and their founder. Several, as who has left the newest one may still have a vote to
// reveal.
#pragma once

#include <stdint.h>
#include <sys/stat.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "witness/core.h"

#define VCH_WRITERS_FILES_MAX 8u

struct vch_writers_file {
    const char *path;  // borrowed
    struct stat facts; // of the file that was read; zeroes: none yet
    uint32_t count;
    struct vch_public_key *keys;
};

struct vch_writers {
    struct vch_public_key founder;
    uint32_t file_count;
    struct vch_writers_file files[VCH_WRITERS_FILES_MAX];
};

// Reads SignedRegistry files, and gives the core its writers. A file that is not there is waited
// for: a ledger has witnesses before it has a registry. REFUSED for another founder's; LIMIT for
// too many files.
vch_status vch_writers_open(struct vch_writers *out, struct vch_core *core,
                            const char *const *paths, uint32_t count,
                            const struct vch_public_key *founder, struct vch_complaint *complaint);

// Reads again what has changed since; what is none of the founder's registries changes nothing, and
// the process's log says why.
void vch_writers_refresh(struct vch_writers *writers, struct vch_core *core);

void vch_writers_close(struct vch_writers *writers, struct vch_core *core);
