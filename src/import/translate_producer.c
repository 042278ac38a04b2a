#include "import/translate_producer.h"

#include <string.h>

vch_status vch_translate_producer_find(struct vch_translate *at)
{
    const struct vch_network *network = at->network;

    if (at->producer != NULL) return VCH_OK;
    at->producer = VCH_ARENA_NEW(network->arena, uint32_t, at->alias_count);
    if (at->producer == NULL) return VCH_FAIL(NO_MEMORY);
    memset(at->producer, 0xff, at->alias_count * sizeof *at->producer); // VCH_NONE
    for (uint32_t i = 0; i < network->node_count; i++)
        for (uint32_t k = 0; k < network->nodes[i].output_count; k++)
            if (network->nodes[i].outputs[k] < at->alias_count)
                at->producer[network->nodes[i].outputs[k]] = i;
    return VCH_OK;
}

const struct vch_network_node *vch_translate_producer_of(const struct vch_translate *at,
                                                         uint32_t value)
{
    if (value >= at->alias_count || at->producer[value] == VCH_NONE) return NULL;
    return &at->network->nodes[at->producer[value]];
}
