// The statement that a proof is about: these operators of the model with this identity, run on the
// input behind one root, give the output behind another. specs/circuit.md is normative.
//
// Prover and verifier call the same functions with the same public arguments; hints are for the
// prover's witness.h alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "circuit/hint.h"
#include "crypto/hash.h"
#include "model/graph.h"
#include "model/tensor.h"
#include "proof/statement.h"

// Oracles of a run, in this order.
enum { VCH_CIRCUIT_ANNEX, VCH_CIRCUIT_INPUT, VCH_CIRCUIT_OUTPUT, VCH_CIRCUIT_WITNESS };

// What the statements about one annex have in common.
struct vch_circuit_model {
    const struct vch_graph *graph; // checked; no parameter needs to be held
    struct vch_digest identity;
    uint32_t log_columns;
    uint32_t held_count; // parameters in the annex's matrix, ascending
    const uint32_t *held;
};

struct vch_circuit_claim {
    struct vch_circuit_model model;
    struct vch_digest annex; // what identifies the annex; absorbed as it is
    struct vch_digest job;   // zero where there is none
    uint32_t first, last;    // operators; cuts at both ends are legal (model/segment.h)
    uint32_t batch;          // samples
    struct vch_digest annex_root, input_root, output_root;
};

struct vch_circuit {
    struct vch_statement statement; // sealed
    uint32_t witness_cells; // that mean something; the rest of the last row may hold anything
    uint32_t hint_count;
    const struct vch_hint *hints;
};

// UNSUPPORTED where an operator, or this instance of it, has no circuit; LIMIT where the statement
// is larger than proofs go; USAGE for a range or a batch that is none, or where the annex lacks a
// parameter. All of it is in the arena.
vch_status vch_circuit_build(struct vch_circuit *out, const struct vch_circuit_claim *claim,
                             struct vch_arena *arena, struct vch_complaint *complaint);

// Every parameter of the annex is within its range. Oracles: annex, witness.
vch_status vch_circuit_build_ranges(struct vch_circuit *out, const struct vch_circuit_model *model,
                                    const struct vch_digest *annex_root, struct vch_arena *arena,
                                    struct vch_complaint *complaint);
// Two matrices hold the same cells. Oracles: old annex, new annex, witness.
vch_status vch_circuit_build_link(struct vch_circuit *out, const struct vch_circuit_model *model,
                                  const struct vch_digest *old_root,
                                  const struct vch_digest *new_root, struct vch_arena *arena,
                                  struct vch_complaint *complaint);

// Values that enter and leave a range of operators, in the order of their cells: all ports of the
// graph at its ends, one value at a cut. UNSUPPORTED where the cut is not legal.
struct vch_circuit_ends {
    uint32_t input_count, output_count;
    uint32_t inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
};
vch_status vch_circuit_ends(struct vch_circuit_ends *out, const struct vch_graph *graph,
                            uint32_t first, uint32_t last, struct vch_arena *scratch);

// Cells of the annex's matrix, and of a boundary of these values; rows that they take.
uint64_t vch_circuit_annex_cells(const struct vch_circuit_model *model);
uint64_t vch_circuit_boundary_cells(const struct vch_graph *graph, const uint32_t *values,
                                    uint32_t count, uint32_t batch);
uint64_t vch_circuit_rows(uint64_t cells, uint32_t log_columns);

// Fills the cells, zeros up to whole rows included. Every held parameter has its data.
void vch_circuit_fill_annex(uint64_t *cells, const struct vch_circuit_model *model);
void vch_circuit_fill_boundary(uint64_t *cells, const struct vch_tensor *tensors, uint32_t count,
                               uint32_t batch, uint32_t log_columns);

#define VCH_CIRCUIT_SUGGEST_MIN 11u

// The columns with which proofs of the whole graph over `batch` samples are about smallest: for
// whoever makes an annex. `scratch` is rewound.
vch_status vch_circuit_suggest(uint32_t *log_columns, const struct vch_graph *graph, uint32_t batch,
                               struct vch_arena *scratch, struct vch_complaint *complaint);
