// Who may sign a ledger's checkpoints, by its charter: the log's key and its quorum of witnesses,
// as tlog has them.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "entry/charter.h"
#include "tlog/quorum.h"
#include "tlog/vkey.h"

struct vch_charter_notes {
    struct vch_vkey log;
    struct vch_vkey witnesses[VCH_CHARTER_WITNESSES_MAX]; // in the charter's order
    struct vch_quorum quorum;                             // of these: must stay where it is
};

// USAGE with a complaint where a name is none for a key of notes.
vch_status vch_charter_notes_init(struct vch_charter_notes *out, const struct vch_charter *charter,
                                  struct vch_complaint *complaint);
