// Which checkpoints count: those that enough of a log's named witnesses cosigned.
//
// Of n witnesses at most f = floor((n - 1) / 3) are assumed to lie. Any two sets of more than
// (n + f) / 2 have more than f in common, so at least one honest witness, which cosigns no two
// checkpoints that contradict each other. Hence one history, whatever the log does.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "tlog/checkpoint.h"
#include "tlog/note.h"
#include "tlog/vkey.h"

#define VCH_QUORUM_WITNESSES_MAX 64u

struct vch_quorum {
    const struct vch_vkey *witnesses; // of type VCH_VKEY_COSIGNATURE, no key twice
    uint32_t count;
};

// floor((n + f) / 2) + 1: 1 of 1, 2 of 2, 2 of 3, 3 of 4, 4 of 5, 4 of 6, 5 of 7.
uint32_t vch_quorum_needed(uint32_t count);

// Whether this is a list that anything can be judged by: USAGE with a complaint for none or too
// many witnesses, another signature type, a key or a name twice.
vch_status vch_quorum_check(const struct vch_quorum *quorum, struct vch_complaint *complaint);

struct vch_quorum_tally {
    uint32_t counted, needed; // each witness once, however many lines name it
};

// VCH_OK exactly when enough witnesses cosigned the note's text. Lines of others are ignored; a
// line of a witness that does not verify makes that witness not count. BAD_PROOF otherwise, with
// `out` filled; USAGE as above.
vch_status vch_quorum_verify(struct vch_quorum_tally *out, const struct vch_note *note,
                             const struct vch_quorum *quorum, struct vch_complaint *complaint);

// All of it: the note is a checkpoint of the log, signed by it, and enough witnesses cosigned it.
vch_status vch_quorum_open(struct vch_checkpoint *out, const char *bytes, size_t size,
                           const struct vch_vkey *log, const struct vch_quorum *quorum,
                           struct vch_complaint *complaint);
