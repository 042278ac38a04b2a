// When what a node said, and does not see in the log, is said again: after a pause that doubles.
//
// Nothing hangs on whether a draft was refused for the moment, lost on its way, or never sent: the
// state says what is due, and what is due is repeated until the state shows it. A second copy of
// what was taken is refused, and does no harm.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VCH_AGAIN_PAUSE_MS 2000u
#define VCH_AGAIN_PAUSE_MS_MAX 30000u

struct vch_again { // all zero: never said
    uint64_t after_ms;
    uint32_t times;
};

static inline bool vch_again_is_time(const struct vch_again *again, uint64_t now_ms)
{
    return now_ms >= again->after_ms;
}

static inline void vch_again_note(struct vch_again *again, uint64_t now_ms)
{
    const uint64_t pause = (uint64_t)VCH_AGAIN_PAUSE_MS << (again->times < 8 ? again->times : 8);

    again->after_ms = now_ms + (pause < VCH_AGAIN_PAUSE_MS_MAX ? pause : VCH_AGAIN_PAUSE_MS_MAX);
    again->times++;
}
