// A verdict as bytes, from a process that only judges to one that acts on it.
//
// Whoever judged has read what strangers sent, and may be theirs by now: what it says is taken only
// in its one encoding, and only where it speaks of the question that was asked.
#pragma once

#include <stdint.h>

#include "channel/asker.h"

#define VCH_VERDICT_SIZE \
    (6u * 4 + 2 * 8 + VCH_BINDER_SIZE + 3 * 32 + VCH_RULES_TEXT_MAX + 1 + VCH_ASKER_WHY_SIZE + \
     VCH_ASKER_WARNED_MAX * VCH_ASKER_CHECK_SIZE)

void vch_verdict_encode(uint8_t out[static VCH_VERDICT_SIZE],
                        const struct vch_asker_verdict *verdict);

// MALFORMED: no verdict, or one that was accepted with a block that does not answer this question.
// Texts come out as ones that may be shown.
vch_status vch_verdict_decode(struct vch_asker_verdict *out,
                              const uint8_t bytes[static VCH_VERDICT_SIZE],
                              const struct vch_asker_answer *answer);
