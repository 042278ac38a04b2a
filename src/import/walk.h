// A walk through the elements of a tensor in the order of some shape's, by steps of the tensor's
// own: broadcast where a step is 0, backwards where it wraps around.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "import/network.h"

struct vch_walk {
    const struct vch_network_shape *over;
    size_t offset; // of the element at hand
    size_t steps[VCH_NETWORK_RANK_MAX];
    uint32_t index[VCH_NETWORK_RANK_MAX];
};

// Along the tensor's own axes; what `over` has in front of them, or has more of than 1, repeats it.
struct vch_walk vch_walk_broadcast(const struct vch_network_shape *tensor,
                                   const struct vch_network_shape *over);
// Elements from one index of an axis to the next, row-major.
size_t vch_walk_step(const struct vch_network_shape *tensor, uint32_t axis);

static inline void vch_walk_next(struct vch_walk *walk)
{
    for (uint32_t axis = walk->over->rank; axis-- > 0;) {
        walk->offset += walk->steps[axis];
        if (++walk->index[axis] < walk->over->dims[axis]) return;
        walk->offset -= walk->steps[axis] * walk->over->dims[axis];
        walk->index[axis] = 0;
    }
}
