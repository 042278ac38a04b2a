// Anchors: checkpoints that enough witnesses cosigned, taken into the log. ledger.md, section 3.
#pragma once

#include "agreement/inside.h"

vch_inside_check vch_anchors_check;
vch_inside_take vch_anchors_take;

// Whether the witness of that cosignature signed the checkpoint, at the time it names: BAD_PROOF.
vch_status vch_anchors_verify(const struct vch_charter *charter,
                              const struct vch_entry_cosignature *cosignature, uint64_t size,
                              const struct vch_digest *root);
