// Claims that an operator gives another result, covered up as well as somebody can.
#pragma once

#include "field/field.h"
#include "harness/circuits.h"

static inline uint64_t *circuits_cell(struct circuits *c, uint32_t number)
{
    return &c->witness.cells[number];
}

// The output's cell of oracle 2 that belongs to an element.
static inline uint64_t *circuits_output_cell(struct circuits *c, uint32_t element)
{
    return circuits_cell(c, (uint32_t)vch_witness_first(&c->circuit.statement, VCH_CIRCUIT_OUTPUT) +
                                element);
}

static inline bool circuits_is_caught(struct circuits *c)
{
    circuits_cover_up(c);
    const vch_status status = circuits_check(c);
    CHECK(vch_is_ok(status) || status.code == VCH_CODE_BAD_PROOF);
    return !vch_is_ok(status);
}

// Claims that the last operator gives `value` for an element, in its own cell and the output's.
static inline bool circuits_claims(struct circuits *c, uint32_t element, int64_t value)
{
    const struct vch_graph *graph = c->claim.model.graph;
    const uint32_t number = circuits_value(c, graph->outputs[0].value) + element;
    const uint64_t before = *circuits_cell(c, number);

    *circuits_cell(c, number) = *circuits_output_cell(c, element) = vch_fp_from_i64(value);
    const bool caught = circuits_is_caught(c);
    *circuits_cell(c, number) = *circuits_output_cell(c, element) = before;
    CHECK(!circuits_is_caught(c));
    return caught;
}

static inline int64_t circuits_claimed(struct circuits *c, uint32_t element)
{
    return vch_fp_to_i64(*circuits_output_cell(c, element));
}
