// The distribution test: which members of a committee did not run the model that honest machines
// run, where honest outputs may differ.
//
// Members are compared with the committee's own centre, the median of each coordinate. The promise,
// for every member that ran the model as one of the calibration's runs did, and as long as more
// than half of the members did: it is flagged with probability at most alpha, whatever the others
// send. Against a majority that lies together nothing is promised. specs/likeness.md is normative.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "likeness/evidence.h"
#include "likeness/floor.h"

#define VCH_LIKENESS_MEMBERS_MIN 3u
#define VCH_LIKENESS_MEMBERS_MAX 256u

struct vch_likeness {
    const struct vch_floor *floor;
    uint32_t alpha; // in millionths, 1 to VCH_EVIDENCE_ALPHA_MAX
    uint32_t member_count;
    uint32_t input_count;          // 1 to VCH_EVIDENCE_INPUTS_MAX: one batch
    const int64_t *const *outputs; // of each member: (inputs, the floor's coordinates)
};

struct vch_likeness_finding {
    bool is_flagged;
    uint64_t distance; // mean square over all inputs, in units of 1/65536 scale squared
    uint64_t largest;  // and of the input that is furthest off
    struct vch_evidence evidence;
    struct vch_evidence_p p;
};

// One finding per member. USAGE, with a complaint, for an alpha that this floor and this many
// inputs could never reach, and for too few members; NO_MEMORY. `arena` is rewound.
vch_status vch_likeness_judge(struct vch_likeness_finding *findings, const struct vch_likeness *of,
                              struct vch_arena *arena, struct vch_complaint *complaint);
