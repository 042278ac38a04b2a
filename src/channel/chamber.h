// Where one answer at a time is judged, by a process started for it alone: ahead, so that nobody
// waits for its fences, and ended once it has said its verdict. What evidence makes of the process
// that reads it thus meets no other evidence.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "channel/docket.h"
#include "channel/judge.h"
#include "confine/starter.h"

// What judges do; as it is when a chamber is made.
struct vch_chamber_court {
    const struct vch_judge *const *judges; // with their rules
    uint32_t judge_count;
    void (*judge)(struct vch_asker_verdict *out, const struct vch_judge *judge,
                  const struct vch_asker_answer *answer);
};

struct vch_chamber {
    struct vch_starter starter;
    struct vch_child judge; // channel -1: there is none
    bool is_used;           // it has been asked
};

// Forks the process that starts judges. All zeros is a chamber that was not made.
vch_status vch_chamber_new(struct vch_chamber *out, const struct vch_chamber_court *court,
                           struct vch_complaint *complaint);

// Starts a judge, unless one waits already that has met nobody. REFUSED, with a complaint, where
// this kernel does not fence it enough; UNAVAILABLE.
vch_status vch_chamber_prepare(struct vch_chamber *chamber, struct vch_complaint *complaint);

// Has the matter judged, prepared or not. Its verdict is in it where that is OK. Else none came of
// it: the complaint says how the process ended; TIMEOUT where it took longer than `patience_ms`;
// BUSY where `stop` became readable before.
vch_status vch_chamber_judge(struct vch_chamber *chamber, struct vch_matter *matter,
                             uint32_t patience_ms, int stop, struct vch_complaint *complaint);

// Ends who has judged.
void vch_chamber_clear(struct vch_chamber *chamber);

void vch_chamber_free(struct vch_chamber *chamber);
