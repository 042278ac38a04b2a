#include "split/plan_fill.h"

static void put_client(struct vch_plan *out, const struct vch_cost *cost, uint32_t cut,
                       bool is_start)
{
    uint32_t position = cost->cuts[cut].position;
    uint32_t last = cost->problem->graph->operator_count;
    struct vch_plan_segment segment = {
        .first = is_start ? 0 : position,
        .last = is_start ? position : last,
        .by_client = true,
        .cost_us = is_start ? cost->cuts[cut].start_cost_us : cost->cuts[cut].end_cost_us,
        .bytes_in = is_start ? 0 : cost->cuts[cut].size,
        .bytes_out = is_start ? cost->cuts[cut].size : 0,
    };
    if (segment.first < segment.last) out->segments[out->segment_count++] = segment;
}

static void put_segment(struct vch_plan *out, const struct vch_cost *cost, uint32_t i, uint32_t j,
                        const uint16_t *members)
{
    struct vch_plan_segment *segment = &out->segments[out->segment_count++];
    uint32_t quorum = cost->problem->quorum;

    *segment = (struct vch_plan_segment){
        .first = cost->cuts[i].position,
        .last = cost->cuts[j].position,
        .node_count = quorum,
        .cost_us = vch_cost_on_node(cost, i, j, members[quorum - 1]),
        .bytes_in = cost->cuts[i].size,
        .bytes_out = cost->cuts[j].size,
    };
    for (uint32_t k = 0; k < quorum; k++)
        segment->nodes[k] = members[k];
}

void vch_plan_fill(struct vch_plan *out, const struct vch_cost *cost, uint32_t count,
                   const uint32_t *cuts, const uint16_t *const *members)
{
    out->segment_count = 0;
    put_client(out, cost, cuts[0], true);
    for (uint32_t s = 0; s < count; s++)
        put_segment(out, cost, cuts[s], cuts[s + 1], members[s]);
    put_client(out, cost, cuts[count], false);
}
