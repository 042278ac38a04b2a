#include "import/walk.h"

size_t vch_walk_step(const struct vch_network_shape *tensor, uint32_t axis)
{
    size_t step = 1;

    for (uint32_t i = axis + 1; i < tensor->rank; i++)
        step *= tensor->dims[i];
    return step;
}

struct vch_walk vch_walk_broadcast(const struct vch_network_shape *tensor,
                                   const struct vch_network_shape *over)
{
    struct vch_walk walk = {.over = over};
    const uint32_t lead = over->rank - tensor->rank;

    for (uint32_t i = 0; i < tensor->rank; i++)
        walk.steps[lead + i] = tensor->dims[i] == 1 ? 0 : vch_walk_step(tensor, i);
    return walk;
}
