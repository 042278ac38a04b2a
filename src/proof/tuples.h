// The rows of a statement's tables, found by what they hold: for whoever counts look-ups.
#pragma once

#include "proof/expression.h"

#define VCH_TUPLES_WIDTH (VCH_STATEMENT_ENTRIES_MAX + 1) // the table's number, then the entries

struct vch_tuples {
    uint32_t count, mask;
    uint64_t (*rows)[VCH_TUPLES_WIDTH]; // unused entries are 0
    uint32_t *slots;                    // a hash table: the number of a row plus 1, or 0
};

// All rows of all tables, in the order of their places. Of equal rows, only the first is found.
vch_status vch_tuples_collect(struct vch_tuples *tuples, const struct vch_statement *statement,
                              const struct vch_expression_source *source, struct vch_arena *arena);

// The number of the first row like `tuple`, or tuples->count.
uint32_t vch_tuples_find(const struct vch_tuples *tuples, const uint64_t *tuple);

// out[i] = the tuples of rows [first, first + count) of a section, lane by lane.
vch_status vch_tuples_read(uint64_t (*out)[VCH_TUPLES_WIDTH], const struct vch_section *section,
                           uint32_t first, uint32_t count,
                           const struct vch_expression_source *source, struct vch_arena *arena);
