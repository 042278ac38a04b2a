#include "model/layout.h"

#include <string.h>

enum { ALIGNMENT = 64 };

struct block { // memory in use, ascending by offset
    size_t offset, size;
    uint32_t last_use; // operator index
};

struct planner {
    const struct vch_graph *graph;
    uint32_t batch;
    struct vch_layout *layout;
    struct block *blocks;
    size_t block_count;
};

static vch_status value_size(size_t *out, const struct planner *p, uint32_t value)
{
    const struct vch_value *v = &p->graph->values[value];
    size_t size = vch_tensor_shape_count(&v->shape) * vch_tensor_type_size(v->type);

    if (__builtin_mul_overflow(size, (size_t)p->batch, &size) || size > SIZE_MAX / 4)
        return VCH_FAIL(LIMIT);
    *out = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return VCH_OK;
}

// Names and lifetimes: who is whom, and the last operator that reads each root.
static void trace_lifetimes(struct planner *p)
{
    struct vch_layout *layout = p->layout;

    for (uint32_t i = 0; i < p->graph->value_count; i++)
        layout->roots[i] = i;
    for (uint32_t i = 0; i < p->graph->operator_count; i++) {
        const struct vch_operator *o = &p->graph->operators[i];
        if (o->kind == VCH_OPERATOR_RESHAPE) layout->roots[o->output] = layout->roots[o->inputs[0]];
        p->layout->last_uses[layout->roots[o->output]] = i; // even when nobody reads it
        for (uint32_t k = 0; k < o->input_count; k++)
            p->layout->last_uses[layout->roots[o->inputs[k]]] = i;
    }
}

static void drop_dead_blocks(struct planner *p, uint32_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->block_count; i++)
        if (p->blocks[i].last_use >= now) p->blocks[kept++] = p->blocks[i];
    p->block_count = kept;
}

// First fit: the lowest gap that is large enough.
static vch_status place(struct planner *p, uint32_t value)
{
    size_t size = 0, offset = 0, at = 0;

    VCH_TRY(value_size(&size, p, value));
    for (; at < p->block_count; at++) {
        if (p->blocks[at].offset - offset >= size) break;
        offset = p->blocks[at].offset + p->blocks[at].size;
    }
    if (offset > SIZE_MAX / 4) return VCH_FAIL(LIMIT);
    memmove(&p->blocks[at + 1], &p->blocks[at], (p->block_count - at) * sizeof p->blocks[0]);
    p->blocks[at] = (struct block){offset, size, p->layout->last_uses[value]};
    p->block_count++;
    p->layout->offsets[value] = offset;
    if (offset + size > p->layout->size) p->layout->size = offset + size;
    return VCH_OK;
}

static vch_status place_all(struct planner *p)
{
    for (uint32_t i = 0; i < p->graph->operator_count; i++) {
        const struct vch_operator *o = &p->graph->operators[i];
        drop_dead_blocks(p, i);
        if (p->layout->roots[o->output] == o->output) VCH_TRY(place(p, o->output));
    }
    p->layout->scratch_offset = p->layout->size;
    return __builtin_add_overflow(p->layout->size, p->layout->scratch_size, &p->layout->size)
               ? VCH_FAIL(LIMIT)
               : VCH_OK;
}

vch_status vch_layout_plan(struct vch_layout *out, const struct vch_graph *graph, uint32_t batch,
                           size_t scratch_size, struct vch_prepare *prepare)
{
    struct planner p = {graph, batch, out, NULL, 0};

    *out = (struct vch_layout){.scratch_size = scratch_size};
    out->offsets = VCH_PREPARE_NEW(prepare, size_t, graph->value_count);
    out->roots = VCH_PREPARE_NEW(prepare, uint32_t, graph->value_count);
    out->last_uses = VCH_PREPARE_NEW(prepare, uint32_t, graph->value_count);
    p.blocks = VCH_PREPARE_NEW(prepare, struct block, graph->operator_count + 1);
    if (out->offsets == NULL || out->roots == NULL || out->last_uses == NULL || p.blocks == NULL)
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < graph->value_count; i++)
        out->offsets[i] = VCH_LAYOUT_OUTSIDE;
    trace_lifetimes(&p);
    return place_all(&p);
}
