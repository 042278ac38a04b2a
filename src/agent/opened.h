// What a node has opened of sealed weights, on disk: a file that whoever unseals holds open, adds
// to and syncs by itself (specs/sealing.md, section 6), so that nobody who asks it can make it
// forget.
//
// It is opened, and made whole and short, before anything is listened to; from then on records are
// added at its end. At any moment, also after a crash, it says all that was acknowledged.
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "sealing/counters.h"
#include "sealing/unsealer.h"

// Stays where it is: rules point into it.
struct vch_opened {
    const char *path; // borrowed
    int file;         // locked: one node at a time; -1: not this process's
    uint32_t record_count;
    struct vch_counters counters;
    struct vch_unsealer_rules rules; // by this file, and by the clock of this process
};

// Of weights of that owner. Makes the file where there is none: then nothing was opened before.
// Waits for whoever has it, and the log says so. As vch_counters_decode, IO.
vch_status vch_opened_open(struct vch_opened *out, const char *path,
                           const struct vch_public_key *owner, struct vch_complaint *complaint);
void vch_opened_close(struct vch_opened *opened); // all zeros but for `file`, -1, is fine

// On disk when this returns; where it fails, nobody may rely on it: IO, LIMIT. It may be tried
// again.
vch_status vch_opened_raise(struct vch_opened *opened, const struct vch_counters_one *seen,
                            struct vch_complaint *complaint);
