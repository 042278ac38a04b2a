// Which numbers lie in which cells of the matrices that others make: annex and boundaries.
#include <string.h>

#include "base/check.h"
#include "circuit/circuit.h"
#include "field/field.h"
#include "model/segment.h"

static vch_status ends_of_ports(uint32_t *values, uint32_t *count, const struct vch_port *ports,
                                uint32_t port_count)
{
    VCH_ASSERT(port_count <= VCH_GRAPH_PORTS_MAX);
    for (uint32_t i = 0; i < port_count; i++)
        values[i] = ports[i].value;
    *count = port_count;
    return VCH_OK;
}

static vch_status end_of_cut(uint32_t *values, uint32_t *count, const struct vch_graph *graph,
                             uint32_t position, struct vch_arena *scratch)
{
    struct vch_cut cut;

    VCH_TRY(vch_segment_cut_at(&cut, graph, position, scratch));
    values[0] = cut.value;
    *count = 1;
    return VCH_OK;
}

vch_status vch_circuit_ends(struct vch_circuit_ends *out, const struct vch_graph *graph,
                            uint32_t first, uint32_t last, struct vch_arena *scratch)
{
    *out = (struct vch_circuit_ends){0};
    if (first >= last || last > graph->operator_count) return VCH_FAIL(USAGE);
    VCH_TRY(first == 0
                ? ends_of_ports(out->inputs, &out->input_count, graph->inputs, graph->input_count)
                : end_of_cut(out->inputs, &out->input_count, graph, first, scratch));
    return last == graph->operator_count
               ? ends_of_ports(out->outputs, &out->output_count, graph->outputs,
                               graph->output_count)
               : end_of_cut(out->outputs, &out->output_count, graph, last, scratch);
}

uint64_t vch_circuit_annex_cells(const struct vch_circuit_model *model)
{
    uint64_t cells = 0;

    for (uint32_t i = 0; i < model->held_count; i++)
        cells += vch_tensor_shape_count(&model->graph->parameters[model->held[i]].shape);
    return cells;
}

uint64_t vch_circuit_boundary_cells(const struct vch_graph *graph, const uint32_t *values,
                                    uint32_t count, uint32_t batch)
{
    uint64_t cells = 0;

    for (uint32_t i = 0; i < count; i++)
        cells += vch_tensor_shape_count(&graph->values[values[i]].shape);
    return cells * batch;
}

uint64_t vch_circuit_rows(uint64_t cells, uint32_t log_columns)
{
    const uint64_t columns = (uint64_t)1 << log_columns;
    const uint64_t rows = (cells + columns - 1) >> log_columns;

    return rows == 0 ? 1 : rows;
}

// Any int64 below p in magnitude; those beyond belong to no statement.
static uint64_t *fill(uint64_t *cells, enum vch_type type, const void *data, size_t first,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        cells[i] = vch_fp_from_i64(vch_tensor_load(type, data, first + i));
    return cells + count;
}

static void pad(uint64_t *cells, uint64_t used, uint32_t log_columns)
{
    const uint64_t whole = vch_circuit_rows(used, log_columns) << log_columns;

    memset(cells, 0, (whole - used) * sizeof *cells);
}

void vch_circuit_fill_annex(uint64_t *cells, const struct vch_circuit_model *model)
{
    uint64_t *next = cells;

    for (uint32_t i = 0; i < model->held_count; i++) {
        const struct vch_parameter *p = &model->graph->parameters[model->held[i]];
        VCH_ASSERT(p->data != NULL);
        next = fill(next, p->type, p->data, 0, vch_tensor_shape_count(&p->shape));
    }
    pad(next, (uint64_t)(next - cells), model->log_columns);
}

void vch_circuit_fill_boundary(uint64_t *cells, const struct vch_tensor *tensors, uint32_t count,
                               uint32_t batch, uint32_t log_columns)
{
    uint64_t *next = cells;

    for (uint32_t sample = 0; sample < batch; sample++)
        for (uint32_t i = 0; i < count; i++) {
            const size_t elements = vch_tensor_shape_count(&tensors[i].shape);
            next = fill(next, tensors[i].type, tensors[i].data, sample * elements, elements);
        }
    pad(next, (uint64_t)(next - cells), log_columns);
}
