// What was opened of sealed weights, remembered in memory alone, by a clock that tests set.
#pragma once

#include <stdbool.h>

#include "sealing/unsealer.h"

struct opened {
    struct vch_counters counters;
    uint64_t now_s;
    bool is_full; // the disk, where there is one
    struct vch_unsealer_rules rules;
};

static inline uint64_t opened_now(void *context)
{
    return ((struct opened *)context)->now_s;
}

static inline vch_status opened_raise(void *context, const struct vch_counters_one *seen,
                                      struct vch_complaint *complaint)
{
    struct opened *opened = context;

    if (opened->is_full) return vch_complain(complaint, VCH_CODE_IO, "the disk is full");
    return vch_counters_raise(&opened->counters, seen, complaint);
}

static inline void opened_init(struct opened *out, const struct vch_public_key *owner,
                               uint64_t now_s)
{
    out->counters.count = 0;
    out->now_s = now_s;
    out->is_full = false;
    out->rules = (struct vch_unsealer_rules){*owner, &out->counters, opened_now, opened_raise, out};
}
