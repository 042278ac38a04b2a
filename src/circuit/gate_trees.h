// What the files of TREES share: every walk takes depth_max steps from its root, each a row of a
// table of nodes and one of a table of keys; whoever is at a leaf stays there.
#pragma once

#include "circuit/column.h"
#include "circuit/gate.h"

#define VCH_GATE_TREES_SPAN 0xffffffff // of keys; check: (2**31 - 1) - -2**31

// The columns of a node. Its code is 2 feature + nan_left.
enum vch_gate_trees_column {
    VCH_GATE_TREES_CODE,
    VCH_GATE_TREES_THRESHOLD,
    VCH_GATE_TREES_LEFT,
    VCH_GATE_TREES_RIGHT,
    VCH_GATE_TREES_COLUMNS
};

struct vch_gate_trees_table {
    uint32_t number;
    struct vch_grid grid;
    struct vch_expression entries[VCH_STATEMENT_ENTRIES_MAX];
};

struct vch_gate_trees {
    struct vch_builder *builder;
    const struct vch_gate *gate;
    uint32_t rows, features;           // of the operand
    uint32_t trees, targets;           // of the parameters
    uint32_t walks;                    // row by row, tree by tree
    struct vch_gate_trees_table nodes; // number of the node, then its columns
    struct vch_gate_trees_table keys;  // number of the row, code, key, whether a leaf has that code
};

// Fills in nodes and keys, with the relations that keys need.
void vch_gate_trees_tables(struct vch_gate_trees *trees);
// All walks: the row of leaves at the end of each.
struct vch_cells vch_gate_trees_walk(const struct vch_gate_trees *trees);
