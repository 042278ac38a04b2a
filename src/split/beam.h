// The partial plans that the search keeps for one state: the best few, told apart by what matters
// to the rest of the plan.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Fewest shared neighbours first, then the least time.
struct vch_beam_price {
    uint32_t shared;
    uint64_t time_us;
};

// A plan up to some cut.
struct vch_beam_path {
    struct vch_beam_price price;
    uint64_t state;   // hash of all that the rest of the plan depends on
    uint64_t company; // hash of the operators of the last segment
    uint32_t parent;  // path before the last segment
    uint32_t cut;     // where the last segment began
};

static inline bool vch_beam_is_less(struct vch_beam_price a, struct vch_beam_price b)
{
    return a.shared != b.shared ? a.shared < b.shared : a.time_us < b.time_us;
}

#define VCH_BEAM_NONE UINT32_MAX

// Where among the `*count` paths (at most `width`) this one belongs, or VCH_BEAM_NONE when it is
// not worth keeping. The caller writes it there. `*is_dropping` becomes true when a path is lost
// that no kept path replaces in full.
uint32_t vch_beam_place(const struct vch_beam_path *paths, uint32_t *count, uint32_t width,
                        const struct vch_beam_path *candidate, bool *is_dropping);
