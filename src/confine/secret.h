// Memory for keys: never on disk, in no core dump, in no forked child.
//
// With memfd_secret the kernel itself has no mapping of it, so no other process reads it, not even
// root's (who may still make this process hand it over). Else it is locked and merely left out of
// dumps, and vch_secret_notice says so.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

enum vch_secret_home { VCH_SECRET_MEMFD, VCH_SECRET_LOCKED };

struct vch_secret {
    uint8_t *bytes; // zeros at first, between two pages that fault
    size_t size;
    size_t mapped;
    enum vch_secret_home home;
};

// At most 1 MiB. In a child of this process the bytes are not there (MEMFD) or zeros (LOCKED).
vch_status vch_secret_new(struct vch_secret *out, size_t size, struct vch_complaint *complaint);
// In the given home, for tests of what each promises. UNSUPPORTED where the kernel lacks it.
vch_status vch_secret_new_in(struct vch_secret *out, size_t size, enum vch_secret_home home,
                             struct vch_complaint *complaint);
// Wipes and unmaps; all zeros is fine.
void vch_secret_free(struct vch_secret *secret);

const char *vch_secret_home_name(enum vch_secret_home home);
// What a person must be told of this home; NULL where there is nothing.
const char *vch_secret_notice(enum vch_secret_home home);
